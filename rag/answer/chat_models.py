"""Chat models by name, as LangChain's ``init_chat_model`` takes them, with our time limit and retries."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, MissingExtraError, ModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.config import AnswerSettings

__all__ = ["load_chat_model"]

# The providers we name ourselves: what they need, and how their parts of LangChain call things.
_PACKAGES = {
    "openai": "langchain-openai",
    "ollama": "langchain-ollama",
    "deepseek": "langchain-deepseek",
    "huggingface": "langchain-huggingface",
}
_KEYS = {"openai": "OPENAI_API_KEY", "deepseek": "DEEPSEEK_API_KEY"}
_MOST_TOKENS = 1024


def load_chat_model(settings: AnswerSettings) -> BaseChatModel:
    """The chat model of ``settings.model``: ``openai:NAME`` (any compatible server by ``base_url``), ``ollama:NAME``,
    ``deepseek:NAME``, ``huggingface:NAME`` (run here by transformers), or another provider LangChain knows.

    No request is sent yet. Raises ``MissingExtraError`` naming the ``pip`` line, or ``ConfigError``.
    """
    provider, _, name = settings.model.partition(":")
    if not provider or not name:
        raise ConfigError(
            f"answer.model must be provider:name such as openai:gpt-5-mini or ollama:qwen3, was: {settings.model!r}"
        )
    package = _PACKAGES.get(provider)
    if package and importlib.util.find_spec(package.replace("-", "_")) is None:
        raise MissingExtraError(f"answer.model {settings.model!r} needs {package}: pip install {package}")
    from langchain.chat_models import init_chat_model

    try:
        model: BaseChatModel = init_chat_model(name, model_provider=provider, **_arguments(provider, settings))
    except ImportError as error:
        raise MissingExtraError(f"answer.model {settings.model!r}: {_first_line(error)}") from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"answer.model {settings.model!r} cannot be used: {_first_line(error)}") from error
    except OSError as error:
        raise ModelError(f"answer.model {settings.model!r} cannot be read: {_first_line(error)}") from error
    return model


def _arguments(provider: str, settings: AnswerSettings) -> dict[str, Any]:
    """What the provider's part of LangChain is called with."""
    if provider == "huggingface":
        length = {"max_new_tokens": _MOST_TOKENS, "return_full_text": False, "do_sample": settings.temperature > 0}
        return {"task": "text-generation", "pipeline_kwargs": length}
    arguments: dict[str, Any] = {"temperature": settings.temperature}
    if provider == "ollama":
        arguments |= {"client_kwargs": {"timeout": settings.timeout}, "num_predict": _MOST_TOKENS}
    else:
        arguments |= {"timeout": settings.timeout, "max_retries": settings.retries, "max_tokens": _MOST_TOKENS}
    if settings.base_url:
        arguments["base_url"] = settings.base_url
    key = _KEYS.get(provider)
    if key and not os.environ.get(key):
        if not settings.base_url:
            raise ConfigError(
                f"answer.model {settings.model!r} needs a key: set {key}, or answer.base_url of your server"
            )
        # A server of one's own needs no key, but the client insists on one.
        arguments["api_key"] = "none"
    return arguments


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]
