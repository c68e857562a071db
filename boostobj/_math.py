"""Elementwise functions that stay accurate and silent for every finite input.

Each works on any array of the array API standard and keeps the dtype. They share one habit: the
argument of an exponential is never positive, so nothing overflows, and differences of nearly
equal numbers are rewritten instead of computed.
"""

from __future__ import annotations

import math

from array_api_compat import array_namespace

from boostobj._typing import Array


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``."""
    xp = array_namespace(x)
    e = xp.exp(-xp.abs(x))
    return xp.where(x < 0, e, xp.ones_like(e)) / (1 + e)


def softplus(x: Array) -> Array:
    """``log(1 + exp(x))``, with full relative accuracy where it underflows."""
    xp = array_namespace(x)
    return xp.clip(x, min=0) + xp.log1p(xp.exp(-xp.abs(x)))


def log_cosh(x: Array) -> Array:
    """``log(cosh(x))``: ``log1p(2 sinh(x/2)**2)`` near zero, ``|x| - log(2) + …`` beyond."""
    xp = array_namespace(x)
    a = xp.abs(x)
    near = xp.log1p(2 * xp.sinh(xp.clip(a, max=1.0) / 2) ** 2)
    far = a + xp.log1p(xp.exp(-2 * a)) - math.log(2)
    return xp.where(a < 1, near, far)


def tanhc(x: Array) -> Array:
    """``tanh(x) / x``, 1 at zero."""
    xp = array_namespace(x)
    # below this, tanh(x)/x rounds to 1 in either precision
    a = xp.clip(xp.abs(x), min=1e-12)
    return xp.tanh(a) / a


def hypot1(x: Array) -> Array:
    """``sqrt(1 + x**2)``, which is ``|x|`` to the last bit long before the square overflows."""
    xp = array_namespace(x)
    a = xp.abs(x)
    return xp.maximum(a, xp.sqrt(1 + xp.clip(a, max=1e15) ** 2))


def softmax(x: Array) -> tuple[Array, Array, Array]:
    """Softmax over the last axis: ``p``, ``1 - p`` and ``log(p)``, each to full accuracy.

    ``1 - p`` of the leading class is summed over the others, not subtracted, so that a confident
    row keeps a gradient.
    """
    xp = array_namespace(x)
    shifted = x - xp.max(x, axis=-1, keepdims=True)
    e = xp.exp(shifted)
    zero = xp.zeros_like(e)
    leads = shifted == 0
    # the sum of all but one leader; ties count
    ties = xp.sum(xp.astype(leads, x.dtype), axis=-1, keepdims=True) - 1
    rest = xp.sum(xp.where(leads, zero, e), axis=-1, keepdims=True) + ties
    total = 1 + rest
    return e / total, xp.where(leads, rest + zero, total - e) / total, shifted - xp.log1p(rest)
