"""A linear model of many numbers by any loss: the fit that the probes of ``rag.linear_probe`` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

__all__ = ["fit_linear"]


def fit_linear(
    states: npt.NDArray[np.float32], loss: Callable[[torch.Tensor], torch.Tensor], penalty: float, rounds: int
) -> tuple[npt.NDArray[np.float32], float, float]:
    """Weights of shape (k,) and a bias for states of shape (rows, k), by which ``loss`` of the rows' scores is least
    within so many rounds; and that loss. Each of the k is held down by ``penalty`` as if all were equally spread.
    Deterministic."""
    import torch

    mean, spread = states.mean(axis=0), states.std(axis=0) + 1e-6
    inputs = torch.from_numpy((states - mean) / spread)
    weights = torch.zeros(inputs.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=rounds, line_search_fn="strong_wolfe")

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss(inputs @ weights + bias) + penalty * weights.square().sum()
        value.backward()
        return value

    optimiser.step(step)
    plain = weights.detach().numpy() / spread
    least = loss(inputs @ weights + bias)
    return plain, float(bias.detach()) - float(mean @ plain), float(least.detach())
