"""Linear scores fitted by the listwise softmax loss: the right candidates should outweigh all others of their question
(Cao et al. 2007, ListNet with one relevant class)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Question", "fit"]


@dataclass(frozen=True, slots=True)
class Question:
    """The candidates of one question: ``features`` float (n, k), ``group`` int (n,) which weights score each candidate,
    ``right`` bool (n,), at least one of them true."""

    features: npt.NDArray[np.float64]
    group: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_]


def fit(questions: Sequence[Question], groups: int, penalty: float = 1e-3) -> tuple[npt.NDArray[np.float64], float]:
    """Weights, float64 (groups, k), that minimise the mean loss plus ``penalty`` times their square; and the loss.

    Features should be of about unit size. Deterministic.
    """
    import torch

    rows = [tuple(torch.from_numpy(part) for part in (q.features, q.group, q.right)) for q in questions]
    weights = torch.zeros(groups, questions[0].features.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=500, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for features, group, right in rows:
            scores = (features * weights[group]).sum(1)
            total = total + torch.logsumexp(scores, 0) - torch.logsumexp(scores[right], 0)
        return total / len(rows) + penalty * (weights**2).sum()

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    optimiser.step(step)
    return weights.detach().numpy(), float(loss().detach())
