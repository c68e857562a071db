"""Checks of a loss's mathematics: value, gradient and Hessian."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from boostobj.base import BinaryLoss, MarginLoss, MulticlassLoss, ResidualLoss, Sample
from boostobj.testing import _families as families
from boostobj.testing._formula import MOST, Exact
from boostobj.testing._registry import check
from boostobj.testing._trial import (
    DTYPES,
    ROUNDING,
    Trial,
    at,
    compare,
    first_bad,
    require,
    require_equal,
    require_finite,
    rowwise,
)

#: A second derivative above this is the noise of differences of what is linear.
FLAT = -1e-25

#: A kink has no curvature that tells the way to it: the hinge's steps go five times as far.
FURTHEST = 20


@check()
def value(trial: Trial) -> None:
    """Values follow the formula."""
    for dtype in DTYPES:
        y, raw = trial.grid(dtype)
        top = float(np.finfo(dtype).max) / 4
        fits = [e is None or abs(e.value[0]) < top for e in trial.expected(y, raw)]
        y, raw = y[fits], raw[fits]
        compare(trial, lambda e: (e.value,), y, raw, trial.fixed.value)


@check()
def gradient(trial: Trial) -> None:
    """Gradients are the formula's derivative, or lie between its one-sided derivatives."""
    for dtype in DTYPES:
        y, raw = trial.grid(dtype)
        got = compare(
            trial,
            lambda e: e.gradients,
            y,
            raw,
            lambda y, raw: trial.fixed.gradient_hessian(y, raw)[0],
        )
        require_finite("gradient", y, raw, got)


@check(MulticlassLoss)
def classes(trial: Trial) -> None:
    """So do values and derivatives of any number of classes."""
    loss = trial.fixed
    if loss.n_classes is not None:
        return
    rng = np.random.default_rng(0)
    for k in (2, 5):
        y = np.eye(k)[np.arange(20) % k]
        raw = families.single(1.5 * rng.standard_normal((20, k)))
        compare(trial, lambda e: (e.value,), y, raw, loss.value)
        compare(trial, lambda e: e.gradients, y, raw, lambda *x: loss.gradient_hessian(*x)[0])
        if loss.curvature == "exact":
            compare(trial, lambda e: e.hessians, y, raw, lambda *x: loss.gradient_hessian(*x)[1])


@check()
def precisions_agree(trial: Trial) -> None:
    """Where the formula is beyond computing, single and double precision say the same."""
    y, raw = trial.grid(np.float32)
    beyond = [exact is None for exact in trial.expected(y, raw)]
    if not any(beyond):
        return
    y, raw = y[beyond], raw[beyond]
    results = []
    for dtype in DTYPES:
        arguments = y.astype(dtype), raw.astype(dtype)
        gradient, _ = trial.fixed.gradient_hessian(*arguments)
        results.append((trial.fixed.value(*arguments), gradient))
    info = np.finfo(np.float32)
    for what, single, double in zip(("value", "gradient"), *results, strict=True):
        fits = np.abs(double) < info.max / 4
        bad = fits & ~np.isclose(single, double, rtol=1e-4, atol=64 * info.smallest_normal)
        for i in first_bad(bad):
            raise AssertionError(
                f"{what} {at(y[i], raw[i])}: got {single[i]!s} in float32, {double[i]!s} in float64"
            )


@check()
def hessian_positive(trial: Trial) -> None:
    """Hessians are finite and positive, before `gradient_hessian` lifts those of zero as well."""
    loss = trial.loss
    for dtype in DTYPES:
        y, raw = trial.grid(dtype)
        _, hessian = rowwise(loss.gradient_hessian, y, raw)
        require(hessian.shape == raw.shape, f"shape is {hessian.shape}, not {raw.shape}")
        require_finite("Hessian", y, raw, hessian)
        _, own = loss._adapted(Sample(y, raw))._pointwise_derivatives(y, raw)
        lifted = own.T + ROUNDING * np.finfo(dtype).eps * trial.terms(raw)
        wrong = lifted < 0 if loss.curvature == "exact" else lifted <= 0
        if not isinstance(loss, ResidualLoss):
            # A likelihood is flat for confident predictions; a Hessian may be as well.
            wrong &= np.all(np.abs(raw.reshape(len(raw), -1)) <= 20, axis=1)
        for i in first_bad(wrong.T):
            raise AssertionError(
                f"in {raw.dtype} {at(y[i], raw[i])}: got {own[i]!s}, expected a positive number"
            )


@check()
def hessian_exact(trial: Trial) -> None:
    """A curvature declared exact is the second derivative."""
    kinds = ("exact", "majorizer", "smoothed")
    kind = trial.loss.curvature
    require(kind in kinds, f"curvature must be one of {kinds}, got {kind!r}")
    if kind != "exact":
        return
    for dtype in DTYPES:
        y, raw = trial.grid(dtype)
        tiny = float(np.finfo(dtype).smallest_normal)
        for exact, y_row, raw_row in zip(trial.expected(y, raw), y, raw, strict=True):
            if exact is None or _least_hessian(exact) >= FLAT:
                continue
            least = _least_hessian(trial.exact(y_row, raw_row, limit=MOST) or exact)
            require(least >= FLAT, f"the second derivative is {least} {at(y_row, raw_row)}")
        compare(
            trial,
            lambda e: e.hessians,
            y,
            raw,
            lambda y, raw: trial.fixed.gradient_hessian(y, raw)[1],
            floor=tiny,
            remedy="; the curvature is 'exact': a bound would be a 'majorizer', another positive "
            "stand-in 'smoothed'",
        )


def _least_hessian(exact: Exact) -> float:
    return min(float(upper) for _, upper in exact.hessians)


@check()
def hessian_majorizer(trial: Trial) -> None:
    """A parabola of the majorizer's curvature lies above the loss, in each margin."""
    loss = trial.fixed
    if loss.curvature != "majorizer":
        return
    y, raw = trial.grid(np.float64)
    near = np.flatnonzero((np.abs(raw) <= 1e4).reshape(len(raw), -1).all(axis=1))
    y, raw = y[near[:: len(near) // 60 + 1]], raw[near[:: len(near) // 60 + 1]]
    value = loss.value(y, raw)
    gradient, hessian = (x.reshape(len(raw), -1) for x in loss.gradient_hessian(y, raw))
    steps = np.geomspace(1e-3, 1e4, 29)
    for j, to in product(range(gradient.shape[1]), [*-steps, 0.0, *steps, "mirrored", "halved"]):
        x = raw.reshape(len(raw), -1)[:, j]
        target = {"mirrored": -x, "halved": x / 2}[to] if isinstance(to, str) else 0 * x + to
        moved = raw.reshape(len(raw), -1).copy()
        moved[:, j] = target
        there = loss.value(y, moved.reshape(raw.shape))
        d = target - x
        g, h = gradient[:, j], hessian[:, j]
        bound = value + g * d + h * d**2 / 2
        size = np.abs(value) + np.abs(there) + np.abs(g * d) + h * d**2 / 2
        excess = (there - bound) - 1e-10 * size
        for i in first_bad(excess > 0):
            raise AssertionError(
                f"{at(y[i], raw[i])}: the parabola there gives a bound of {bound[i]!s} "
                f"for margin {target[i]!s}, where the loss is {there[i]!s}"
            )


@check()
def hessian_size(trial: Trial) -> None:
    """From near the best constant, a Newton step does not go many times as far as that.

    Of a loss of residuals the boosters' Hessian is smoothed: there no row asks for such a step.
    """
    loss = trial.loss
    if loss.curvature == "exact":
        return
    y, raw = families.sample(loss, 60)
    if isinstance(loss, ResidualLoss):
        spread = np.mean(np.abs(raw - y))
        away = spread * np.repeat([-10, -3, -1, 1, 3, 10], 60)
        targets = np.tile(y, 6)
        gradient, hessian = loss._boosting(Sample(y, raw))(targets, targets + away)
        step = np.abs(gradient / hessian)
        for i in first_bad(step > FURTHEST * (np.abs(away) + spread)):
            raise AssertionError(
                f"the boosters' Newton step {at(targets[i], targets[i] + away[i])} goes "
                f"{step[i]:g} far: the Hessian is too small"
            )
        return
    start = np.atleast_1d(loss.init_score(y))
    for away in (-1.0, 1.0):
        raw = np.tile(start, (60, 1))
        raw[:, 0] += away
        gradient, hessian = loss.gradient_hessian(y, raw)
        step = np.max(np.abs(np.mean(gradient, axis=0) / np.mean(hessian, axis=0)))
        require(
            step <= FURTHEST,
            f"a Newton step from raw_prediction={raw[0].tolist()}, 1 away from the best constant, "
            f"goes {step:g} far: the Hessian is too small",
        )


@check(ResidualLoss)
def hessian_scale(trial: Trial) -> None:
    """The smoothed Hessian of a loss without a unit of its own scales as a curvature does."""
    loss = trial.loss
    if loss.curvature != "smoothed":
        return
    y, raw = families.sample(loss, 50)
    unit = 8.0
    given = getattr(loss, "scale", None)
    scaled = loss if given is None else replace(loss, scale=unit * given)  # type: ignore[type-var]
    value = loss.value(y, raw)
    if np.any(value == 0):
        return  # a tolerance is a unit
    degree = np.log(scaled.value(unit * y, unit * raw) / value) / np.log(unit)
    if np.ptp(degree) > 1e-9:
        return  # the loss has a unit
    gradient, hessian = loss.gradient_hessian(y, raw)
    scaled_gradient, scaled_hessian = scaled.gradient_hessian(unit * y, unit * raw)
    for what, order, got, expected in (
        ("gradient", 1, scaled_gradient, gradient),
        ("Hessian", 2, scaled_hessian, hessian),
    ):
        wanted = expected * unit ** (degree[0] - order)
        bad = ~np.isclose(got, wanted, rtol=1e-9, atol=0)
        for i in first_bad(bad):
            raise AssertionError(
                f"residuals times {unit:g} change the {what} {at(y[i], raw[i])}: "
                f"got {got[i]!s}, expected {wanted[i]!s}; name the width `scale`, or read "
                "it off the rows in _adapted"
            )


@check(ResidualLoss)
def residual(trial: Trial) -> None:
    """Only the difference of margin and target counts."""
    loss = trial.loss
    if not loss._domain.contains(np.zeros(1)).all():
        return
    y, raw = families.sample(loss, 50)
    for what, got, expected in zip(
        ("value", "gradient", "hessian"),
        (loss.value(y, raw), *loss.gradient_hessian(y, raw)),
        (loss.value(0 * y, raw - y), *loss.gradient_hessian(0 * y, raw - y)),
        strict=True,
    ):
        require_equal(what, y, raw, got, expected)


@check(MarginLoss, BinaryLoss)
def labels(trial: Trial) -> None:
    """Labels 0 and 1 mean what labels -1 and +1 mean."""
    loss = trial.loss
    if not np.all(loss._domain.contains(np.asarray([-1.0, 1.0]))):
        return
    y, raw = families.sample(loss, 50)
    other = 2 * y - 1
    for what, got, expected in zip(
        ("value", "gradient", "hessian"),
        (loss.value(other, raw), *loss.gradient_hessian(other, raw)),
        (loss.value(y, raw), *loss.gradient_hessian(y, raw)),
        strict=True,
    ):
        require_equal(what, y, raw, got, expected)
    require(loss.init_score(other) == loss.init_score(y), "init_score depends on the label code")


@check()
def outputs(trial: Trial) -> None:
    """Margins of several targets are losses side by side, or gradients sum to zero by row."""
    loss = trial.loss
    if loss.coupled_outputs:
        for dtype in DTYPES:
            y, raw = trial.grid(dtype)
            gradient, _ = loss.gradient_hessian(y, raw)
            total, size = gradient.sum(axis=1), np.abs(gradient).sum(axis=1)
            rounding = np.finfo(dtype).eps * (8 * size + ROUNDING * trial.terms(raw))
            for i in first_bad(np.abs(total) > rounding):
                raise AssertionError(
                    f"the gradients of a row must sum to zero; {at(y[i], raw[i])} their sum is "
                    f"{total[i]!s}; a loss whose margins do not compete has coupled_outputs = False"
                )
    if loss.joint_outputs:
        return
    first, second = families.sample(loss, 20), families.sample(loss, 20, seed=1)
    y, raw = (np.column_stack(pair) for pair in zip(first, second, strict=True))
    gradient, hessian = loss.gradient_hessian(y, raw)
    for j, (y_j, raw_j) in enumerate((first, second)):
        g, h = loss.gradient_hessian(y_j, raw_j)
        require_equal(f"gradient of column {j}", y_j, raw_j, gradient[:, j], g)
        require_equal(f"hessian of column {j}", y_j, raw_j, hessian[:, j], h)


@check(ResidualLoss)
def boosting(trial: Trial) -> None:
    """A gradient smoothed for the boosters is the loss's own far from the kink."""
    loss = trial.loss
    for dtype in DTYPES:
        y, raw = trial.grid(dtype)
        gradient, hessian = rowwise(lambda y, raw: loss._boosting(Sample(y, raw))(y, raw), y, raw)
        require_finite("gradient", y, raw, gradient)
        # The engine lifts exact Hessians that are zero.
        lifted = np.where(hessian == 0, 1, hessian) if loss.curvature == "exact" else hessian
        require_finite("Hessian", y, raw, lifted)
    y, raw = families.sample(loss, 100)
    adapted = loss._adapted(Sample(y, raw))
    for distance, rtol in ((10 * np.max(np.abs(raw - y)), 0.1), (1e7, 1e-4)):
        far = y + np.where(np.arange(100) % 2, distance, -distance)
        got, _ = loss._boosting(Sample(y, raw))(y, far)
        expected, _ = adapted._pointwise_derivatives(y, far)
        for i in first_bad(~np.isclose(got, expected, rtol=rtol)):
            raise AssertionError(
                f"the boosters' gradient {at(y[i], far[i])}: got {got[i]!s}, "
                f"expected {expected[i]!s}"
            )
