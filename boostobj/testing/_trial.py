"""The loss on trial: rows to try it on, what its formula says there, and comparisons."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import FrozenInstanceError, fields, is_dataclass
from functools import cached_property
from typing import Any

import numpy as np

from boostobj._math import largest
from boostobj._typing import NumpyArray
from boostobj.base import Loss, Sample
from boostobj.testing import _families as families
from boostobj.testing._formula import (
    ENOUGH,
    FAILURES,
    MOST,
    Exact,
    Formula,
    differentiate,
    import_mpmath,
    real,
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
        self.fixed = _adapted(loss)
        self.mpmath = import_mpmath()
        self.formula = Formula(self.fixed.formula)
        self.link = Formula(loss.link.formula)
        self.parameters = _parameters(self.fixed)
        self.link_parameters = _parameters(loss.link)
        self._exact: dict[Any, Exact | None] = {}

    @cached_property
    def rows(self) -> tuple[NumpyArray, NumpyArray]:
        """The hard rows, the more ordinary ones first."""
        return families.grid(self.loss, self._branches)

    def grid(self, dtype: Any) -> tuple[NumpyArray, NumpyArray]:
        """Those that this precision can hold."""
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
        formula: Formula | None = None,
        limit: int = ENOUGH,
    ) -> Exact | None:
        """Value and derivatives at one row, by the formula."""
        formula = formula or self.formula
        function = self._function(y, parameters or self.parameters, formula)
        at = np.atleast_1d(raw).tolist()
        return differentiate(function, at, (formula, self.link), limit)

    def _function(
        self, y: Any, parameters: dict[str, Any], formula: Formula
    ) -> Callable[[Sequence[Any]], Any]:
        """The formula as a function of the margins of one row."""
        link = self.predict if "p" in formula.names else _no_link
        mpf = self.mpmath.mpf
        target = [mpf(float(v)) for v in y] if np.ndim(y) else mpf(float(y))
        return lambda raw: families.evaluate(self.loss, formula, parameters, target, raw, link)

    def why_not(self, y: Any, raw: NumpyArray) -> str:
        """What is in the way of the formula at one row, for an error message."""
        try:
            margins = [self.mpmath.mpf(x) for x in np.ravel(raw).tolist()]
            real(self._function(y, self.parameters, self.formula)(margins))
        except FAILURES as error:
            return f"{type(error).__name__}: {error}, {at(y, raw)}"
        return f"its derivatives are not, {at(y, raw)}"

    def terms(self, raw: NumpyArray) -> NumpyArray:
        """The size of terms whose cancellation in a row's results is tolerated.

        Losses of k coupled classes cannot but subtract, a label from a probability and a margin
        from another, so that rounding errors of this size are no fault. For all others it is zero:
        what cancels has to be rewritten.
        """
        largest = np.abs(raw.astype(np.float64)).reshape(len(raw), -1).max(axis=1)
        return np.asarray(self._pull * (1 + largest))

    @cached_property
    def _pull(self) -> float:
        """The ordinary size of a gradient of classes that share a loss."""
        if not self.loss.coupled_outputs:
            return 0.0
        known = [exact for exact in self.expected(*self.rows) if exact is not None]
        return float(np.median([max(abs(float(b)) for _, b in e.gradients) for e in known] or [0]))

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
        shifts: list[dict[str, Any]] = []
        for sign in (-1, 1):
            # arguments are doubles, which hold no less than one epsilon of their own
            up = 1 + sign * max(unit / 2, float(np.finfo(np.float64).eps))
            raws = np.tile(raw, (np.size(raw), 1)) if np.ndim(raw) else np.asarray([raw])
            for j in range(np.size(raw)):
                moved = raws[j] * np.where(np.arange(np.size(raw)) == j, up, 1.0)
                shifts.append({"raw": moved if np.ndim(raw) else moved[0]})
            # The labels of a row are rounded one by one.
            for j in range(np.size(y)):
                one = np.atleast_1d(y).copy()
                one[j] *= 1 if one[j] in (-1, 0, 1) else up
                if np.any(one != y):
                    shifts.append({"y": one if np.ndim(y) else one[0]})
            for name, value in self.parameters.items():
                if isinstance(value, self.mpmath.mpf):
                    shifted = {**self.parameters, name: value * (1 + sign * unit)}
                    shifts.append({"parameters": shifted})
            if self._is_made_of_losses:  # whose parameters are numbers in the formula
                factor = 1 + sign * max(unit, float(np.finfo(np.float64).eps))
                shifts += [{"formula": formula} for formula in self.formula.moved(factor)]
        found = [self.exact(**{"y": y, "raw": raw, **shift}, limit=limit) for shift in shifts]
        return [exact for exact in found if exact is not None]

    @cached_property
    def _is_made_of_losses(self) -> bool:
        return sum(isinstance(part, Loss) for part in parts(self.fixed)) > 1

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


def parts(x: Any) -> Iterator[Any]:
    """A loss and everything that its parameters are made of."""
    yield x
    inner = x if isinstance(x, tuple) else ()
    if is_dataclass(x) and not isinstance(x, type):
        inner = tuple(getattr(x, field.name) for field in fields(x))
    for part in inner:
        yield from parts(part)


def _parameters(owner: Any) -> dict[str, Any]:
    """A dataclass's fields, floats as mpf, those of any precision."""
    mpf = import_mpmath().mpf

    def exact(value: Any) -> Any:
        if isinstance(value, tuple):
            return [exact(v) for v in value]
        plain = value.item() if isinstance(value, np.generic) else value
        return mpf(plain) if isinstance(plain, float) else plain

    if not is_dataclass(owner):
        return {}
    return {f.name: exact(getattr(owner, f.name)) for f in fields(owner)}


def _adapted(loss: Loss) -> Any:
    """The loss adapted to a sample, which must keep it from adapting to another."""
    fixed = _adapted_once(loss, 50)
    again = _adapted_once(fixed, 80)
    require(
        again == fixed,
        f"_adapted must return a loss that is adapted already as it is, got {again!r} "
        f"of {fixed!r}; let a parameter tell, such as one that is None before",
    )
    return fixed


def _adapted_once(loss: Loss, n: int) -> Any:
    try:
        adapted: Any = loss._adapted(Sample(*families.sample(loss, n)))
    except FrozenInstanceError as error:
        raise AssertionError(
            f"_adapted must return a new loss, as dataclasses.replace makes it: {error}"
        ) from error
    require(
        type(adapted) is type(loss),
        f"_adapted must return a {type(loss).__name__}, got {adapted!r}",
    )
    return adapted


def _no_link(raw: Any) -> None:
    """In place of a link that the formula does not use."""


def at(y: Any, raw: Any) -> str:
    return f"at y_true={np.asarray(y).tolist()}, raw_prediction={np.asarray(raw).tolist()}"


def first_bad(bad: Any) -> list[int]:
    """The number of the first row in which something is bad, if there is one."""
    rows = np.reshape(bad, (len(bad), -1)).any(axis=1)
    return [int(i) for i in np.flatnonzero(rows)[:1]]


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
                where = f"in {raw.dtype} {at(y[i], raw[i])}"
                raise AssertionError(f"{type(at_row).__name__}: {at_row}, {where}") from at_row
        raise AssertionError(f"{type(warning).__name__}: {warning}, in {raw.dtype}") from warning


def compare(
    trial: Trial,
    pick: Callable[[Exact], Sequence[tuple[Any, Any]]],
    y: NumpyArray,
    raw: NumpyArray,
    function: Callable[[NumpyArray, NumpyArray], NumpyArray],
    floor: float = -np.inf,
    remedy: str = "",
) -> NumpyArray:
    """What `function` gives, which must lie between the bounds that `pick` takes of the exact.

    `remedy` ends the message, unless all that is missing is precision.
    """
    info = np.finfo(raw.dtype)
    dtype, eps, tiny = raw.dtype, float(info.eps), float(info.smallest_normal)
    results: NumpyArray = rowwise(function, y, raw)
    expected = trial.expected(y, raw)
    known = [i for i, exact in enumerate(expected) if exact is not None]
    if 2 * len(known) <= len(raw):
        i = expected.index(None)
        reason = trial.why_not(y[i].astype(float), raw[i].astype(float))
        raise AssertionError(f"formula {trial.fixed.formula!r} is not computable: {reason}")
    bounds = [[(float(a), float(b)) for a, b in pick(expected[i])] for i in known]  # type: ignore[arg-type]
    require(
        results.shape[:1] == raw.shape[:1] and results.size == len(raw) * len(bounds[0]),
        f"shape is {results.shape} for margins of shape {raw.shape}",
    )
    low, high = np.maximum(np.moveaxis(np.asarray(bounds), -1, 0), floor)
    got = results.astype(np.float64).reshape(len(raw), -1)[known]
    size = np.maximum(np.abs(low), np.abs(high))
    terms = trial.terms(raw)[known, None]
    # An infinite bound is a result that no double can hold.
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.fmax(np.fmax(low - got, got - high), 0)
        excess = error / (ROUNDING * eps * (size + terms) + 64 * tiny)
    excess[np.isnan(got)] = np.inf
    # A result too large for the precision need only be large and of the right sign.
    huge = size > largest(raw)
    right = (np.sign(got) == np.sign(high)) & (np.abs(got) > np.sqrt(float(info.max)))
    excess = np.where(huge, np.where(right, 0, np.inf), excess)
    for i, j in np.argwhere(excess > 1):
        row = known[i]
        y_row, raw_row = (x[row].astype(float) for x in (y, raw))
        value = float(got[i, j])
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
            slack += ROUNDING * eps * (max(abs(a), abs(b)) + float(terms[i, 0])) + 64 * tiny
            if not huge[i, j] and a - slack <= value <= b + slack:
                break
        else:
            wanted = trial.mpmath.nstr(a, 17)
            if abs(b - a) > eps * abs(b):
                wanted += f" to {trial.mpmath.nstr(b, 17)}"
            output = f", output {j}" if got.shape[1] > 1 else ""
            double = _in_double(function, y[row : row + 1], raw[row : row + 1])[j]
            if dtype == np.float32 and a - slack <= double <= b + slack:
                remedy = (
                    f"; right in double precision, {double!r}: in float32 something over- or "
                    "underflows, or a difference of nearly equal numbers cancels: rewrite it, e.g. "
                    "with log1p, expm1, logaddexp or hypot, or compute in float64"
                )
            raise AssertionError(
                f"in {dtype} {at(y_row, raw_row)}{output}: got {value!r}, expected {wanted}{remedy}"
            )
    return results


def _in_double(
    function: Callable[[NumpyArray, NumpyArray], NumpyArray], y: NumpyArray, raw: NumpyArray
) -> list[float]:
    """What `function` gives for one row in double precision."""
    with np.errstate(all="ignore"):
        result = function(y.astype(np.float64), raw.astype(np.float64))
    return np.ravel(result).tolist()


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
    for i in first_bad(bad):
        expected = "finite and positive" if what == "Hessian" else "finite"
        raise AssertionError(
            f"{what} must be {expected}; in {raw.dtype} {at(y[i], raw[i])} it is {got[i]!s}"
        )


def require_equal(
    what: str, y: NumpyArray, raw: NumpyArray, got: NumpyArray, expected: NumpyArray
) -> None:
    """Require equality to the last bit."""
    for i in first_bad(got != expected):
        raise AssertionError(f"{what} {at(y[i], raw[i])}: got {got[i]!s}, expected {expected[i]!s}")
