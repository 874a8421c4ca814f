"""``offline``: the product's own check of a sentence against its passages (``rag.verify``): no network, no key.

The language model takes part where it is installed, and is loaded only for claims that do not stand in their passages
word for word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from eval.marks import checksum
from eval.scorers import Judgement
from index.rules import checksums, indexing_code

if TYPE_CHECKING:
    from rag.verify import Support

__all__ = ["OfflineScorer", "load"]

_UNJUDGED = "language"  # the reason the verifier gives for a language it cannot judge


class _Checks(Protocol):
    @property
    def profile(self) -> str: ...

    def support(self, claim: str, evidence: Sequence[str], claim_language: str, evidence_language: str) -> Support: ...


class OfflineScorer:
    """Scores with a verifier, by default one over the bundled models that are installed."""

    name = "offline"

    def __init__(self, verifier: _Checks | None = None) -> None:
        if verifier is not None:
            self.__dict__["_verifier"] = verifier

    @cached_property
    def _verifier(self) -> _Checks:
        from rag.verify.bundled import bundled_verifier

        return bundled_verifier()

    @property
    def profile(self) -> str:
        """What takes part: see ``rag.verify.weights.PROFILES``."""
        return self._verifier.profile

    @cached_property
    def revision(self) -> str:
        """A checksum of the profile's weights, the word lists, and the code that judges."""
        import rag.verify
        from rag.verify.weights import fitted_profiles

        package = resources.files("rag")
        read = ["data/polarity.json", "cite.py"]
        if self.profile == "probe":
            read += ["data/support-probe.json", "linear_probe.py", "language_model.py", "gemma.py"]
        texts = [package.joinpath(name).read_text(encoding="utf-8") for name in read]
        code = checksums(Path(rag.verify.__path__[0]), (".py",))
        return checksum([self.profile, fitted_profiles()[self.profile], texts, code, indexing_code()])[:12]

    @property
    def threshold(self) -> float:
        """See ``rag.verify``."""
        from rag.verify import THRESHOLD

        return THRESHOLD

    @cached_property
    def calibration(self) -> Mapping[str, Any]:
        """The figures kept with the profile's weights, as they were measured when these were fitted."""
        from rag.verify.weights import calibration

        figures = calibration(self.profile)
        return {"profile": self.profile, **figures} if figures else {}

    def judge(self, claim: str, evidence: Sequence[str], claim_language: str, evidence_language: str) -> Judgement:
        """Whether the passages support the claim; not scored in a language the verifier cannot judge."""
        found = self._verifier.support(claim, list(evidence), claim_language, evidence_language)
        if found.reason == _UNJUDGED:
            return Judgement(None, None, "not scored: this scorer judges Chinese and English")
        return Judgement(found.score, found.supported, found.reason)


def load(model: str = "") -> OfflineScorer:
    """The scorer, nothing loaded yet."""
    return OfflineScorer()
