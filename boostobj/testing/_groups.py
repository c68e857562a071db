"""Checks of losses whose rows depend on each other within groups."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.base import Loss
from boostobj.groups import GroupLoss
from boostobj.testing import _families as families
from boostobj.testing._formula import Exact
from boostobj.testing._registry import check
from boostobj.testing._trial import DTYPES, Trial, at, require, require_finite, rowwise

#: Rows of a group: as many tuples as fit.
SIZE = 6

#: Differences in double precision are taken at this distance, relative to large margins.
STEP = 1e-5

#: Errors allowed, relative to the largest result of a group: sums over pairs are approximate.
TOLERANCE = 1e-5


def _groups(trial: Trial) -> list[tuple[NumpyArray, NumpyArray]]:
    size = getattr(trial.loss, "tuple_size", SIZE)
    y, raw = trial.grid(np.float64)
    starts = range(0, len(y) - size + 1, size)
    return [(y[i : i + size], raw[i : i + size]) for i in starts if np.ptp(y) > 0]


@check(GroupLoss, groups=True)
def group_derivatives(trial: Trial) -> None:
    """Value, gradient and exact Hessian of a group follow the formula."""
    loss = trial.loss
    known = 0
    for y, raw in _groups(trial):
        exact = _exact(trial, y, raw)
        if exact is None:
            continue  # a group without pairs
        known += 1
        gradient, hessian = loss.gradient_hessian(y, raw)
        results = [
            ("value", np.sum(loss.value(y, raw)), [exact.value]),
            ("gradient", gradient, exact.gradients),
        ]
        if loss.curvature == "exact":
            results.append(("hessian", hessian, exact.hessians))
        for what, got, bounds in results:
            low, high = np.asarray(bounds, dtype=np.float64).T
            flat = np.ravel(got)
            slack = TOLERANCE * np.max(np.abs([low, high])) + 1e-30
            wrong = ~((flat >= low - slack) & (flat <= high + slack))
            require(
                not np.any(wrong),
                f"{what} of the group {at(y, raw)}: got {flat.tolist()}, "
                f"expected {low.tolist()} to {high.tolist()}; the formula is the mean of the "
                "group's values, the derivatives those of their sum",
            )
    if known <= 5:
        raise AssertionError(
            f"formula {loss.formula!r} is not computable: {trial.why_not(y, raw.ravel())}"
        )


def _exact(trial: Trial, y: NumpyArray, raw: NumpyArray) -> Exact | None:
    """What the formula says; of one with variables of its own, what the loss's own values do."""
    try:
        return trial.exact(y, raw.ravel())
    except NameError:
        return _differences(trial.fixed, y, raw)


def _differences(loss: Loss, y: NumpyArray, raw: NumpyArray) -> Exact:
    """One-sided differences of a group's value, and of its gradients."""

    def total(raw: NumpyArray) -> float:
        return float(np.sum(loss.value(y, raw)))

    def gradient(raw: NumpyArray) -> NumpyArray:
        return np.ravel(loss.gradient_hessian(y, raw)[0])

    slopes, curvatures = [], []
    for i in range(raw.size):
        sides = []
        for step in (-STEP, STEP):
            moved = raw.copy()
            moved.flat[i] += step * max(1, abs(raw.flat[i]))
            rise = total(moved) - total(raw), gradient(moved)[i] - gradient(raw)[i]
            sides.append(np.asarray(rise) / (moved.flat[i] - raw.flat[i]))
        slope, curvature = np.sort(sides, axis=0).T.tolist()
        slopes.append(tuple(slope))
        curvatures.append(tuple(curvature))
    return Exact((total(raw), total(raw)), tuple(slopes), tuple(curvatures))


@check(GroupLoss, groups=True)
def group_hessian(trial: Trial) -> None:
    """Hessians are finite, positive and of the margins' dtype, and bound what they declare."""
    loss = trial.loss
    for dtype in DTYPES:
        y, raw = trial.grid(dtype)
        gradient, hessian = rowwise(loss.gradient_hessian, y, raw)
        for what, x in (("gradient", gradient), ("Hessian", hessian)):
            require_finite(what, y, raw, x)
            require(x.dtype == dtype, f"{what} is {x.dtype} for margins of {raw.dtype}")
            require(x.shape == raw.shape, f"{what} has shape {x.shape}, not {raw.shape}")
    if loss.curvature != "majorizer":
        return
    for y, raw in _groups(trial):
        value = np.sum(loss.value(y, raw))
        gradient, hessian = loss.gradient_hessian(y, raw)
        for i, step in product(range(raw.size), [-100, -1, -1e-2, 1e-2, 1, 100]):
            moved = raw.copy()
            moved.flat[i] += step
            there = np.sum(loss.value(y, moved))
            terms = value, gradient.flat[i] * step, hessian.flat[i] * step**2 / 2
            slack = 1e-9 * (abs(there) + np.sum(np.abs(terms)))
            require(
                there <= np.sum(terms) + slack,
                f"margin {i} of the group {at(y, raw)} moved by {step}: "
                f"got a bound of {np.sum(terms)!s}, where the loss is {there!s}",
            )


@check(GroupLoss, groups=True)
def group_sizes(trial: Trial) -> None:
    """Groups do not see each other."""
    loss: Any = trial.loss
    y, raw = families.sample(loss, 2 * SIZE)
    joint = loss.gradient_hessian(y, raw, group=[SIZE, SIZE])
    halves = [loss.gradient_hessian(y[s], raw[s]) for s in (np.s_[:SIZE], np.s_[SIZE:])]
    for what, got, one, other in zip(("gradient", "hessian"), joint, *halves, strict=True):
        expected = np.concatenate([one, other])
        require(
            np.allclose(got, expected, rtol=1e-7, atol=1e-12),
            f"{what} of two groups: got {got.tolist()}, expected {expected.tolist()}",
        )
