"""The loss on trial: rows to try it on, what its formula says there, and comparisons."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.base import Loss, Sample
from boostobj.testing import _families as families
from boostobj.testing._formula import (
    ENOUGH,
    MOST,
    Exact,
    Formula,
    differentiate,
    import_mpmath,
    roots,
)

DTYPES = (np.float32, np.float64)

#: Errors allowed, in machine epsilons: of the result, and of what half an epsilon in an argument
#: or a parameter makes of it.
ROUNDING, CONDITION = 32, 8


class Trial:
    """A loss with the rows to try it on and what its formula says there.

    Attributes
    ----------
    loss : Loss
        As the user made it.
    fixed : Loss
        The same adapted to a sample, so that it no longer adapts to the rows it is tried on: the
        loss that the formula describes.
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.fixed = loss._adapted(Sample(*families.sample(loss, 50)))
        self.mpmath = import_mpmath()
        self.formula = Formula(self.fixed.formula)
        self.link = Formula(loss.link.formula)
        self.parameters = _parameters(self.fixed)
        self.link_parameters = _parameters(loss.link)
        self._exact: dict[Any, Exact | None] = {}

    @cached_property
    def rows(self) -> tuple[NumpyArray, NumpyArray]:
        return families.grid(self.loss, self._branches)

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
        link = self.predict if "p" in self.formula.names else _no_link
        values = self.parameters if parameters is None else parameters
        mpf = self.mpmath.mpf
        target = [mpf(float(v)) for v in y] if np.ndim(y) else mpf(float(y))

        def function(raw: Sequence[Any]) -> Any:
            return families.evaluate(self.loss, self.formula, values, target, raw, link)

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
        shifts: list[tuple[Any, NumpyArray, dict[str, Any] | None]] = []
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
        found = [
            float(v)
            for v in self.parameters.values()
            if isinstance(v, self.mpmath.mpf) and self.mpmath.isfinite(v)
        ]
        found = [b for v in found for b in (-v, v)]
        grid = families.single(np.geomspace(1e-6, 1e6, 60))
        line = [*-grid[::-1], 0.0, *grid]
        for difference in self.formula.differences():

            def function(x: float, difference: Formula = difference) -> Any:
                raw = [self.mpmath.mpf(x)]
                variables = families.variables(self.loss, self.mpmath.mpf(y), raw, self.predict)
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


def _no_link(raw: Any) -> None:
    """In place of a link that the formula does not use."""


def at(y: Any, raw: Any) -> str:
    return f"at y_true={np.asarray(y).tolist()}, raw_prediction={np.asarray(raw).tolist()}"


def rowwise(
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
                where = f"{raw.dtype} {at(y[i], raw[i])}"
                raise AssertionError(f"{type(at_row).__name__}: {at_row}, {where}") from at_row
        raise AssertionError(f"{type(warning).__name__}: {warning}, in {raw.dtype}") from warning


def compare(
    trial: Trial,
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
    require(2 * len(known) > len(raw), f"formula {trial.fixed.formula!r} is not computable")
    bounds = [[(float(a), float(b)) for a, b in pick(expected[i])] for i in known]  # type: ignore[arg-type]
    low, high = np.maximum(np.moveaxis(np.asarray(bounds), -1, 0), floor)
    known_got = got[known]
    size = np.maximum(np.abs(low), np.abs(high))
    # An infinite bound is a result that no double can hold.
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.fmax(np.fmax(low - known_got, known_got - high), 0)
        excess = error / (ROUNDING * eps * size + 64 * tiny)
    excess[np.isnan(known_got)] = np.inf
    # A result too large for the precision need only be large and of the right sign.
    huge = size > float(info.max) / 4
    right = (np.sign(known_got) == np.sign(high)) & (np.abs(known_got) > np.sqrt(float(info.max)))
    excess = np.where(huge, np.where(right, 0, np.inf), excess)
    suspects = np.argwhere(excess > 1)
    # A margin around one tells most: far off, nearly everything over- or underflows.
    margin = np.abs(raw.astype(np.float64)).reshape(len(raw), -1).max(axis=1)[known]
    size_class = np.abs(np.log(np.maximum(margin, 1e-9)))
    for i, j in suspects[np.argsort(size_class[suspects[:, 0]], kind="stable")]:
        y_row, raw_row = (x[known[i]].astype(float) for x in (y, raw))
        value = float(known_got[i, j])
        # First with the precision that is mostly enough.
        for limit in (ENOUGH, MOST):
            exact = trial.exact(y_row, raw_row, limit=limit)
            if exact is None:
                break
            a, b = (max(x, floor) for x in pick(exact)[j])
            near = [pick(e)[j] for e in trial.neighbours(y_row, raw_row, dtype, limit)]
            slack = CONDITION * max(
                max(abs(max(lo, floor) - a), abs(max(hi, floor) - b)) for lo, hi in near or [(a, b)]
            )
            slack += ROUNDING * eps * max(abs(a), abs(b)) + 64 * tiny
            if not huge[i, j] and a - slack <= value <= b + slack:
                break
        else:
            wanted = trial.mpmath.nstr(a, 17)
            if abs(b - a) > eps * abs(b):
                wanted += f" to {trial.mpmath.nstr(b, 17)}"
            output = f", output {j}" if got.shape[1] > 1 else ""
            raise AssertionError(
                f"in {dtype} {at(y_row, raw_row)}{output}: got {value!r}, expected {wanted}"
            )


def require(condition: Any, message: str) -> None:
    """Like an assert statement, which would vanish under ``python -O``."""
    if not condition:
        raise AssertionError(message)


def require_error(call: Callable[[], Any], argument: str, what: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            got = call()
    except ValueError as error:
        require(argument in str(error), f"{what}: the error does not name {argument}: {error}")
    else:
        raise AssertionError(f"{what}: got {got!r}, expected a ValueError")


def require_finite(what: str, y: NumpyArray, raw: NumpyArray, got: NumpyArray) -> None:
    bad = ~np.isfinite(got)
    if what == "Hessian":
        bad |= ~(got > 0)
    for i in np.flatnonzero(bad.reshape(len(raw), -1).any(axis=1))[:1]:
        expected = "finite and positive" if what == "Hessian" else "finite"
        raise AssertionError(
            f"{what} must be {expected}; in {raw.dtype} {at(y[i], raw[i])} it is {got[i]!s}"
        )


def require_equal(
    what: str, y: NumpyArray, raw: NumpyArray, got: NumpyArray, expected: NumpyArray
) -> None:
    """Require equality to the last bit."""
    bad = np.asarray(got != expected)
    for i in np.flatnonzero(bad.reshape(len(raw), -1).any(axis=1))[:1]:
        raise AssertionError(f"{what} {at(y[i], raw[i])}: got {got[i]!s}, expected {expected[i]!s}")
