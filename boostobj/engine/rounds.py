"""One boosting round: from a callback's arguments to weighted gradients and Hessians."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from boostobj._arrays import title
from boostobj._checks import check_weights
from boostobj._domains import Interval
from boostobj._loss import Derivatives, two_arrays
from boostobj._parallel import each_chunk, rows_of
from boostobj._sample import SAMPLE_ROWS
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss, ResidualLoss, Sample
from boostobj.engine.adapter import Adapter
from boostobj.engine.batch import Batch, read_call
from boostobj.groups import GroupLoss, check_group
from boostobj.links import Identity

#: The engines' own floor for a Hessian.
HESSIAN_FLOOR = 1e-16

#: What stands for a gradient or Hessian that float32 cannot hold, as those of exponential losses
#: where a model has diverged.
LARGEST = 1e30

#: The largest mean Hessian: there is room in float32 for those of single rows.
LARGEST_MEAN = 1e33


def objective(
    loss: Loss, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None, group: Any = ...
) -> tuple[NumpyArray, NumpyArray]:
    """Answer an engine's call for gradients.

    Regression losses are scaled to unit curvature: one positive factor a round, which moves no
    minimiser, makes the mean Hessian about one, so that ``min_child_weight``, ``lambda`` and
    ``min_sum_hessian_in_leaf`` count rows as they do under squared error. The mean is
    ``mean(h)/sqrt(mean(h**2))``, one if Hessians are all the same. Where they are not, the loss
    hangs on fewer rows, the square of that share of them (Kish's effective sample size): with a
    mean of one, a single row of the rarer side of an extreme quantile could have a leaf of its own,
    and with that square, a ``min_child_weight`` of 10 would ask for more than sixty of the others.
    On forty sets and levels (``examples/benchmarks/curvature.py``, XGBoost 3.2) the held-out
    pinball loss over the built-in's is 0.963, 0.964 and 0.965 for the three, stopped early, and
    0.993, 0.965 and 0.942 after 150 rounds. For XGBoost the factor is larger if targets are so
    small that no split would be worth its absolute threshold.

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

    References
    ----------
    Kish (1965). Survey sampling. Wiley.
    """
    return derivatives(loss, read_call(y_true, y_pred, sample_weight, group))


def derivatives(
    loss: Loss, batch: Batch, mean_hessian: float = 1.0
) -> tuple[NumpyArray, NumpyArray]:
    """`objective` for a call that has been read already.

    Parameters
    ----------
    loss : Loss
        The loss.
    batch : Batch
        What the engine passed.
    mean_hessian : float, default=1.0
        What regression losses are scaled to, where Hessians are all the same.

    Returns
    -------
    gradient, hessian : ndarray of float32, of the shape of the margins
        Weighted.
    """
    y, raw = loss._checked(batch.y_true, batch.raw)
    # a worker among others may have no rows that count
    weight = check_weights(batch.sample_weight, raw.shape[0], some_count=batch.adapter.is_alone())
    Interval().check(raw, "raw_prediction", title(loss))
    in_unit_of_target = loss.unit_curvature or loss.link == Identity()
    if not in_unit_of_target and len(raw) > SAMPLE_ROWS:
        # Where rows are many, LightGBM's double precision takes twice as long. Only margins in the
        # target's unit, which may lie far from zero, need it.
        raw = _in_single(raw)
    # Both engines compute in float32 from here on, and keep the memory order of the margins.
    gradient = np.empty_like(raw, dtype=np.float32)
    hessian = np.empty_like(raw, dtype=np.float32)
    if raw.ndim == 1 or loss.joint_outputs:
        columns: list[Any] = [...]
    else:
        columns = [np.s_[:, j] for j in range(raw.shape[1])]
    for column in columns:
        outputs = gradient[column], hessian[column]
        _evaluate(loss, y[column], raw[column], weight, batch, mean_hessian, outputs)
    return gradient, hessian


def _evaluate(
    loss: Loss,
    y: NumpyArray,
    raw: NumpyArray,
    weight: NumpyArray | None,
    batch: Batch,
    mean_hessian: float,
    outputs: tuple[NumpyArray, NumpyArray],
) -> None:
    """Fill `outputs`, gradient and Hessian, in place."""
    sample = Sample(y, raw, weight, batch.adapter)
    if isinstance(loss, GroupLoss):
        sizes = check_group(batch.group, len(raw))
        function: Any = partial(two_arrays, partial(loss._round_derivatives, sizes=sizes))
    else:
        function = partial(two_arrays, _boosting(loss, sample))
    # Groups are not cut into chunks, and a round of few rows is evaluated once, in the memory
    # order of a chunk.
    at_once = isinstance(loss, GroupLoss) or sample.is_complete
    found = function(*rows_of((y, raw))) if at_once else None
    factor: Any = 1.0
    if loss.unit_curvature:
        seen = [sample.of(x) for x in found] if found else function(sample.y, sample.raw)
        _check_curvature(loss, sample, *seen)
        factor, mean_hessian = _unit_factor(loss, seen, sample, batch.adapter, mean_hessian)
    coupling = batch.adapter.coupling(raw.shape[1]) if loss.coupled_outputs else 1.0
    factors = factor, factor * coupling
    least = np.maximum(HESSIAN_FLOOR, loss._least_worth * np.asarray(mean_hessian))

    def fill(rows: slice) -> tuple[bool, bool]:
        """Write some rows, and tell whether they are finite, and whether any pulls."""
        derivatives = rows_of(found, rows) if found else function(*rows_of((y, raw), rows))
        parts = [out[rows] for out in outputs]
        _write(derivatives, factors, least, None if weight is None else weight[rows], parts)
        pull = parts[0][:1].any() or parts[0].any()  # mostly, one row tells
        return all(np.isfinite(part).all() for part in parts), bool(pull)

    finite, pulls = np.reshape(each_chunk(fill, (y, raw), batch.n_threads), (-1, 2)).T
    if not finite.all():
        for name, x in zip(("gradient", "Hessian"), outputs, strict=True):
            if weight is not None:
                x[weight == 0] = 0  # of infinity as well
            _check_numbers(loss, y, raw, name, x)
            np.clip(x, -LARGEST, LARGEST, out=x)
    if not pulls.any() and sample.is_alone:
        _check_flat(loss, y, raw, weight)
    if loss.unit_curvature and not (sample.is_complete and sample.is_alone):
        _correct_mean(outputs, sample, mean_hessian)


def _write(
    derivatives: Sequence[NumpyArray],
    factors: tuple[Any, Any],
    least: NumpyArray,
    weight: NumpyArray | None,
    outputs: Sequence[NumpyArray],
) -> None:
    """Put gradients and Hessians, times factors and weights, into `outputs`.

    Before weights, a Hessian is at least `least`.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # the caller deals with infinities
        for x, factor, out in zip(derivatives, factors, outputs, strict=True):
            # of the precision of `x`, but no integer
            exact = np.asarray(factor, np.result_type(x, np.float32))
            _multiply(x, exact, out)
        hessian = outputs[1]
        np.clip(hessian, least.astype(np.float32), np.finfo(np.float32).max, out=hessian)
        if weight is not None:
            column = weight if hessian.ndim == 1 else weight[:, None]
            for out in outputs:
                np.multiply(out, column, out=out, casting="same_kind")


def _check_numbers(loss: Loss, y: NumpyArray, raw: NumpyArray, name: str, x: NumpyArray) -> None:
    """Refuse NaN."""
    bad = np.isnan(x)
    if np.any(bad):
        row = int(np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))[0])
        raise ValueError(
            f"{loss!r}: y_true {y[row]!s} and raw_prediction {raw[row]!s} give a {name} that is "
            f"not finite ({np.count_nonzero(bad)} of {bad.size} values)"
        )


def _check_curvature(loss: Loss, sample: Sample, gradient: NumpyArray, hessian: NumpyArray) -> None:
    """Refuse what no factor can mend: NaN, and a Hessian below zero, which asks for no step."""
    lowest = np.min(hessian, initial=0.0)
    if lowest < -1e-6 * np.max(hessian, initial=0.0):  # a difference may be that by rounding
        row = int(np.argmin(hessian.reshape(len(hessian), -1).min(axis=1)))
        raise ValueError(
            f"{loss!r}: y_true {sample.y[row]!s} and raw_prediction {sample.raw[row]!s} give a "
            f"Hessian of {lowest:.6g}, it must not be negative; take a positive stand-in, such as "
            "gradient / r where the loss is the same either side of zero"
        )
    if np.isnan(lowest) or np.isnan(np.max(gradient, initial=0.0)):
        for name, x in (("gradient", gradient), ("Hessian", hessian)):
            _check_numbers(loss, sample.y, sample.raw, name, x)


def _boosting(loss: Loss, sample: Sample) -> Derivatives:
    """What a booster gets in the round of `sample`, of residuals in single precision."""
    if not isinstance(loss, ResidualLoss):
        return loss._boosting(sample)
    softened = loss._adapted(sample)._softened(sample)
    # rounding after the subtraction loses nothing that a float32 gradient could hold
    return lambda y, raw: softened(_in_single(raw - y))


def _in_single(x: NumpyArray) -> NumpyArray:
    """`x` in float32, as large as that gets."""
    if x.dtype == np.float32:
        return x
    largest = np.finfo(np.float32).max
    with np.errstate(over="ignore"):
        return np.clip(x.astype(np.float32), -largest, largest)


def _unit_factor(
    loss: Loss,
    derivatives: Sequence[NumpyArray],
    sample: Sample,
    adapter: Adapter,
    mean_hessian: float,
) -> tuple[Any, Any]:
    """The factor that makes a row of average worth have `mean_hessian`, and the mean it makes.

    The mean is larger if gains would be too small for the engine. Each of several outputs gets
    its own, so that all of them count rows.
    """
    gradient, hessian = derivatives

    def of_output(curvature: float, spread: float, size: float) -> tuple[float, float]:
        # An exact Hessian may vanish in every row, and then grows no tree. That of a relative error
        # is as small as the targets are large.
        mean = loss._mean_worth(curvature, spread) * mean_hessian
        curvature = max(curvature, 1e-100)
        step = size / curvature
        if step > 0:
            # the gain of a split that follows noise is about the mean times the squared step
            mean = max(mean, (adapter.least_gain**0.5 / max(step, 1e-150)) ** 2)
        # no gradient beyond `LARGEST` on average, nor a factor beyond float32
        factor = min(min(mean, LARGEST_MEAN) / curvature, LARGEST / max(size, 1e-8))
        return factor, max(factor * curvature, HESSIAN_FLOOR)

    curvatures = sample.average(hessian)
    # whose squares are neither huge nor tiny
    unit = np.where((curvatures > 0) & np.isfinite(curvatures), curvatures, 1.0)
    relative = hessian.astype(np.float64) / unit
    seen = curvatures, sample.average(np.square(relative)), sample.average(np.abs(gradient))
    if hessian.ndim == 1:
        return of_output(*seen)
    return tuple(np.transpose([of_output(*output) for output in np.transpose(seen)]))


def _correct_mean(outputs: Sequence[NumpyArray], sample: Sample, mean_hessian: Any) -> None:
    """Bring the mean Hessian of all rows, of which a sample knows little in long tails, to this."""
    hessian = outputs[1]
    # NumPy adds up a column in pairs, but an axis of several one by one, which float32 cannot do
    # beyond 2**24 rows
    sums = [np.sum(column) for column in np.atleast_2d(hessian.T)]
    total = sample.sum(np.reshape(sums, hessian.shape[1:]))
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = mean_hessian * sample.count() / total
        error = np.abs(np.log(factor))
    off = np.isfinite(error) & (error > 0.03)  # to a few hundredths, a sample will do
    if off.any():
        for x in outputs:
            _multiply(x, np.where(off, factor, 1).astype(np.float32), x)
            np.clip(x, -LARGEST, LARGEST, out=x)


def _multiply(x: NumpyArray, factor: NumpyArray, out: NumpyArray) -> None:
    """``x * factor`` into `out`, column by column: NumPy is slow at a short row of factors."""
    if factor.ndim == 0:
        np.multiply(x, factor, out=out, casting="same_kind")
        return
    for column, of_column, target in zip(x.T, factor, out.T, strict=True):
        _multiply(column, of_column, target)


def _check_flat(loss: Loss, y: NumpyArray, raw: NumpyArray, weight: NumpyArray | None) -> None:
    """Refuse a round without gradients, unless some row is at its minimum or no weight counts."""
    if weight is not None:
        counts = weight >= np.finfo(np.float32).tiny
        y, raw = y[counts], raw[counts]
    if not loss.unit_curvature or isinstance(loss, GroupLoss) or len(y) == 0:
        return
    best = np.broadcast_to(y if y.ndim == raw.ndim else y[:, None], raw.shape)
    if np.any(loss.value(y, raw) <= loss.value(y, best)):
        return
    raise ValueError(
        f"{loss!r}: the gradient of every row is zero, as raw_prediction is so far from y_true "
        "that the loss is flat; start from boostobj.base_score or boostobj.init_scores"
    )
