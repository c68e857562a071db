"""One boosting round: from a callback's arguments to weighted gradients and Hessians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from boostobj._arrays import check_weights, weighted_quantile
from boostobj._typing import Array, ArrayLike, NumpyArray
from boostobj.base import Loss, Sample
from boostobj.engine.adapter import Adapter
from boostobj.engine.batch import Batch, read_call
from boostobj.engine.parallel import for_each_chunk, get_num_threads
from boostobj.groups import GroupLoss, check_group

#: The engines' own floor for a Hessian.
HESSIAN_FLOOR = 1e-16

#: XGBoost drops splits that gain less than 1e-6 in absolute terms. The squared gradient over the
#: Hessian of a row, about the gain of a split that follows noise, is kept at a tenth of that, so
#: that small targets lose only such splits.
GAIN_FLOOR = 1e-7

#: What gradients, Hessians and their factor may be at most: float32 holds them with any weight,
#: and exponential losses exceed it where a model has diverged.
LARGEST = 1e30


#: Rows that a scale is read off.
SCALE_ROWS = 1 << 16


class RoundSample(Sample):
    """The rows of one round with their weights, on threads, and those of all workers."""

    def __init__(
        self,
        y: NumpyArray,
        raw: NumpyArray,
        weight: NumpyArray | None,
        adapter: Adapter,
        n_threads: int,
    ) -> None:
        super().__init__(y, raw)
        self.weight = weight
        self.adapter = adapter
        self.n_threads = n_threads
        #: The weight of the rows of this worker.
        self.here = float(len(y)) if weight is None else float(np.sum(weight, dtype=np.float64))

    def count(self) -> float:
        """The number of rows; one of weight two is two."""
        return float(self.adapter.sum_over_workers(np.asarray([self.here]))[0])

    def thinned(self) -> RoundSample:
        """Every so many rows: a scale needs no more, and takes as long as a tree from a million."""
        some = np.s_[:: -(-len(self.y) // SCALE_ROWS)]
        weight = None if self.weight is None else self.weight[some]
        return RoundSample(self.y[some], self.raw[some], weight, self.adapter, self.n_threads)

    def mean(self, function: Callable[[Array, Array], Array]) -> Any:
        """Weighted mean over all rows of ``function(y, raw)``, by column if there are several."""
        return self.mean_of(function, self.y, self.raw)

    def mean_of(self, function: Callable[..., Array], *inputs: NumpyArray) -> Any:
        """Weighted mean over all rows of a function of other columns."""
        columns = function(*(x[:1] for x in inputs)).shape[1:]
        values = np.empty((len(inputs[0]), *columns), inputs[0].dtype)
        if self.weight is None:
            for_each_chunk(lambda *x: (function(*x),), inputs, (values,), self.n_threads)
        else:
            for_each_chunk(
                lambda w, *x: ((function(*x).T * w).T,),
                (self.weight, *inputs),
                (values,),
                self.n_threads,
            )
        sums = np.append(np.sum(values, axis=0, dtype=np.float64), self.here)
        sums = self.adapter.sum_over_workers(sums)
        return sums[:-1] / sums[-1] if columns else float(sums[0] / sums[1])

    def quantile(self, function: Callable[[Array, Array], Array], quantile: float) -> float:
        """Weighted quantile over all rows of ``function(y, raw)``."""
        values = self.adapter.from_all_workers(function(self.y, self.raw))
        weight = None if self.weight is None else self.adapter.from_all_workers(self.weight)
        return weighted_quantile(values, quantile, weight)


def objective(
    loss: Loss, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None, group: Any = ...
) -> tuple[NumpyArray, NumpyArray]:
    """Answer an engine's call for gradients.

    Regression losses are scaled to unit curvature: one positive factor a round makes the weighted
    mean Hessian one, which moves no minimiser, and lets ``min_child_weight``, ``lambda`` and
    ``min_sum_hessian_in_leaf`` count rows as they do under squared error. The factor is larger
    for targets so small that XGBoost would find no split worth its absolute threshold.

    Parameters
    ----------
    loss : Loss
        The loss.
    y_true, y_pred, sample_weight, group
        The callback's arguments, see `boostobj.engine.batch`.

    Returns
    -------
    gradient, hessian : ndarray of float32, of the shape of the margins
        Weighted.

    Raises
    ------
    ValueError
        If shapes do not fit, targets or weights are outside their domain, or a margin is so
        large, or not a number, that the loss has no finite gradient.
    """
    return derivatives(loss, read_call(y_true, y_pred, sample_weight, group))


def derivatives(loss: Loss, batch: Batch) -> tuple[NumpyArray, NumpyArray]:
    """`objective` for a call that has been read already."""
    y, raw = loss._checked(batch.y_true, batch.raw)
    weight = check_weights(batch.sample_weight, raw.shape[0])
    n_threads = get_num_threads(batch.n_threads)
    # Both engines compute in float32 from here on, and keep the memory order of the margins.
    gradient = np.empty_like(raw, dtype=np.float32)
    hessian = np.empty_like(raw, dtype=np.float32)
    if raw.ndim == 1 or loss.joint_outputs:
        columns: list[Any] = [...]
    else:
        columns = [np.s_[:, j] for j in range(raw.shape[1])]
    for column in columns:
        sample = RoundSample(y[column], raw[column], weight, batch.adapter, n_threads)
        _evaluate(loss, sample, gradient[column], hessian[column], batch.group)
    return gradient, hessian


def _evaluate(
    loss: Loss,
    sample: RoundSample,
    gradient: NumpyArray,
    hessian: NumpyArray,
    group: NumpyArray | None,
) -> None:
    """Fill `gradient` and `hessian` in place."""
    inputs = (sample.y, sample.raw)
    adapted = loss._adapted(sample)

    boosting = loss._boosting(sample)

    def bounded(y: NumpyArray, raw: NumpyArray) -> tuple[NumpyArray, NumpyArray]:
        g, h = boosting(y, raw)
        return np.clip(g, -LARGEST, LARGEST), np.minimum(h, LARGEST)

    if isinstance(adapted, GroupLoss):
        # No group is cut into chunks.
        sizes = check_group(group, len(gradient))
        gradient[...], hessian[...] = adapted._round_derivatives(*inputs, sizes)
    else:
        for_each_chunk(bounded, inputs, (gradient, hessian), sample.n_threads)
    for name, x in (("gradient", gradient), ("Hessian", hessian)):
        if not np.isfinite(np.sum(x, dtype=np.float64)):
            bad = ~np.isfinite(x)
            raise ValueError(
                f"{loss!r}: raw_prediction {sample.raw[bad][0]!s} gives a {name} that is not "
                f"finite ({np.count_nonzero(bad)} of {bad.size} values)"
            )
    factor = np.float32(
        _unit_factor(adapted, sample, gradient, hessian) if loss.unit_curvature else 1
    )
    stretch = sample.adapter.coupling(hessian.shape[1]) if loss.coupled_outputs else 1.0

    def finish(g: NumpyArray, h: NumpyArray, *w: NumpyArray) -> tuple[NumpyArray, NumpyArray]:
        h = np.maximum(h * (factor * np.float32(stretch)), np.float32(HESSIAN_FLOOR))
        g = g * factor
        if w:
            column = w[0] if g.ndim == 1 else w[0][:, None]
            g, h = g * column, h * column
        return g, h

    weights = () if sample.weight is None else (sample.weight,)
    for_each_chunk(finish, (gradient, hessian, *weights), (gradient, hessian), sample.n_threads)


def _unit_factor(loss: Loss, sample: RoundSample, gradient: NumpyArray, hessian: NumpyArray) -> Any:
    """The factor that makes the mean Hessian one, or more if gains would be too small.

    Each of several outputs gets its own, so that all of them count rows.
    """
    # An exact Hessian may vanish in every row, and then grows no tree.
    curvature = np.maximum(sample.mean_of(np.positive, hessian), HESSIAN_FLOOR)
    slope = sample.mean_of(np.abs, gradient)
    if not np.any(slope) and not isinstance(loss, GroupLoss):
        _check_flat(loss, sample)
    gain = (slope / curvature) ** 2
    stretch = np.where(gain > 0, GAIN_FLOOR / np.clip(gain, 1e-300, GAIN_FLOOR), 1.0)
    return np.minimum(stretch / curvature, LARGEST)


def _check_flat(loss: Loss, sample: RoundSample) -> None:
    """Refuse a round without gradients, unless some row is at its minimum."""
    if np.any(sample.mean(lambda y, raw: loss._pointwise_value(y, raw) <= 0)):
        return
    raise ValueError(
        f"{loss!r}: the gradient of every row is zero, as raw_prediction is so far from y_true "
        "that the loss is flat; start from boostobj.base_score or boostobj.init_scores"
    )
