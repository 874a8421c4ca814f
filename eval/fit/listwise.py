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


def fit(
    questions: Sequence[Question], groups: int, penalty: float = 1e-3, apart: float | None = None
) -> tuple[npt.NDArray[np.float64], float]:
    """Weights, float64 of shape (groups, k), that minimise the mean loss plus ``penalty`` times their square; the loss.

    With ``apart``, groups share their weights, and what one has of its own is held down by that penalty: for groups of
    few questions. Features should be of about unit size. Deterministic.
    """
    import torch

    rows = [tuple(torch.from_numpy(part) for part in (q.features, q.group, q.right)) for q in questions]
    size = questions[0].features.shape[1]
    shared = torch.zeros(size, dtype=torch.float64, requires_grad=apart is not None)
    own = torch.zeros(groups, size, dtype=torch.float64, requires_grad=True)
    parameters = [own] if apart is None else [own, shared]
    optimiser = torch.optim.LBFGS(parameters, max_iter=500, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        total = torch.zeros((), dtype=torch.float64)
        weights = own + shared
        for features, group, right in rows:
            scores = (features * weights[group]).sum(1)
            total = total + torch.logsumexp(scores, 0) - torch.logsumexp(scores[right], 0)
        held = penalty * (shared**2).sum() + (penalty if apart is None else apart) * (own**2).sum()
        return total / len(rows) + held

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    optimiser.step(step)
    return (own + shared).detach().numpy(), float(loss().detach())
