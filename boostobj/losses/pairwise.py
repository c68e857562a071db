"""Pairwise ranking losses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from array_api_compat import device
from numpy.polynomial import Chebyshev, Polynomial

from boostobj._arrays import array_namespace, on_host, title
from boostobj._checks import check_number
from boostobj._domains import Interval
from boostobj._math import saturated, softplus
from boostobj._typing import Array, NumpyArray
from boostobj.groups import GroupLoss
from boostobj.losses._pairs import PairKernel, pair_sums
from boostobj.losses.hinge import BEYOND

#: Exponentials per logistic pair of a large group: its value is right to a relative 4e-8, its first
#: derivative to 3e-7, about float32's precision, and its second to 4e-6.
_LOGISTIC_TERMS = 9

#: Width of the cap over the kink of the hinge, in units of the margin.
_BANDWIDTH = 0.5

#: The hinge's exponentials decay at these rates, in units of the bandwidth.
_HINGE_RATES = 8.0 ** np.arange(-4.5, 1)


class PairLoss(GroupLoss):
    """A loss of the score differences of all pairs in a group whose labels differ.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,); larger targets are better,
    ties form no pairs. Link: identity.

    ``d`` in the formula is the score of the row with the larger label minus the other's. The value
    of a row is ``n/P`` times half the sum over its pairs, for n rows and P pairs in its group. So
    the mean over the rows of a group is the mean over its pairs, and groups count by their rows.
    """

    def _aligned(self, y: Array, raw: Array) -> Array:
        if raw.ndim != 1 and raw.shape[1] != 1:
            raise ValueError(
                f"{title(self)}: raw_prediction must have shape (n,), got {tuple(raw.shape)}"
            )
        return super()._aligned(y, raw)


class KernelPairLoss(PairLoss):
    """A pair loss that two kernels sum up, in O(n log² n) time in a large group, in NumPy.

    See `boostobj.losses._pairs`.
    """

    @property
    @abstractmethod
    def _value_kernel(self) -> PairKernel:
        """The loss of a pair."""

    @property
    @abstractmethod
    def _derivative_kernel(self) -> PairKernel:
        """Derivative and curvature of the loss of a pair."""

    def _group_value(self, y: Array, raw: Array, sizes: NumpyArray) -> Array:
        (value,) = self._sums(y, raw, sizes, self._value_kernel)
        return _like(value / 2, raw[:, 0] if raw.ndim == 2 else raw)

    def _group_derivatives(self, y: Array, raw: Array, sizes: NumpyArray) -> tuple[Array, Array]:
        gradient, hessian = self._sums(y, raw, sizes, self._derivative_kernel)
        return _like(gradient, raw), _like(hessian, raw)

    def _sums(self, y: Array, raw: Array, sizes: NumpyArray, kernel: PairKernel) -> NumpyArray:
        """Sums over the pairs of each row, times ``n/P``."""
        labels, scores = (np.asarray(on_host(x), dtype=np.float64).ravel() for x in (y, raw))
        Interval().check(scores, "raw_prediction", title(self))
        # Differences of larger scores, or their sums, might overflow.
        scores = np.clip(scores, -1e290, 1e290)
        sums, pairs = pair_sums(labels, scores, sizes, kernel)
        sums *= np.repeat(sizes / np.maximum(pairs, 1), sizes)
        return sums


@dataclass(frozen=True)
class PairwiseHinge(KernelPairLoss):
    """Hinge loss of pairs: the better row shall score at least `margin` more.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,); pairs are formed within
    groups, see `boostobj.groups`. Link: identity.
    Curvature: smoothed. The parabola that majorises the hinge from ``u = margin - d`` has the
    curvature ``1/(2|u|)``, and a bound by diagonal dominance doubles it, since both rows of a pair
    move: each of the P pairs of a group of n rows adds ``n/P/(|u| + margin/2)`` to either row, and
    a fifth of it where ``u < 0``, since pairs that ask for nothing would hold their leaves back. In
    groups of more than 1000 rows it is a sum of six exponentials that is within a tenth of that up
    to ``|u| = 1000 margin``.

    Parameters
    ----------
    margin : float, default=1.0
        By how much scores of a pair shall differ, > 0. It sets the scale of the scores.

    Raises
    ------
    TypeError
        If `margin` is not a number.
    ValueError
        If `margin` is not finite and > 0.

    References
    ----------
    Herbrich, Graepel, Obermayer (2000). Large margin rank boundaries for ordinal regression.
    Advances in Large Margin Classifiers.
    """

    margin: float = 1.0

    formula = "max(0, margin - d)"
    unit_curvature = True
    curvature = "smoothed"

    def __post_init__(self) -> None:
        check_number(self, "margin", low=0)

    @classmethod
    def examples(cls) -> tuple[PairwiseHinge, ...]:
        """The default and a small margin."""
        return cls(), cls(margin=0.3)

    @property
    def _value_kernel(self) -> PairKernel:
        return PairKernel(
            self.margin, (0,), lambda u: (np.maximum(u, 0),), self._decays, np.empty((1, 0))
        )

    @property
    def _derivative_kernel(self) -> PairKernel:
        width = _BANDWIDTH * self.margin
        # 1/(1 + x) is the integral of exp(-t (1 + x)) over t > 0, here by the trapezoidal rule
        # for log(t), whose nodes are the rates.
        weights = np.log(8.0) * _HINGE_RATES * np.exp(-_HINGE_RATES) / width
        coefficients = np.stack([np.zeros_like(weights), weights])

        def derivatives(u: NumpyArray) -> tuple[NumpyArray, NumpyArray]:
            pulls = (u > 0).astype(u.dtype)
            return pulls, (BEYOND + (1 - BEYOND) * pulls) / (np.abs(u) + width)

        return PairKernel(
            self.margin,
            (1, 2),
            derivatives,
            self._decays,
            coefficients,
            BEYOND,
        )

    def _decays(self, distance: NumpyArray) -> Iterator[NumpyArray]:
        decay = np.exp(distance * (-_HINGE_RATES[0] / (_BANDWIDTH * self.margin)))
        yield decay
        for _ in _HINGE_RATES[1:]:
            decay = np.square(np.square(np.square(decay)))
            yield decay


@dataclass(frozen=True)
class PairwiseLogistic(KernelPairLoss):
    """Logistic loss of pairs, the log-likelihood of the better row coming first.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,); pairs are formed within
    groups, see `boostobj.groups`. Link: identity.
    Curvature: the diagonal of the exact Hessian. In groups of more than 1000 rows, value and
    derivatives of a pair are sums of nine exponentials, with relative errors of at most 4e-8, 3e-7
    for the gradient and 4e-6 for the Hessian.

    References
    ----------
    Burges et al. (2005). Learning to rank using gradient descent. ICML.
    """

    formula = "log(1 + exp(-d))"
    builtin = {"xgboost": "rank:pairwise"}

    @property
    def _value_kernel(self) -> PairKernel:
        return PairKernel(
            0.0, (0,), lambda u: (softplus(u),), _powers, _logistic_coefficients()[:1]
        )

    @property
    def _derivative_kernel(self) -> PairKernel:
        return PairKernel(0.0, (1, 2), _logistic_derivatives, _powers, _logistic_coefficients()[1:])


def _logistic_derivatives(u: NumpyArray) -> tuple[NumpyArray, NumpyArray]:
    """Derivatives of ``log(1 + exp(u))``."""
    z = np.exp(-np.abs(u))
    away = 1 / (1 + z)
    return np.maximum(z, u > 0) * away, z * away * away


def _powers(distance: NumpyArray) -> Iterator[NumpyArray]:
    """Powers 1, 2, … of ``exp(-distance)``."""
    z = np.exp(-distance)
    power = z
    for _ in range(_LOGISTIC_TERMS):
        yield power
        power = power * z


@cache
def _logistic_coefficients() -> NumpyArray:
    """``softplus(u) - max(0, u)`` and its derivatives as polynomials in ``z = exp(-|u|)``.

    They are ``log(1 + z)``, ``-z/(1 + z)`` times the sign of u, and ``z/(1 + z)**2``: z times a
    function whose Chebyshev series converges fast on [0, 1].
    """
    functions = (lambda z: np.log1p(z) / z, lambda z: -1 / (1 + z), lambda z: 1 / (1 + z) ** 2)
    fits = [
        Chebyshev.interpolate(f, _LOGISTIC_TERMS - 1, domain=[0, 1]).convert(kind=Polynomial)
        for f in functions
    ]
    return np.stack([fit.coef for fit in fits])


def _like(x: NumpyArray, raw: Array) -> Array:
    """`x` in the namespace, precision and shape of the margins."""
    x = array_namespace(raw).asarray(x.reshape(raw.shape), device=device(raw))
    return saturated(x, raw)
