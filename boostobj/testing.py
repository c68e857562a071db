"""Check a loss: yours or ours.

`check_loss` tries everything a loss promises: its values and derivatives against its ``formula``
in high precision, what it declares its curvature to be, weights, start value, metric, link,
error messages, copies, and the callback that the boosters get.

A check is a function of a `_Trial`, registered with the families it applies to. What it needs to
know about a family stands in four functions with one implementation per family: the formula's
variables, rows that are hard to compute, ordinary rows, and targets outside the domain.
"""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cached_property, singledispatch
from itertools import product
from typing import Any
from unittest import mock

import numpy as np

from boostobj._arrays import Domain
from boostobj._formula import ENOUGH, MOST, Exact, Formula, differentiate, import_mpmath, roots
from boostobj._typing import NumpyArray
from boostobj.base import Loss, MarginLoss, MulticlassLoss, PointwiseLoss, ResidualLoss, Sample
from boostobj.engine import lightgbm, parallel, xgboost
from boostobj.losses.multi_quantile import MultiQuantile

__all__ = ["check_loss"]

_DTYPES = (np.float32, np.float64)

#: Errors allowed, in machine epsilons: of the result, and of what half an epsilon in an argument
#: or a parameter makes of it.
_ROUNDING, _CONDITION = 32, 8

_checks: list[tuple[tuple[type[Loss], ...], Callable[[_Trial], None]]] = []


def check_loss(loss: Loss) -> None:
    """Check that a loss keeps the promises of its family.

    Parameters
    ----------
    loss : Loss
        An instance of a class derived from one of the families of `boostobj.base`.

    Raises
    ------
    AssertionError
        If a check fails. It names the loss, the check, the worst point, what the loss gives
        there and what it should.
    ImportError
        If mpmath is missing.

    Examples
    --------
    >>> check_loss(Huber(delta=1.5))
    """
    import_mpmath()
    trial = _Trial(loss)
    for families, check in _checks:
        if isinstance(loss, families):
            name = check.__name__.removeprefix("_check_")
            try:
                # numpy's own settings, whatever the caller's
                with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
                    warnings.simplefilter("error")
                    check(trial)
            except Exception as error:
                kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
                raise AssertionError(f"{loss!r} fails check {name!r}: {kind}{error}") from error


def _check(
    *families: type[Loss],
) -> Callable[[Callable[[_Trial], None]], Callable[[_Trial], None]]:
    def register(function: Callable[[_Trial], None]) -> Callable[[_Trial], None]:
        _checks.append((families or (Loss,), function))
        return function

    return register


def _require(condition: Any, message: str) -> None:
    # An assert statement would vanish under python -O.
    if not condition:
        raise AssertionError(message)


# Families ------------------------------------------------------------------------------------


@singledispatch
def _variables(
    loss: Loss, y: Any, raw: Sequence[Any], link: Callable[[Any], Any]
) -> dict[str, Any]:
    """The names in a formula of the family at one row of targets and margins, as mpf."""
    raise NotImplementedError(f"check_loss knows no family of {type(loss).__name__}")


@_variables.register(ResidualLoss)
def _(loss: ResidualLoss, y: Any, raw: Sequence[Any], link: Any) -> dict[str, Any]:
    return {"r": raw[0] - y}


@_variables.register(MarginLoss)
def _(loss: MarginLoss, y: Any, raw: Sequence[Any], link: Any) -> dict[str, Any]:
    return {"m": raw[0] if y > 0 else -raw[0]}


@_variables.register(PointwiseLoss)
def _(loss: PointwiseLoss, y: Any, raw: Sequence[Any], link: Any) -> dict[str, Any]:
    return {"y": y, "raw": raw[0], "p": link(raw[0])}


@_variables.register(MulticlassLoss)
def _(loss: MulticlassLoss, y: Any, raw: Sequence[Any], link: Any) -> dict[str, Any]:
    return {"y": y, "raw": raw, "p": link(raw)}


@_variables.register(MultiQuantile)
def _(loss: MultiQuantile, y: Any, raw: Sequence[Any], link: Any) -> dict[str, Any]:
    return {"y": y, "raw": raw}


@singledispatch
def _grid(loss: Loss, branches: Callable[[float], list[float]]) -> tuple[NumpyArray, NumpyArray]:
    """Rows that are hard to compute; `branches` gives the branch points for a target."""
    targets = _grid_targets(loss)
    rows = []
    for i, y in enumerate(targets):
        raw = _line(branches(y))
        # The first two targets, the edges of the domain, get all margins.
        rows.append(np.column_stack([np.full_like(raw, y), raw])[:: 1 if i < 2 else 4])
    y, raw = np.concatenate(rows).T
    return y, raw


@_grid.register(MulticlassLoss)
def _(loss: MulticlassLoss, branches: Any) -> tuple[NumpyArray, NumpyArray]:
    k = loss.n_classes or 3
    rng = np.random.default_rng(0)
    scales = np.repeat([0, 1e-6, 0.1, 1, 5, 20, 100, 400, 1e6], [1, 3, 3, 9, 4, 4, 4, 2, 2])
    raw = rng.standard_normal((len(scales), k)) * scales[:, None]
    far = np.zeros((4, k))
    far[[0, 1], 0] = 1e4, -1e4
    far[2] = 1e4
    far[3, :2] = 88, -17
    raw = _single(np.vstack([raw, far]))
    y = np.eye(k)[rng.integers(0, k, len(raw))]
    y[::3] = rng.multinomial(64, np.ones(k) / k, len(y[::3])) / 64
    return y, raw


@_grid.register(MultiQuantile)
def _(loss: MultiQuantile, branches: Any) -> tuple[NumpyArray, NumpyArray]:
    line = _line([1.0])
    k = len(loss.quantiles)
    raw = np.column_stack([np.roll(line, 7 * j) for j in range(k)])
    raw = np.vstack([raw, np.ones((1, k))])
    return np.resize([0.0, 1.0, -2.5], len(raw)), raw


@singledispatch
def _sample(loss: Loss, n: int, seed: int = 0) -> tuple[NumpyArray, NumpyArray]:
    """Ordinary rows."""
    rng = np.random.default_rng(seed)
    return _targets(loss._domain, n, rng), _single(1.5 * rng.standard_normal(n))


@_sample.register(MulticlassLoss)
def _(loss: MulticlassLoss, n: int, seed: int = 0) -> tuple[NumpyArray, NumpyArray]:
    rng = np.random.default_rng(seed)
    k = loss.n_classes or 3
    y = np.minimum(rng.integers(0, 2 * k, n), k - 1).astype(float)
    y[:k] = np.arange(k)
    return y, _single(1.5 * rng.standard_normal((n, k)))


@_sample.register(MultiQuantile)
def _(loss: MultiQuantile, n: int, seed: int = 0) -> tuple[NumpyArray, NumpyArray]:
    rng = np.random.default_rng(seed)
    shape = n, len(loss.quantiles)
    return _targets(loss._domain, n, rng), _single(1.5 * rng.standard_normal(shape))


@singledispatch
def _wrong_targets(loss: Loss) -> list[float]:
    """Targets outside the domain that are wrong among any others."""
    probes = np.asarray([np.nan, np.inf, -np.inf, -1.0, -0.5, 0.0, 0.3, 1.5, 7.0, 1e6])
    return [x for x in probes.tolist() if not np.all(loss._domain.contains(np.asarray([x])))]


@_wrong_targets.register(MulticlassLoss)
def _(loss: MulticlassLoss) -> list[float]:
    return [np.nan, np.inf, -1.0, 0.3]


def _targets(domain: Domain, n: int, rng: np.random.Generator) -> NumpyArray:
    """Targets of the widest kind that the domain contains, none of which says too little."""
    gamma = rng.gamma(1.5, 2.0, n)
    labels = (rng.random(n) < 0.3).astype(float)
    counts = rng.poisson(2.0, n).astype(float)
    some = rng.random(n) < 0.3
    kinds = [
        gamma - 2,
        np.where(some, 0.0, gamma),
        gamma + 0.1,
        np.where(some, labels, rng.random(n)),
        rng.uniform(0.02, 0.98, n),
        counts,
        counts + 1,
        labels,
    ]
    for y in map(_single, kinds):
        if np.all(domain.contains(y)):
            return y
    raise NotImplementedError(f"check_loss cannot draw targets that are {domain}")


def _grid_targets(loss: Loss) -> list[float]:
    if isinstance(loss, ResidualLoss):
        return [0.0]  # so that the residual is the margin, to the last bit
    y = np.unique(_targets(loss._domain, 200, np.random.default_rng(0)))
    spread = y[[len(y) // 3, len(y) // 2, 2 * len(y) // 3]]
    return list(dict.fromkeys([y[0], y[-1], *spread]))


def _line(branches: Sequence[float]) -> NumpyArray:
    """Margins of both signs: a dense logarithmic grid, far ones, and around branch points."""
    dense = np.geomspace(1e-6, 100, 64)
    far = [1e-100, 1e-30, 1e-20, 1e-12, 1e-9, 200, 350, 700, 750, 1e4, 1e6, 1e9, 1e15, 1e100]
    magnitudes = _single(np.concatenate([dense, far]))
    sides = [
        np.nextafter(dtype(b), dtype(to))
        for b in branches
        for dtype in _DTYPES
        for to in (-9e9, 9e9)
    ]
    around = [*branches, *np.float32(branches), *sides]
    return np.unique(np.asarray([0.0, *magnitudes, *-magnitudes, *around], dtype=np.float64))


def _single(x: NumpyArray) -> NumpyArray:
    """Doubles that are singles too, if they are within reach of them."""
    info = np.finfo(np.float32)
    single = np.clip(x, -info.max, info.max).astype(np.float32).astype(np.float64)
    inside = (np.abs(x) < info.max) & (np.abs(x) > info.smallest_normal)
    return np.where(inside | (x == 0), single, x)


# The loss on trial ---------------------------------------------------------------------------


class _Trial:
    """A loss with the rows to try it on and what its formula says there."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.mpmath = import_mpmath()
        self.formula = Formula(loss.formula)
        self.link = Formula(loss.link.formula)
        self.parameters = _parameters(loss)
        self.link_parameters = _parameters(loss.link)
        self._exact: dict[Any, Exact | None] = {}

    @cached_property
    def rows(self) -> tuple[NumpyArray, NumpyArray]:
        return _grid(self.loss, self._branches)

    def grid(self, dtype: Any) -> tuple[NumpyArray, NumpyArray]:
        """The hard rows that this precision can hold."""
        y, raw = self.rows
        with np.errstate(over="ignore"):
            exact = np.asarray(raw.astype(dtype) == raw)
        # Zero is all that may be smaller than the smallest normal number.
        exact &= (np.abs(raw) >= np.finfo(dtype).smallest_normal) | (raw == 0)
        keep = exact.reshape(len(raw), -1).all(axis=1)
        return y[keep].astype(dtype), raw[keep].astype(dtype)

    def predict(self, raw: Any) -> Any:
        """The link's formula."""
        return self.link({**self.link_parameters, "raw": raw})

    def exact(
        self,
        y: Any,
        raw: NumpyArray,
        parameters: dict[str, Any] | None = None,
        limit: int = ENOUGH,
    ) -> Exact | None:
        """Value and derivatives at one row, by the formula."""
        link = self.predict if "p" in self.formula.names else lambda raw: None
        values = self.parameters if parameters is None else parameters
        mpf = self.mpmath.mpf
        target = [mpf(float(v)) for v in y] if np.ndim(y) else mpf(float(y))

        def function(raw: Sequence[Any]) -> Any:
            return self.formula({**values, **_variables(self.loss, target, raw, link)})

        at = np.atleast_1d(raw).tolist()
        return differentiate(function, at, (self.formula, self.link), limit)

    def expected(self, y: NumpyArray, raw: NumpyArray) -> list[Exact | None]:
        """`exact` at all rows."""
        out = []
        for y_row, raw_row in zip(y.astype(float), raw.astype(float), strict=True):
            key = (y_row.tobytes(), raw_row.tobytes())
            if key not in self._exact:
                self._exact[key] = self.exact(y_row, raw_row)
            out.append(self._exact[key])
        return out

    def neighbours(self, y: Any, raw: NumpyArray, dtype: Any, limit: int) -> list[Exact]:
        """What the formula says if arguments and parameters are off by rounding.

        Targets of -1, 0 and 1 are labels and not subject to rounding.
        """
        unit = float(np.finfo(dtype).eps) / 2
        shifts = []
        for sign in (-1, 1):
            # arguments are doubles, which hold no less than one epsilon of their own
            up = 1 + sign * max(unit / 2, float(np.finfo(np.float64).eps))
            raws = np.tile(raw, (np.size(raw), 1)) if np.ndim(raw) else np.asarray([raw])
            for j in range(np.size(raw)):
                moved = raws[j] * np.where(np.arange(np.size(raw)) == j, up, 1.0)
                shifts.append((y, moved if np.ndim(raw) else moved[0], None))
            # The labels of a row are rounded one by one.
            for j in range(np.size(y)):
                one = np.atleast_1d(y).copy()
                one[j] *= 1 if one[j] in (-1, 0, 1) else up
                if np.any(one != y):
                    shifts.append((one if np.ndim(y) else one[0], raw, None))
            for name, value in self.parameters.items():
                if isinstance(value, self.mpmath.mpf):
                    shifted = {**self.parameters, name: value * (1 + sign * unit)}
                    shifts.append((y, raw, shifted))
        found = [self.exact(*shift, limit=limit) for shift in shifts]
        return [exact for exact in found if exact is not None]

    def _branches(self, y: float) -> list[float]:
        """Where the formula has branches as a function of a single margin."""
        found = [float(v) for v in self.parameters.values() if isinstance(v, self.mpmath.mpf)]
        found = [b for v in found for b in (-v, v)]
        grid = _single(np.geomspace(1e-6, 1e6, 60))
        line = [*-grid[::-1], 0.0, *grid]
        for difference in self.formula.differences():

            def function(x: float, difference: Formula = difference) -> Any:
                raw = [self.mpmath.mpf(x)]
                variables = _variables(self.loss, self.mpmath.mpf(y), raw, self.predict)
                return difference({**self.parameters, **variables})

            with self.mpmath.workdps(40):
                found += roots(function, line)
        return [b for b in dict.fromkeys(found) if b]


def _parameters(owner: Any) -> dict[str, Any]:
    """A dataclass's fields, floats as mpf."""
    mpf = import_mpmath().mpf

    def exact(value: Any) -> Any:
        if isinstance(value, tuple):
            return [exact(v) for v in value]
        return mpf(value) if isinstance(value, float) else value

    if not is_dataclass(owner):
        return {}
    return {f.name: exact(getattr(owner, f.name)) for f in fields(owner)}


def _at(y: Any, raw: Any) -> str:
    return f"at y_true={np.asarray(y).tolist()}, raw_prediction={np.asarray(raw).tolist()}"


def _rowwise(
    function: Callable[[NumpyArray, NumpyArray], Any], y: NumpyArray, raw: NumpyArray
) -> Any:
    """Call `function`; if it warns, name the row."""
    try:
        return function(y, raw)
    except Warning as warning:
        for i in range(len(raw)):
            try:
                function(y[i : i + 1], raw[i : i + 1])
            except Warning as at_row:
                where = f"{raw.dtype} {_at(y[i], raw[i])}"
                raise AssertionError(f"{type(at_row).__name__}: {at_row}, {where}") from at_row
        raise AssertionError(f"{type(warning).__name__}: {warning}, in {raw.dtype}") from warning


def _compare(
    trial: _Trial,
    pick: Callable[[Exact], Sequence[tuple[Any, Any]]],
    y: NumpyArray,
    raw: NumpyArray,
    got: NumpyArray,
    floor: float = -np.inf,
) -> None:
    """Require that `got` lies between the bounds that `pick` takes from the exact results."""
    info = np.finfo(raw.dtype)
    dtype, eps, tiny = raw.dtype, float(info.eps), float(info.smallest_normal)
    got = got.astype(np.float64).reshape(len(raw), -1)
    expected = trial.expected(y, raw)
    known = [i for i, exact in enumerate(expected) if exact is not None]
    _require(2 * len(known) > len(raw), f"formula {trial.loss.formula!r} is not computable")
    bounds = [[(float(a), float(b)) for a, b in pick(expected[i])] for i in known]  # type: ignore[arg-type]
    low, high = np.maximum(np.moveaxis(np.asarray(bounds), -1, 0), floor)
    known_got = got[known]
    size = np.maximum(np.abs(low), np.abs(high))
    # An infinite bound is a result that no double can hold.
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.fmax(np.fmax(low - known_got, known_got - high), 0)
        excess = error / (_ROUNDING * eps * size + 64 * tiny)
    excess[np.isnan(known_got)] = np.inf
    # A result too large for the precision need only be large and of the right sign.
    huge = size > float(info.max) / 4
    right = (np.sign(known_got) == np.sign(high)) & (np.abs(known_got) > np.sqrt(float(info.max)))
    excess = np.where(huge, np.where(right, 0, np.inf), excess)
    order = np.argsort(-excess, axis=None)
    for flat in order[: np.count_nonzero(excess > 1)]:
        i, j = np.unravel_index(flat, excess.shape)
        y_row, raw_row = (x[known[i]].astype(float) for x in (y, raw))
        value = float(known_got[i, j])
        # First with the precision that is mostly enough.
        for limit in (ENOUGH, MOST):
            exact = trial.exact(y_row, raw_row, limit=limit)
            if exact is None:
                break
            a, b = (max(x, floor) for x in pick(exact)[j])
            near = [pick(e)[j] for e in trial.neighbours(y_row, raw_row, dtype, limit)]
            slack = _CONDITION * max(
                max(abs(max(lo, floor) - a), abs(max(hi, floor) - b)) for lo, hi in near or [(a, b)]
            )
            slack += _ROUNDING * eps * max(abs(a), abs(b)) + 64 * tiny
            if not huge[i, j] and a - slack <= value <= b + slack:
                break
        else:
            wanted = trial.mpmath.nstr(a, 17)
            if abs(b - a) > eps * abs(b):
                wanted += f" to {trial.mpmath.nstr(b, 17)}"
            output = f", output {j}" if got.shape[1] > 1 else ""
            raise AssertionError(
                f"worst in {dtype} {_at(y_row, raw_row)}{output}: got {value!r}, expected {wanted}"
            )


# Checks --------------------------------------------------------------------------------------


@_check()
def _check_copies(trial: _Trial) -> None:
    """Copies, pickles and ``repr`` give an equal loss."""
    import boostobj

    loss = trial.loss
    module = sys.modules[type(loss).__module__]
    scope = {**vars(boostobj), **vars(module), type(loss).__name__: type(loss)}
    for how, twin in (
        ("deepcopy", copy.deepcopy(loss)),
        ("pickle", pickle.loads(pickle.dumps(loss))),
        ("eval(repr(loss))", eval(repr(loss), scope)),
    ):
        _require(type(twin) is type(loss), f"{how}: got a {type(twin).__name__}")
        _require(twin == loss, f"{how}: got {twin!r}, which is not equal")
        _require(hash(twin) == hash(loss), f"{how}: equal losses must have one hash")


@_check()
def _check_value(trial: _Trial) -> None:
    """Values follow the formula."""
    for dtype in _DTYPES:
        y, raw = trial.grid(dtype)
        top = float(np.finfo(dtype).max) / 4
        fits = [e is None or abs(e.value[0]) < top for e in trial.expected(y, raw)]
        y, raw = y[fits], raw[fits]
        value = _rowwise(trial.loss.value, y, raw)
        _require(value.shape == (len(raw),), f"shape is {value.shape} for {len(raw)} rows")
        _require(value.dtype == dtype, f"dtype is {value.dtype} for margins of {raw.dtype}")
        _compare(trial, lambda e: (e.value,), y, raw, value)


@_check()
def _check_gradient(trial: _Trial) -> None:
    """Gradients are the formula's derivative, or lie between its one-sided derivatives."""
    for dtype in _DTYPES:
        y, raw = trial.grid(dtype)
        gradient, _ = _rowwise(trial.loss.gradient_hessian, y, raw)
        _require(gradient.shape == raw.shape, f"shape is {gradient.shape}, not {raw.shape}")
        _require(gradient.dtype == dtype, f"dtype is {gradient.dtype} for margins of {raw.dtype}")
        _compare(trial, lambda e: e.gradients, y, raw, gradient)
        _require_finite("gradient", y, raw, gradient)


@_check()
def _check_precisions_agree(trial: _Trial) -> None:
    """Where the formula is beyond computing, single and double precision say the same."""
    y, raw = trial.grid(np.float32)
    beyond = [exact is None for exact in trial.expected(y, raw)]
    if not any(beyond):
        return
    y, raw = y[beyond], raw[beyond]
    results = []
    for dtype in _DTYPES:
        arguments = y.astype(dtype), raw.astype(dtype)
        gradient, _ = trial.loss.gradient_hessian(*arguments)
        results.append((trial.loss.value(*arguments), gradient))
    info = np.finfo(np.float32)
    for what, single, double in zip(("value", "gradient"), *results, strict=True):
        fits = np.abs(double) < info.max / 4
        bad = fits & ~np.isclose(single, double, rtol=1e-4, atol=64 * info.smallest_normal)
        for i in np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))[:1]:
            raise AssertionError(
                f"{what} {_at(y[i], raw[i])}: got {single[i]!s} in float32, "
                f"{double[i]!s} in float64"
            )


@_check()
def _check_hessian_positive(trial: _Trial) -> None:
    """Hessians are finite and positive, and do not owe that to rounding to the least number."""
    loss = trial.loss
    for dtype in _DTYPES:
        y, raw = trial.grid(dtype)
        _, hessian = _rowwise(loss.gradient_hessian, y, raw)
        _require(hessian.shape == raw.shape, f"shape is {hessian.shape}, not {raw.shape}")
        _require(hessian.dtype == dtype, f"dtype is {hessian.dtype} for margins of {raw.dtype}")
        _require_finite("Hessian", y, raw, hessian)
        _, own = loss._adapted(Sample(y, raw))._pointwise_derivatives(y, raw)
        wrong = own < 0 if loss.curvature == "exact" else own <= 0
        if not isinstance(loss, ResidualLoss):
            # A likelihood is flat for confident predictions; a Hessian may be as well.
            wrong &= (np.abs(raw) <= 20) if raw.ndim == 1 else (abs(raw) <= 20).all(1)[:, None]
        for i in np.flatnonzero(wrong.reshape(len(raw), -1).any(axis=1))[:1]:
            raise AssertionError(
                f"worst in {raw.dtype} {_at(y[i], raw[i])}: got {own[i]!s}, "
                f"expected a positive number"
            )


@_check()
def _check_hessian_exact(trial: _Trial) -> None:
    """A curvature declared exact is the second derivative."""
    kinds = ("exact", "majorizer", "smoothed")
    kind = trial.loss.curvature
    _require(kind in kinds, f"curvature must be one of {kinds}, got {kind!r}")
    if kind != "exact":
        return
    for dtype in _DTYPES:
        y, raw = trial.grid(dtype)
        tiny = float(np.finfo(dtype).smallest_normal)
        noise = 1e-25  # of the differences of what is linear
        for exact, y_row, raw_row in zip(trial.expected(y, raw), y, raw, strict=True):
            if exact is not None and min(b for _, b in exact.hessians) < -noise:
                exact = trial.exact(y_row, raw_row, limit=MOST) or exact
                least = min(b for _, b in exact.hessians)
                _require(least > -noise, f"the second derivative is {least} {_at(y_row, raw_row)}")
        _, hessian = trial.loss.gradient_hessian(y, raw)
        _compare(trial, lambda e: e.hessians, y, raw, hessian, floor=tiny)


@_check()
def _check_hessian_majorizer(trial: _Trial) -> None:
    """A parabola of the majorizer's curvature lies above the loss, in each margin."""
    loss = trial.loss
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
        i = int(np.argmax(excess))
        _require(
            excess[i] <= 0,
            f"worst {_at(y[i], raw[i])}: the parabola there gives a bound of {bound[i]!s} "
            f"for margin {target[i]!s}, where the loss is {there[i]!s}",
        )


@_check(ResidualLoss)
def _check_hessian_scale(trial: _Trial) -> None:
    """The smoothed Hessian of a loss without a unit of its own scales as a curvature does."""
    loss = trial.loss
    if loss.curvature != "smoothed":
        return
    y, raw = _sample(loss, 50)
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
        expected = expected * unit ** (degree[0] - order)
        bad = ~np.isclose(got, expected, rtol=1e-9, atol=0)
        for i in np.flatnonzero(bad)[:1]:
            raise AssertionError(
                f"residuals times {unit:g} change the {what} {_at(y[i], raw[i])}: "
                f"got {got[i]!s}, expected {expected[i]!s}"
            )


@_check(ResidualLoss)
def _check_residual(trial: _Trial) -> None:
    """Only the difference of margin and target counts."""
    loss = trial.loss
    y, raw = _sample(loss, 50)
    for what, got, expected in zip(
        ("value", "gradient", "hessian"),
        (loss.value(y, raw), *loss.gradient_hessian(y, raw)),
        (loss.value(0 * y, raw - y), *loss.gradient_hessian(0 * y, raw - y)),
        strict=True,
    ):
        _require_equal(what, y, raw, got, expected)


@_check(MarginLoss)
def _check_labels(trial: _Trial) -> None:
    """Labels 0 and 1 mean what labels -1 and +1 mean."""
    loss = trial.loss
    y, raw = _sample(loss, 50)
    other = 2 * y - 1
    for what, got, expected in zip(
        ("value", "gradient", "hessian"),
        (loss.value(other, raw), *loss.gradient_hessian(other, raw)),
        (loss.value(y, raw), *loss.gradient_hessian(y, raw)),
        strict=True,
    ):
        _require_equal(what, y, raw, got, expected)
    _require(loss.init_score(other) == loss.init_score(y), "init_score depends on the label code")


@_check()
def _check_outputs(trial: _Trial) -> None:
    """Margins of several targets are losses side by side, or gradients sum to zero by row."""
    loss = trial.loss
    if loss.coupled_outputs:
        for dtype in _DTYPES:
            y, raw = trial.grid(dtype)
            gradient, _ = loss.gradient_hessian(y, raw)
            total, size = gradient.sum(axis=1), np.abs(gradient).sum(axis=1)
            excess = np.abs(total) - 8 * np.finfo(dtype).eps * size
            i = int(np.argmax(excess))
            _require(
                excess[i] <= 0,
                f"the gradients of a row must sum to zero; {_at(y[i], raw[i])} "
                f"their sum is {total[i]!s}",
            )
    if loss.joint_outputs:
        return
    first, second = _sample(loss, 20), _sample(loss, 20, seed=1)
    y, raw = (np.column_stack(pair) for pair in zip(first, second, strict=True))
    gradient, hessian = loss.gradient_hessian(y, raw)
    for j, (y_j, raw_j) in enumerate((first, second)):
        g, h = loss.gradient_hessian(y_j, raw_j)
        _require_equal(f"gradient of column {j}", y_j, raw_j, gradient[:, j], g)
        _require_equal(f"hessian of column {j}", y_j, raw_j, hessian[:, j], h)


@_check()
def _check_init_score(trial: _Trial) -> None:
    """No constant has a smaller weighted mean loss than the start value."""
    y, _ = _sample(trial.loss, 60)
    weight = np.random.default_rng(1).integers(0, 4, 60).astype(float)
    weight[:10] = 1
    units = (1.0, 1e-6, 1e6) if isinstance(trial.loss, ResidualLoss) else (1.0,)
    for unit in units:
        _require_minimum(trial.loss, unit * y, weight)
    _require_minimum(trial.loss, y, None)
    same = np.repeat(y[:1], 5)
    start = trial.loss.init_score(same)
    _require(np.all(np.isfinite(start)), f"for targets that are all {y[0]:g} it is {start}")


def _require_minimum(loss: Loss, y: NumpyArray, weight: NumpyArray | None) -> None:
    from scipy.optimize import minimize, minimize_scalar

    start = np.asarray(loss.init_score(y, weight), dtype=np.float64)

    def mean_loss(constant: Any) -> float:
        raw = np.broadcast_to(constant, (len(y), *start.shape)).astype(np.float64)
        # an exponential loss is so large far off that the minimiser would overflow
        return min(float(np.average(loss.value(y, raw), weights=weight)), 1e150)

    spread = float(np.std(y)) if isinstance(loss, ResidualLoss) else 1.0
    steps = spread * np.asarray([1e-4, 1e-2, 0.1, 0.5, 1, 2, 4])
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((4, *start.shape)) if start.ndim else np.ones(1)
    tried = [start + s * d for s in [*-steps, *steps] for d in directions]
    best = min(tried, key=mean_loss)
    if start.ndim:
        found = minimize(mean_loss, best, method="Nelder-Mead", options={"maxiter": 40}).x
    else:
        bounds = (float(best) - spread, float(best) + spread)
        found = minimize_scalar(mean_loss, bounds=bounds, method="bounded").x
    best = min(best, found, key=mean_loss)
    got, expected = mean_loss(start), mean_loss(best)
    _require(
        got <= expected + 1e-9 * abs(expected) + 1e-300,
        f"got {start.tolist()} of mean loss {got!r}, but {np.asarray(best).tolist()} "
        f"has {expected!r} ({'with' if weight is not None else 'without'} weights, "
        f"y_true from {y.min():g} to {y.max():g})",
    )


@_check()
def _check_weights(trial: _Trial) -> None:
    """A row of weight two counts as two rows: for start value, metric and callback."""
    loss = trial.loss
    y, raw = (x.astype(np.float32) for x in _sample(loss, 40))
    weight = np.random.default_rng(2).integers(0, 4, 40).astype(np.float32)
    weight[:10] += 1
    index = np.repeat(np.arange(40), weight.astype(int))
    weighted, repeated = loss.init_score(y, weight), loss.init_score(y[index])
    _require(
        np.allclose(weighted, repeated, rtol=1e-6, atol=1e-6),
        f"init_score is {weighted} with weights, {repeated} with repeated rows",
    )
    weighted = loss.metric(y, raw, weight)
    repeated = loss.metric(y[index], raw[index])
    _require(
        np.isclose(weighted, repeated, rtol=1e-9, atol=1e-12),
        f"metric is {weighted!r} with weights, {repeated!r} with repeated rows",
    )
    for what, got, rows in zip(
        ("gradient", "hessian"), loss(y, raw, weight), loss(y[index], raw[index]), strict=True
    ):
        expected = np.zeros(raw.shape)
        np.add.at(expected, index, rows)
        bad = ~np.isclose(got, expected, rtol=1e-4, atol=1e-6)
        for i in np.flatnonzero(bad.reshape(40, -1).any(axis=1))[:1]:
            raise AssertionError(
                f"callback's {what} {_at(y[i], raw[i])} with weight {weight[i]:g}: "
                f"got {got[i]!s}, expected {expected[i]!s} as of repeated rows"
            )


@_check()
def _check_metric(trial: _Trial) -> None:
    """The metric is the weighted mean of the values, under a name that engines minimise."""
    loss = trial.loss
    y, raw = _sample(loss, 40)
    weight = np.random.default_rng(3).uniform(0, 2, 40)
    for w in (None, weight):
        got = loss.metric(y, raw, w)
        expected = float(np.average(loss.value(y, raw), weights=w))
        how = "without" if w is None else "with"
        _require(
            np.isclose(got, expected, rtol=1e-12, atol=0),
            f"{how} weights: got {got!r}, expected the mean of value, {expected!r}",
        )
    name = loss.metric.__name__
    usable = not any(c.isspace() or c == ":" for c in name)
    _require(usable, f"its name {name!r} has a space or a colon, on which XGBoost crashes")
    maximised = name != "mape" and name.startswith(("auc", "map", "ndcg", "pre"))
    _require(not maximised, f"XGBoost maximises a metric of the name {name!r}")


@_check()
def _check_link(trial: _Trial) -> None:
    """The link's formula is its inverse, and there and back is where it was."""
    loss, link = trial.loss, trial.loss.link
    _, moderate = _sample(loss, 40)
    for dtype in _DTYPES:
        info = np.finfo(dtype)
        eps, tiny, top = float(info.eps), float(info.smallest_normal), float(info.max)
        _, raw = trial.grid(dtype)
        raw = raw[(np.abs(raw) <= 1e4).reshape(len(raw), -1).all(axis=1)]
        got = _rowwise(lambda _, raw: np.asarray(link.inverse(raw)), raw, raw)
        _require(got.dtype == dtype, f"inverse gives {got.dtype} for margins of {raw.dtype}")
        _require(got.shape == raw.shape, f"inverse gives {got.shape} for shape {raw.shape}")
        for row, p in zip(raw, got, strict=True):
            with trial.mpmath.workdps(50):
                mpf = trial.mpmath.mpf
                at = [mpf(float(x)) for x in row] if row.ndim else mpf(float(row))
                exact = np.asarray(trial.predict(at), dtype=object)
                # A prediction may saturate at the smallest and largest number.
                exact = np.vectorize(lambda x: float(min(max(x, -top), top)))(exact)
            slack = _ROUNDING * eps * (1 + np.abs(row).max()) * np.abs(exact) + 64 * tiny
            near = np.abs(p.astype(float) - exact) <= slack
            close = near | ((np.abs(exact) > top**0.99) & (p > top**0.99))
            _require(
                np.all(close),
                f"inverse in {raw.dtype} at raw_prediction={row.tolist()}: "
                f"got {p.tolist()}, expected {exact.tolist()} by {link.formula!r}",
            )
        raw = moderate.astype(dtype)
        p = link.inverse(raw)
        for what, back, there in (
            ("inverse(link(y_pred))", link.inverse(link.link(p)), p),
            ("link(inverse(raw_prediction))", link.link(p), raw),
        ):
            if raw.ndim == 2 and there is raw:
                continue  # k margins may be determined up to a constant only
            bad = ~np.isclose(back, there, rtol=1e4 * eps, atol=1e4 * eps)
            if there is raw:
                # From where a link is flat there is no way back.
                bad &= link.inverse(raw * dtype(1.01)) != p
            for i in np.flatnonzero(bad.reshape(len(raw), -1).any(axis=1))[:1]:
                raise AssertionError(
                    f"{what} in {raw.dtype}: got {back[i].tolist()}, expected {there[i].tolist()}"
                )
    for x in (-1.0, 0.0, 1.0, 2.0, np.nan, np.inf):
        wrong = np.full_like(moderate, x)
        if not np.all(link.domain.contains(wrong)):
            _require_error(lambda wrong=wrong: link.link(wrong), "y_pred", f"link({x})")


@_check()
def _check_callback(trial: _Trial) -> None:
    """The boosters get gradient and Hessian, up to one factor where that is declared."""
    loss = trial.loss
    y, raw = _sample(loss, 60)
    for adapter, dtype, group in (
        (xgboost.ADAPTER, np.float32, ...),
        (lightgbm.ADAPTER, np.float64, None),
    ):
        margins = np.asfortranarray(raw.astype(dtype))
        g, h = loss(y.astype(np.float32), margins, None, group)
        for what, x in (("gradient", g), ("hessian", h)):
            _require(x.dtype == np.float32, f"{what} for {adapter.name} is {x.dtype}")
            _require(x.shape == raw.shape, f"{what} for {adapter.name} has shape {x.shape}")
        gradient, hessian = loss.gradient_hessian(y.astype(np.float32), margins)
        # each of several margins has a factor of its own
        factor = np.median(h / hessian, axis=0) if loss.unit_curvature else 1.0
        stretch = adapter.coupling(raw.shape[1]) if loss.coupled_outputs else 1.0
        if loss.unit_curvature:
            mean = float(np.mean(h, dtype=np.float64))
            _require(mean > 1 - 1e-4, f"mean Hessian for {adapter.name} is {mean:g}, not 1")
        for what, got, expected in (
            ("gradient", g, factor * gradient),
            ("hessian", h, factor * stretch * hessian),
        ):
            bad = ~np.isclose(got, expected, rtol=1e-5, atol=1e-15)
            for i in np.flatnonzero(bad.reshape(len(raw), -1).any(axis=1))[:1]:
                raise AssertionError(
                    f"{what} for {adapter.name} {_at(y[i], raw[i])}: "
                    f"got {got[i]!s}, expected {expected[i]!s}"
                )


@_check()
def _check_threads(trial: _Trial) -> None:
    """Neither chunks nor threads change a bit."""
    loss = trial.loss
    y, raw = _sample(loss, 333)
    for dtype in _DTYPES:
        whole, chunked = (
            _callback_in(loss, y.astype(dtype), raw.astype(dtype), chunk, n_threads)
            for chunk, n_threads in ((1 << 20, 1), (48, 2))
        )
        for what, got, expected in zip(("gradient", "hessian"), chunked, whole, strict=True):
            _require_equal(f"callback's {what} in chunks and threads", y, raw, got, expected)


def _callback_in(
    loss: Loss, y: NumpyArray, raw: NumpyArray, chunk: int, n_threads: int
) -> tuple[NumpyArray, NumpyArray]:
    settings = {"CHUNK": chunk, "MIN_CHUNKS_PER_THREAD": 1, "_explicit_threads": n_threads}
    with mock.patch.multiple(parallel, **settings):
        return loss(y, raw)


@_check()
def _check_inputs_unchanged(trial: _Trial) -> None:
    """Nothing writes to what the user passed."""
    loss = trial.loss
    for dtype in _DTYPES:
        y, raw = (x.astype(dtype) for x in _sample(loss, 30))
        weight = np.linspace(0.5, 1.5, 30, dtype=dtype)
        before = y.copy(), raw.copy(), weight.copy()
        for what, call in (
            ("value", lambda y=y, raw=raw, w=weight: loss.value(y, raw)),
            ("gradient_hessian", lambda y=y, raw=raw, w=weight: loss.gradient_hessian(y, raw)),
            ("init_score", lambda y=y, raw=raw, w=weight: loss.init_score(y, w)),
            ("metric", lambda y=y, raw=raw, w=weight: loss.metric(y, raw, w)),
            ("callback", lambda y=y, raw=raw, w=weight: loss(y, raw, w)),
            ("link.inverse", lambda y=y, raw=raw, w=weight: loss.link.inverse(raw)),
        ):
            call()
            for name, now, then in zip(
                ("y_true", "raw_prediction", "sample_weight"), (y, raw, weight), before, strict=True
            ):
                _require(np.array_equal(now, then), f"{what} changes {name} in place")


@_check()
def _check_errors(trial: _Trial) -> None:
    """Wrong targets, weights and shapes raise a ValueError that names the argument."""
    loss = trial.loss
    y, raw = _sample(loss, 20)
    calls: dict[str, Callable[..., Any]] = {
        "value": lambda y, w: loss.value(y, raw),
        "gradient_hessian": lambda y, w: loss.gradient_hessian(y, raw),
        "callback": lambda y, w: loss(y, raw, w),
        "metric": lambda y, w: loss.metric(y, raw, w),
        "init_score": lambda y, w: loss.init_score(y, w),
    }
    for wrong in _wrong_targets(loss):
        bad = y.copy()
        bad[7] = wrong
        for name, call in calls.items():
            _require_error(lambda c=call, b=bad: c(b, None), "y_true", f"{name} for target {wrong}")
    for wrong in (-1.0, np.nan, np.inf):
        weight = np.ones(20)
        weight[7] = wrong
        for name in ("callback", "metric", "init_score"):
            call = calls[name]
            what = f"{name} for weight {wrong}"
            _require_error(lambda c=call, w=weight: c(y, w), "sample_weight", what)
    for name in ("callback", "metric", "init_score"):
        call = calls[name]
        what = f"{name} for 19 weights of 20 rows"
        _require_error(lambda c=call: c(y, np.ones(19)), "sample_weight", what)
    for name in ("value", "gradient_hessian", "callback", "metric"):
        call = calls[name]
        what = f"{name} for 19 targets of 20 rows"
        _require_error(lambda c=call: c(y[:19], None), "y_true", what)
    margins = raw.copy()
    margins[7] = np.nan
    _require_error(lambda: loss(y, margins), "raw_prediction", "callback for a margin of nan")


def _require_error(call: Callable[[], Any], argument: str, what: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            got = call()
    except ValueError as error:
        _require(argument in str(error), f"{what}: the error does not name {argument}: {error}")
    else:
        raise AssertionError(f"{what}: got {got!r}, expected a ValueError")


def _require_finite(what: str, y: NumpyArray, raw: NumpyArray, got: NumpyArray) -> None:
    bad = ~np.isfinite(got)
    if what == "Hessian":
        bad |= ~(got > 0)
    for i in np.flatnonzero(bad.reshape(len(raw), -1).any(axis=1))[:1]:
        expected = "finite and positive" if what == "Hessian" else "finite"
        raise AssertionError(
            f"{what} must be {expected}; in {raw.dtype} {_at(y[i], raw[i])} it is {got[i]!s}"
        )


def _require_equal(
    what: str, y: NumpyArray, raw: NumpyArray, got: NumpyArray, expected: NumpyArray
) -> None:
    """Require equality to the last bit."""
    bad = np.asarray(got != expected)
    for i in np.flatnonzero(bad.reshape(len(raw), -1).any(axis=1))[:1]:
        raise AssertionError(
            f"{what} {_at(y[i], raw[i])}: got {got[i]!s}, expected {expected[i]!s}"
        )
