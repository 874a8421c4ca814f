"""The error tree of the whole product, as ``index.errors`` draws and defines it."""

from index import errors
from index.errors import *  # noqa: F403
from index.errors import __all__ as __all__

__doc__ = errors.__doc__
