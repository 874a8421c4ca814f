"""The chat page in the browser: views over the knowledge base, without logic of their own."""

from rag.app.page import build
from rag.app.server import application, launch

__all__ = ["application", "build", "launch"]
