"""Checks of losses whose rows depend on each other within groups."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.groups import GroupLoss
from boostobj.testing import _families as families
from boostobj.testing._registry import check
from boostobj.testing._trial import (
    DTYPES,
    ROUNDING,
    Trial,
    at,
    require,
    require_finite,
    rowwise,
)

#: Rows of a group: as many tuples as fit.
SIZE = 6

#: Errors allowed, relative to the largest result of a group: sums over pairs are approximate.
TOLERANCE = 1e-5


def _groups(trial: Trial, dtype: Any) -> list[tuple[NumpyArray, NumpyArray]]:
    size = getattr(trial.loss, "tuple_size", SIZE)
    y, raw = trial.grid(dtype)
    starts = range(0, len(y) - size + 1, size)
    return [(y[i : i + size], raw[i : i + size]) for i in starts if np.ptp(y) > 0]


@check(GroupLoss, groups=True)
def group_derivatives(trial: Trial) -> None:
    """Value, gradient and exact Hessian of a group follow the formula."""
    loss = trial.loss
    known = 0
    for y, raw in [group for dtype in DTYPES for group in _groups(trial, dtype)]:
        exact = trial.exact(y, raw.ravel())
        if exact is None:
            continue  # a group without pairs
        known += 1
        gradient, hessian = loss.gradient_hessian(y, raw)
        results = [
            ("value", np.sum(loss.value(y, raw), dtype=np.float64), [exact.value]),
            ("gradient", gradient, exact.gradients),
        ]
        if loss.curvature == "exact":
            results.append(("hessian", hessian, exact.hessians))
        pull = max(abs(float(bound)) for bounds in exact.gradients for bound in bounds)
        # margins are rounded, and those far from zero further than their differences are wide
        rounding = ROUNDING * float(np.finfo(raw.dtype).eps) * (1 + np.max(np.abs(raw))) * pull
        for what, got, bounds in results:
            low, high = np.asarray(bounds, dtype=np.float64).T
            flat = np.ravel(got)
            slack = TOLERANCE * np.max(np.abs([low, high])) + rounding + 1e-30
            wrong = ~((flat >= low - slack) & (flat <= high + slack))
            require(
                not np.any(wrong),
                f"{what} of the group in {raw.dtype} {at(y, raw)}: got {flat.tolist()}, "
                f"expected {low.tolist()} to {high.tolist()}; the formula is the mean of the "
                "group's values, the derivatives those of their sum",
            )
    if known <= 5:
        raise AssertionError(
            f"formula {loss.formula!r} is not computable: {trial.why_not(y, raw.ravel())}"
        )


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
    for y, raw in _groups(trial, np.float64):
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
    """Groups do not see each other, whatever their sizes."""
    loss: Any = trial.loss
    y, raw = families.sample(loss, 3 * SIZE)

    def results(
        y: NumpyArray, raw: NumpyArray, group: list[int] | None = None
    ) -> tuple[NumpyArray, ...]:
        return loss.value(y, raw, group=group), *loss.gradient_hessian(y, raw, group=group)

    joint = results(y, raw, [SIZE, 2 * SIZE])
    parts = (results(y[rows], raw[rows]) for rows in (np.s_[:SIZE], np.s_[SIZE:]))
    names = ("value", "gradient", "hessian")
    for what, got, one, other in zip(names, joint, *parts, strict=True):
        expected = np.concatenate([one, other])
        require(
            np.allclose(got, expected, rtol=1e-7, atol=1e-12),
            f"{what} of two groups: got {got.tolist()}, expected {expected.tolist()}",
        )
