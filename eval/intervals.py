"""How sure a figure is: 95 % intervals for means over dependent cases, proportions and differences.

Questions about the same passage succeed and fail together, so cases are resampled by cluster (the cluster bootstrap,
Davison & Hinkley 1997, section 3.8). Everything is seeded: same input, same interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

__all__ = [
    "Difference",
    "auroc_interval",
    "balanced_accuracy_interval",
    "bootstrap",
    "bootstrap_mean",
    "paired_difference",
    "wilson",
]

SAMPLES = 2000
_Z = 1.959963984540054  # the normal distribution's 97.5 % point


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of after - before with its 95 % interval; ``noise`` where the interval holds 0."""

    mean: float
    low: float
    high: float

    @property
    def noise(self) -> bool:
        """Whether the interval holds 0."""
        return self.low <= 0.0 <= self.high


def wilson(hits: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a proportion of ``n`` independent cases (Wilson 1927); (0, 1) without cases."""
    if n <= 0:
        return 0.0, 1.0
    if not 0 <= hits <= n:
        raise ValueError(f"hits must be 0 to {n}, was: {hits}")
    share, square = hits / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    # At 0 and n the bound is the proportion itself; rounding must not put it beside.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return low, 1.0 if hits == n else min(1.0, middle + half)


def bootstrap_mean(values: Sequence[float], clusters: Sequence[Hashable], seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of the mean of values from 0 to 1, cases of one cluster drawn together.

    Values that are all 0 or all 1 tell a bootstrap nothing; there it is Wilson's, each cluster counted as one case.
    Raises ``ValueError`` without values.
    """
    if not values:
        raise ValueError("values must not be empty, was: none")
    if min(values) == max(values) and values[0] in (0.0, 1.0):
        n = len(set(clusters))
        return wilson(values[0] * n, n)
    return _percentiles(_resampled_means(values, clusters, seed))


def paired_difference(
    before: Sequence[float], after: Sequence[float], clusters: Sequence[Hashable], seed: int = 0
) -> Difference:
    """How much the mean over the same cases changed, with its bootstrap interval, cases of one cluster drawn together.

    Raises ``ValueError`` when the two differ in length or are empty.
    """
    changes = [later - earlier for earlier, later in zip(before, after, strict=True)]
    if not changes:
        raise ValueError("values must not be empty, was: none")
    return Difference(sum(changes) / len(changes), *_percentiles(_resampled_means(changes, clusters, seed)))


def bootstrap(
    statistic: Callable[[Array], Array], clusters: Sequence[Hashable], seed: int = 0, samples: int = SAMPLES
) -> tuple[float, float]:
    """The 95 % interval of any statistic that takes case weights.

    ``statistic`` maps weights, float64 of shape (b, cases), to values of shape (b,); values that are not numbers (a
    sample without a needed kind of case) are left out. Raises ``ValueError`` when none is a number.
    """
    import numpy as np

    of_case, count = _numbered(clusters)
    draws = _draws(count, samples, seed)
    found = np.concatenate([statistic(part[:, of_case]) for part in np.array_split(draws, max(1, samples // 100))])
    found = found[np.isfinite(found)]
    if not len(found):
        raise ValueError("the statistic must be a number for some sample, was: for none")
    return _percentiles(found)


def balanced_accuracy_interval(
    labels: Sequence[bool], predictions: Sequence[bool], clusters: Sequence[Hashable], seed: int = 0
) -> tuple[float, float]:
    """The 95 % bootstrap interval of ``eval.metrics.balanced_accuracy``; of 0 or 1, as in ``bootstrap_mean``.

    Raises ``ValueError`` when one of the two labels does not occur.
    """
    import numpy as np

    truth = np.asarray(labels, dtype=bool)
    right = (truth == np.asarray(predictions, dtype=bool)).astype(np.float64)

    def statistic(weights: Array) -> Array:
        with np.errstate(invalid="ignore"):
            shares = [weights[:, kind] @ right[kind] / weights[:, kind].sum(axis=1) for kind in (truth, ~truth)]
        return np.asarray((shares[0] + shares[1]) / 2.0)

    return _never_certain(bootstrap(statistic, clusters, seed), labels, clusters)


def auroc_interval(
    labels: Sequence[bool], scores: Sequence[float], clusters: Sequence[Hashable], seed: int = 0
) -> tuple[float, float]:
    """The 95 % bootstrap interval of ``eval.metrics.auroc``; of 0 or 1, as in ``bootstrap_mean``.

    Raises ``ValueError`` when one of the two labels does not occur.
    """
    import numpy as np

    values = np.asarray(scores, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    true = np.asarray(labels, dtype=np.float64)[order]
    ties = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)  # where each run of equal scores begins

    def statistic(weights: Array) -> Array:
        wins = np.add.reduceat(weights[:, order] * true, ties, axis=1)
        losses = np.add.reduceat(weights[:, order] * (1.0 - true), ties, axis=1)
        below = np.cumsum(losses, axis=1) - losses / 2.0
        with np.errstate(invalid="ignore"):
            return np.asarray((wins * below).sum(axis=1) / (wins.sum(axis=1) * losses.sum(axis=1)))

    return _never_certain(bootstrap(statistic, clusters, seed), labels, clusters)


def _never_certain(
    bounds: tuple[float, float], labels: Sequence[bool], clusters: Sequence[Hashable]
) -> tuple[float, float]:
    """The bounds, or Wilson's over the clusters of the rarer label where all samples gave 0 or all gave 1."""
    if bounds not in ((0.0, 0.0), (1.0, 1.0)):
        return bounds
    pairs = list(zip(labels, clusters, strict=True))
    n = min(len({cluster for label, cluster in pairs if label == kind}) for kind in (True, False))
    return wilson(bounds[0] * n, n)


def _resampled_means(values: Sequence[float], clusters: Sequence[Hashable], seed: int) -> Array:
    import numpy as np

    of_case, count = _numbered(clusters)
    if len(of_case) != len(values):
        raise ValueError(f"clusters must be {len(values)}, one a value, was: {len(of_case)}")
    sums = np.bincount(of_case, weights=np.asarray(values, dtype=np.float64), minlength=count)
    sizes = np.bincount(of_case, minlength=count).astype(np.float64)
    draws = _draws(count, SAMPLES, seed)
    return np.asarray((draws @ sums) / (draws @ sizes))


def _numbered(clusters: Sequence[Hashable]) -> tuple[npt.NDArray[np.int64], int]:
    """The number of each case's cluster, in order of appearance, and how many clusters there are."""
    import numpy as np

    numbers: dict[Hashable, int] = {}
    of_case = [numbers.setdefault(cluster, len(numbers)) for cluster in clusters]
    return np.asarray(of_case, dtype=np.int64), len(numbers)


def _draws(count: int, samples: int, seed: int) -> Array:
    """How often each of ``count`` clusters was drawn in each sample, shape (samples, count)."""
    import numpy as np

    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), size=samples)
    return drawn.astype(np.float64)


def _percentiles(values: Array) -> tuple[float, float]:
    import numpy as np

    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
