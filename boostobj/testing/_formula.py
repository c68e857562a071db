"""Formulas of losses and links, executed in high precision by mpmath."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

#: Differences are taken at a relative distance of ``10**-STEP``, far inside one unit in the last
#: place of a double, so that they stay on one side of a branch point.
STEP = 24

#: Digits beyond which the exponentially small part of a formula lies below every double.
ENOUGH = 1000

#: Digits that no formula is worth; beyond, its exponentially small part is left out.
MOST = 4_000

#: Functions made of ``exp(x)``: whether also of ``exp(-x)``.
_EXPONENTIALS = {"exp": False, "expm1": False, "sinh": True, "cosh": True, "tanh": True}

_BUILTINS = {
    f.__name__: f for f in (abs, all, any, enumerate, len, max, min, range, sorted, sum, zip)
}

#: What arithmetic that fails raises.
FAILURES = (ArithmeticError, ValueError, TypeError)


def import_mpmath() -> ModuleType:
    """mpmath, or an ImportError that says what to install."""
    try:
        import mpmath
    except ImportError as error:
        raise ImportError("boostobj.testing compares with mpmath: pip install mpmath") from error
    module: ModuleType = mpmath
    return module


class Formula:
    """A Python expression as a function of its names.

    Names are looked up among the values of the call, then mpmath's functions, then a few of
    Python's own.

    Parameters
    ----------
    text : str
        The expression.

    Attributes
    ----------
    names : frozenset of str
        The names in it.
    span : float
        Between the smallest and largest exponent met since `forget`: ``exp(-span)`` is the
        smallest number that the formula may have added to one.
    """

    def __init__(self, text: str) -> None:
        self._tree = ast.parse(text.strip(), mode="eval")
        exact = _ExactNumbers().visit(ast.parse(text.strip(), mode="eval"))
        self._code = compile(ast.fix_missing_locations(exact), text, "eval")
        self.names = frozenset(n.id for n in ast.walk(self._tree) if isinstance(n, ast.Name))
        self.forget()
        mpmath = import_mpmath()
        functions = {name: getattr(mpmath, name) for name in self.names if hasattr(mpmath, name)}
        functions |= {name: _BUILTINS[name] for name in self.names & set(_BUILTINS)}
        functions |= {
            name: self._noting_exponents(function, _EXPONENTIALS[name])
            for name, function in functions.items()
            if name in _EXPONENTIALS
        }
        self._scope = {"__builtins__": {}, "mpmathify": mpmath.mpmathify, **functions}

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """The formula's value."""
        try:
            return eval(self._code, {**self._scope, **values})
        except NameError as error:
            raise NameError(
                f"{error}; a formula knows the loss's parameters, the family's variables, the "
                f"functions of mpmath, such as exp and log, and {', '.join(_BUILTINS)}"
            ) from None

    def differences(self) -> list[Formula]:
        """Expressions that are zero where the formula may change from one branch to another."""
        pairs = []
        bound = {
            n.id
            for n in ast.walk(self._tree)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Compare):
                pairs.append((node.left, node.comparators[0]))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id == "abs":
                    pairs.append((node.args[0], ast.Constant(0)))
                elif node.func.id in {"max", "min"} and len(node.args) == 2:
                    pairs.append((node.args[0], node.args[1]))
        found = [Formula(f"({ast.unparse(a)}) - ({ast.unparse(b)})") for a, b in pairs]
        return [f for f in found if not f.names & bound]

    def moved(self, factor: float) -> list[Formula]:
        """The formula with one of its fractions multiplied by `factor`, for each of them."""
        found = []
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                value, node.value = node.value, node.value * factor
                found.append(Formula(ast.unparse(self._tree)))
                node.value = value
        return found

    @property
    def span(self) -> float:
        return self._high - self._low

    def forget(self) -> None:
        """Start to note exponents anew."""
        self._low = self._high = 0.0
        self._known: dict[Any, Any] = {}

    def _noting_exponents(
        self, function: Callable[[Any], Any], both_signs: bool
    ) -> Callable[[Any], Any]:
        mpmath = import_mpmath()

        def noting(x: Any) -> Any:
            # Differences by one of k margins ask for the exponentials of the others again.
            key = (function, x, mpmath.mp.prec)
            if key not in self._known:
                # An exponential of an exponential would take more digits than there is memory.
                if x > sys.float_info.max and function is not mpmath.tanh:
                    raise OverflowError(f"the exponent {mpmath.nstr(x, 3)} is too large")
                x = max(x, -mpmath.mpf(sys.float_info.max))
                exponent = max(-1e18, min(float(x), 1e18))
                for e in (exponent, -exponent) if both_signs else (exponent,):
                    self._low, self._high = min(self._low, e), max(self._high, e)
                self._known[key] = function(x)
            return self._known[key]

        return noting


class _ExactNumbers(ast.NodeTransformer):
    """Numbers in a formula take part in high precision: ``1 - 0.9`` and ``1/3`` would round.

    Whole numbers stay what they are, as they may be indices, but when divided or raised.
    """

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self._exact(node) if isinstance(node.value, float) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div | ast.Pow):
            node.left = self._exact(node.left)
        return node

    @staticmethod
    def _exact(node: ast.expr) -> ast.expr:
        return ast.Call(ast.Name("mpmathify", ast.Load()), [node], [])


@dataclass(frozen=True)
class Exact:
    """A loss and its derivatives at one row, as bounds: they differ where there is a kink.

    Attributes
    ----------
    value : tuple of mpf
        Twice the value.
    gradients, hessians : tuple of tuple of mpf
        Lower and upper bound for each margin.
    """

    value: tuple[Any, Any]
    gradients: tuple[tuple[Any, Any], ...]
    hessians: tuple[tuple[Any, Any], ...]


def differentiate(
    function: Callable[[Sequence[Any]], Any],
    at: Sequence[float],
    formulas: Sequence[Formula],
    limit: int = ENOUGH,
) -> Exact | None:
    """Value, gradient and diagonal of the Hessian by one-sided differences.

    Parameters
    ----------
    function : callable
        Of a sequence of mpf, made of `formulas`.
    at : sequence of float
        Where.
    formulas : sequence of Formula
        They tell how much precision the exponentials need.
    limit : int
        Digits to spend on that.

    Returns
    -------
    Exact or None
        None if the formula cannot be computed there.
    """
    mp = import_mpmath().mp
    magnitudes = [abs(math.log10(abs(x))) for x in at if x]
    base = 30 + 2 * STEP + 4 * int(max(magnitudes, default=0.0))
    for formula in formulas:
        formula.forget()
    with mp.workdps(base):
        attempt(lambda: function([mp.mpf(x) for x in at]))
    # Twice: once for what is lost in ``1 - p``, once for the derivative's share of the value.
    wanted = int(2 * max(f.span for f in formulas) / math.log(10)) + 1
    # Where the precision wanted is out of reach, the base shows what is left of the formula.
    digits = min(wanted, limit) if wanted <= MOST else 0
    with mp.workdps(base + digits):
        exact: Exact | None = attempt(lambda: _differences(function, [mp.mpf(x) for x in at]))
    if exact is None and limit < wanted <= MOST:
        return differentiate(function, at, formulas, MOST)
    return exact


def _differences(function: Callable[[Sequence[Any]], Any], at: list[Any]) -> Exact:
    mp = import_mpmath().mp
    value = real(function(at))
    gradients, hessians = [], []
    for j, x in enumerate(at):
        step = (abs(x) or 1) * mp.mpf(10) ** -STEP
        slopes, curvatures = [], []
        for h in (-step, step):
            near, far = (real(function([*at[:j], x + i * h, *at[j + 1 :]])) for i in (1, 2))
            slopes.append((near - value) / h)
            curvatures.append((far - 2 * near + value) / h**2)
        gradients.append((min(slopes), max(slopes)))
        hessians.append((min(curvatures), max(curvatures)))
    return Exact((value, value), tuple(gradients), tuple(hessians))


def roots(function: Callable[[float], float], grid: Sequence[float]) -> list[float]:
    """Doubles next to which a function of one number changes sign."""
    found = []
    values = [attempt(lambda x=x: float(function(x))) for x in grid]  # type: ignore[misc]
    for a, b, at_a, at_b in zip(grid, grid[1:], values, values[1:], strict=False):
        if at_a == 0:
            found.append(a)
        elif at_a is not None and at_b is not None and at_a * at_b < 0:
            low, high = a, b
            while low < (middle := (low + high) / 2) < high:
                at_middle = function(middle)
                if at_middle == 0:
                    low = high = middle
                elif at_middle * at_a > 0:
                    low = middle
                else:
                    high = middle
            found.append(high)
    return found


def real(x: Any) -> Any:
    if not import_mpmath().isfinite(x) or x.imag:
        raise ValueError("not a finite real number")
    return x


def attempt(function: Callable[[], Any]) -> Any:
    """What `function` returns, None where arithmetic fails."""
    try:
        return function()
    except FAILURES:
        return None
