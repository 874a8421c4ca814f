"""The error tree, re-exported: see ``index.errors`` for the drawing."""

from index.errors import *  # noqa: F403
from index.errors import __all__ as __all__
