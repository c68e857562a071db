"""Elementwise functions that stay accurate and silent for every finite input.

Each works on any array of the array API standard and keeps the dtype. They share two habits: the
argument of an exponential is bounded, so that nothing overflows, and differences of nearly equal
numbers are rewritten instead of computed.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

import numpy as np
from array_api_compat import is_numpy_array

from boostobj._arrays import array_namespace
from boostobj._typing import Array


def clip(x: Array, min: Any = -math.inf, max: Any = math.inf) -> Array:  # noqa: A002
    """``xp.clip``, which takes NumPy four times as long for one bound as for two."""
    if type(x) is np.ndarray or is_numpy_array(x):
        return x.clip(min, max)
    return array_namespace(x).clip(x, min=min, max=max)


def times(factor: float, x: Array) -> Array:
    """``factor * x`` for a factor > 0, no further from zero than `largest`."""
    bound = largest(x) / max(factor, 1.0)
    return factor * clip(x, min=-bound, max=bound)


def saturated(x: Array, raw: Array) -> Array:
    """`x` in the precision of the margins, as large as it gets where that cannot hold it."""
    xp = array_namespace(raw)
    if x.dtype != raw.dtype and xp.isdtype(x.dtype, "real floating"):
        most = float(xp.finfo(raw.dtype).max)
        x = clip(x, min=-most, max=most)
    return xp.astype(x, raw.dtype, copy=False)


def power(x: Array, exponent: float) -> Array:
    """``x**exponent`` for ``exponent >= 0``; whole ones by products, in a tenth of the time."""
    n = int(exponent)
    if n != exponent or not 1 <= n <= 64:
        return x**exponent
    if n == 1:
        return x
    root = power(x, n // 2)
    return root * root * x if n % 2 else root * root


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``."""
    return sigmoids(x)[0]


def sigmoids(x: Array) -> tuple[Array, Array]:
    """``sigmoid(x)`` and ``sigmoid(-x)``."""
    return _shares_of_two(x, _odds_against(x))


def sigmoids_and_softplus(x: Array) -> tuple[Array, Array, Array]:
    """`sigmoids` and ``softplus(-x)``, which is ``-log(sigmoid(x))``, from one exponential."""
    e = _odds_against(x)
    return *_shares_of_two(x, e), clip(-x, min=0) + log1p(e)


def _odds_against(x: Array) -> Array:
    """Odds of the less likely of two classes at log-odds `x`, at most 1."""
    xp = array_namespace(x)
    return xp.exp(-xp.abs(x))


def _shares_of_two(x: Array, e: Array) -> tuple[Array, Array]:
    """Both probabilities at log-odds `x` whose `_odds_against` are `e`."""
    xp = array_namespace(x)
    one, other = (xp.maximum(e, xp.astype(side, x.dtype)) / (1 + e) for side in (x >= 0, x <= 0))
    return one, other


def log1p(x: Array) -> Array:
    """``log(1 + x)`` for ``x > -1``, with full relative accuracy near zero.

    NumPy vectorises its logarithm on every processor and its log1p on few. The second term is what
    ``1 + x`` has lost in rounding.
    """
    one_plus = 1 + x
    return array_namespace(x).log(one_plus) - ((one_plus - 1) - x) / one_plus


def softplus(x: Array) -> Array:
    """``log(1 + exp(x))``, with full relative accuracy where it underflows."""
    return clip(x, min=0) + log1p(_odds_against(x))


def exp_softplus(x: Array) -> Array:
    """``exp(x) * log(1 + exp(-x))``, which rises from 0 to 1."""
    xp = array_namespace(x)
    # 1 to the last bit in either precision beyond that
    x = clip(x, max=40)
    return xp.exp(x) * softplus(-x)


def log_cosh(x: Array) -> Array:
    """``log(cosh(x))``: ``-log(1 - tanh(x)**2)/2`` near zero, ``|x| - log(2) + …`` beyond."""
    xp = array_namespace(x)
    a = xp.abs(x)
    near = -0.5 * log1p(-xp.square(xp.tanh(clip(a, max=1.0))))
    far = a + log1p(xp.exp(-a) ** 2) - math.log(2)
    return xp.where(a < 1, near, far)


def tanhc(x: Array) -> Array:
    """``tanh(x) / x``, 1 at zero."""
    xp = array_namespace(x)
    # below this, tanh(x)/x rounds to 1 in either precision
    a = clip(xp.abs(x), min=1e-12)
    return xp.tanh(a) / a


def within_scale(r: Array, scale: float) -> Array:
    """`r`, ended where ``r / scale`` would overflow."""
    if scale >= 1:
        return r
    far = scale * float(array_namespace(r).finfo(r.dtype).max)
    return clip(r, min=-far, max=far)


def hypot(x: Array, y: Array | float = 1.0) -> Array:
    """``sqrt(x**2 + y**2)`` for ``y > 0``, without a square that overflows."""
    xp = array_namespace(x)
    a = xp.abs(x)
    larger = clip(a, min=y)
    return larger * xp.sqrt(1 + xp.square(clip(a, max=y) / larger))


def log_hypot1(x: Array) -> Array:
    """``log(sqrt(1 + x**2))``."""
    xp = array_namespace(x)
    a = xp.abs(x)
    return log1p(a * (a / (1 + hypot(a))))


def bounded_exp(x: Array, factor: Array | None = None) -> Array:
    """``factor * exp(x)`` for ``factor >= 0``, at most `largest`.

    So it stays constant beyond some ``x`` near 86 in float32 and 703 in float64.
    """
    xp = array_namespace(x)
    top = largest(x)
    e = xp.exp(clip(x, max=math.log(top)))
    if factor is None:
        return e
    factor = xp.astype(factor, x.dtype)
    return factor * xp.minimum(e, top / clip(factor, min=1.0))


def largest(x: Array) -> float:
    """The largest number of the dtype of `x` over 2**9 (float64) or 2**3 (float32).

    Sums of some hundred such numbers stay finite in double precision.
    """
    info = array_namespace(x).finfo(x.dtype)
    return float(info.max) / (2.0**9 if info.bits == 64 else 2.0**3)


def exp_remainder(x: Array) -> Array:
    """``exp(x) - 1 - x``, bounded as `bounded_exp`: a series near zero."""
    xp = array_namespace(x)
    near = clip(x, min=-1.0, max=1.0)
    series = xp.ones_like(near)
    for k in range(18, 2, -1):
        series = 1 + near / k * series
    far = bounded_exp(x) - 1 - clip(x, max=math.log(largest(x)))
    return xp.where(xp.abs(x) < 1, near**2 / 2 * series, far)


def expm1c(x: Array) -> Array:
    """``expm1(x) / x``, 1 at zero."""
    zero = array_namespace(x).astype(x == 0, x.dtype)
    return (array_namespace(x).expm1(x) + zero) / (x + zero)


def log1p_remainder(x: Array) -> Array:
    """``x - log1p(x)`` for ``x >= 0``: the series of ``atanh(x/(2 + x))`` near zero."""
    xp = array_namespace(x)
    near = clip(x, max=0.5)
    t = near / (2 + near)
    series = xp.zeros_like(t)
    for k in range(23, 1, -2):
        series = 1 / k + t**2 * series
    return xp.where(x < 0.5, t * (near - 2 * t**2 * series), x - log1p(x))


def softmax(x: Array) -> tuple[Array, Array]:
    """Softmax over the last axis: ``p`` and ``1 - p``, each to full accuracy.

    ``1 - p`` of the leading class is summed over the others, not subtracted, so that a confident
    row keeps a gradient.
    """
    _, e, rest = _beside_leader(x)
    return _shares(e, rest)


def log_softmax(x: Array) -> Array:
    """Logarithm of the softmax over the last axis, to full accuracy."""
    distance, _, rest = _beside_leader(x)
    return distance - log1p(rest)


def softmax_and_log(x: Array) -> tuple[Array, Array, Array]:
    """`softmax` and `log_softmax` from one exponential."""
    distance, e, rest = _beside_leader(x)
    return *_shares(e, rest), distance - log1p(rest)


def _shares(e: Array, rest: Array) -> tuple[Array, Array]:
    """``p`` and ``1 - p`` from what `_beside_leader` gives."""
    total = 1 + rest
    return e / total, (rest + (1 - e)) / total


def _beside_leader(x: Array) -> tuple[Array, Array, Array]:
    """``x`` less the largest of its row, the exponential, and the row's sum of these less one.

    That one is the largest's, ``exp(0)``, which would hide small others in the sum.
    """
    xp = array_namespace(x)
    half = float(xp.finfo(x.dtype).max) / 2
    x = clip(x, min=-half, max=half)
    distance = x - xp.max(x, axis=-1, keepdims=True)
    e = xp.exp(distance)
    leads = xp.astype(distance == 0, x.dtype)
    rest = xp.sum(e - leads, axis=-1, keepdims=True)
    # ties count
    return distance, e, rest + (xp.sum(leads, axis=-1, keepdims=True) - 1)


def sum_of_others(x: Array) -> Array:
    """Sum over the columns of `x` without the element itself, never by subtracting it."""
    xp = array_namespace(x)
    columns = [x[:, j] for j in range(x.shape[1])]
    none = xp.zeros_like(columns[0])
    before = accumulate(columns[:-1], initial=none)
    after = reversed(list(accumulate(columns[:0:-1], initial=none)))
    return xp.permute_dims(xp.stack([a + b for a, b in zip(before, after, strict=True)]), (1, 0))


def choose(condition: Array, yes: Array | float, no: Array | float, dtype: Any) -> Array:
    """``where(condition, yes, no)`` for finite numbers, without NumPy's branch for each element.

    On conditions that follow no pattern it takes a fifth of the time.
    """
    share = array_namespace(condition).astype(condition, dtype)
    return share * yes + (1 - share) * no
