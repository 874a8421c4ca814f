"""``offline``: the product's own check of a sentence against its passages (``rag.verify``): no network, no key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from eval.scorers import Judgement

if TYPE_CHECKING:
    from rag.verify import Support, Verifier

__all__ = ["OfflineScorer", "load"]

_UNJUDGED = "language"  # the reason the verifier gives for a language it cannot judge
_PARTS = ("support.json", "polarity.json")


class _Checks(Protocol):
    def support(self, claim: str, evidence: Sequence[str], claim_language: str, evidence_language: str) -> Support: ...


class OfflineScorer:
    """Scores with a verifier, by default one over the bundled embedding model."""

    name = "offline"

    def __init__(self, verifier: _Checks | None = None) -> None:
        if verifier is not None:
            self.__dict__["_verifier"] = verifier

    @cached_property
    def _verifier(self) -> Verifier:
        from index.embed import EmbeddingSettings, load_embeddings
        from rag.verify import Verifier

        return Verifier(load_embeddings(EmbeddingSettings()))

    @cached_property
    def revision(self) -> str:
        """A checksum of the fitted weights and word lists."""
        digest = hashlib.sha256()
        for name in _PARTS:
            digest.update(resources.files("rag").joinpath("data", name).read_bytes())
        return digest.hexdigest()[:12]

    @property
    def threshold(self) -> float:
        """See ``rag.verify``."""
        from rag.verify import THRESHOLD

        return THRESHOLD

    @cached_property
    def calibration(self) -> Mapping[str, Any]:
        """The figures kept with the weights, as they were measured when these were fitted."""
        stored = json.loads(resources.files("rag").joinpath("data/support.json").read_text(encoding="utf-8"))
        figures = stored.get("calibration", {})
        return figures if isinstance(figures, dict) else {}

    def judge(self, claim: str, evidence: Sequence[str], claim_language: str, evidence_language: str) -> Judgement:
        """Whether the passages support the claim; not scored in a language the verifier cannot judge."""
        found = self._verifier.support(claim, list(evidence), claim_language, evidence_language)
        if found.reason == _UNJUDGED:
            return Judgement(None, None, "not scored: this scorer judges Chinese and English")
        return Judgement(found.score, found.supported, found.reason)


def load(model: str = "") -> OfflineScorer:
    """The scorer, nothing loaded yet."""
    return OfflineScorer()
