"""Linear probes (Alain & Bengio 2016) of what the bundled language model holds of a text: weights stored by name.

What the model holds after a few of its layers, and no word of its vocabulary, is weighed: it costs a part of what a
likelihood does, and is fitted to the question that is asked of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["LinearProbe", "stored_probe"]


@dataclass(frozen=True, slots=True)
class LinearProbe:
    """A weight for each of the states' numbers, a bias, and how many layers the states are taken behind."""

    depth: int
    weights: Sequence[float]
    bias: float

    def __post_init__(self) -> None:
        if self.depth < 1 or not self.weights:
            raise ValueError(f"a probe must have a depth of 1 or more and weights, was: {self.depth}, {self.weights}")

    def logits(self, states: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The logit of each row of states, shape (rows, len(weights))."""
        import numpy as np

        found: npt.NDArray[np.float32] = states @ np.array(self.weights, dtype=np.float32) + np.float32(self.bias)
        return found

    def to_json(self, source: str) -> str:
        """As ``stored_probe`` reads it, with what it was fitted on; each weight to four digits."""
        weights = [float(f"{weight:.4g}") for weight in self.weights]
        return (
            json.dumps({"source": source, "depth": self.depth, "bias": round(self.bias, 4), "weights": weights}) + "\n"
        )


@cache
def stored_probe(name: str) -> LinearProbe:
    """The fitted probe of a name: ``answer``, does a text answer a question; ``support``, does evidence say a claim."""
    data = json.loads(resources.files("rag").joinpath(f"data/{name}-probe.json").read_text(encoding="ascii"))
    return LinearProbe(data["depth"], tuple(data["weights"]), data["bias"])
