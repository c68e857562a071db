"""Losses of the relative error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boostobj._arrays import array_namespace, weighted_quantile
from boostobj._checks import check_number
from boostobj._domains import Domain, Interval, NonZero
from boostobj._math import choose, clip, hypot
from boostobj._typing import Array, NumpyArray
from boostobj.base import PointwiseLoss
from boostobj.curvature import ScaledByResiduals


class PercentageLoss(PointwiseLoss):
    """A loss of the residual relative to the size of the target.

    The errors are fractions, 0.1 for ten per cent. A target of zero has no relative error: it is
    refused, unless a positive `floor` says what the least size is.
    """

    floor: float

    # Hessians are of the order of one over the squared target.
    unit_curvature = True

    def __post_init__(self) -> None:
        check_number(self, "floor", low=0, closed=True)

    @property
    def _domain(self) -> Domain:
        return Interval() if self.floor else NonZero()

    def _size(self, y: Array, raw: Array) -> Array:
        """What a residual is compared with."""
        xp = array_namespace(y)
        return clip(xp.abs(y), min=self.floor)


class AbsolutePercentageLoss(ScaledByResiduals, PercentageLoss):
    """A percentage loss with a kink, whose smoothed Hessian adapts to the round.

    It is that of the absolute error (see `boostobj.curvature`) in terms of the relative error.
    """

    # no relative error is smaller in float32
    _least_scale = 1e-6

    def __post_init__(self) -> None:
        PercentageLoss.__post_init__(self)
        ScaledByResiduals.__post_init__(self)

    def _distances(self, y: Array, raw: Array) -> Array:
        return abs(raw - y) / self._size(y, raw)

    def _hessian(self, slope: Array, r: Array, size: Array) -> Array:
        return slope / hypot(r, self._width * size)


@dataclass(frozen=True)
class MAPE(AbsolutePercentageLoss):
    """Absolute percentage error.

    Domain: `y_true` finite and not zero, any finite target with a positive `floor`; margins real;
    both (n,) or (n, k). Link: identity.
    Curvature: smoothed, ``1/sqrt(r**2 + (s*size)**2)/size`` where `s` is the scale of the relative
    errors and `size` that of the target; the gradient is exact.

    Parameters
    ----------
    floor : float, default=0.0
        The least size of a target, >= 0: smaller ones, zero among them, count as that size.
        LightGBM's "mape" has a floor of 1.
        In LightGBM set one where targets come near zero: it tells the rows of a leaf from its
        Hessians, and ``min_data_in_leaf`` may refuse every split.
    scale : float, optional
        Scale of the relative error in the smoothed Hessian, > 0. By default it is estimated each
        round.

    Raises
    ------
    TypeError
        If `floor` is not a number, or `scale` is neither a number nor None.
    ValueError
        If `floor` is not finite and >= 0, or `scale` is not finite and > 0.

    References
    ----------
    de Myttenaere, Golden, Le Grand, Rossi (2016). Mean absolute percentage error for regression
    models. Neurocomputing 192.
    """

    floor: float = 0.0
    scale: float | None = None

    formula = "abs(raw - y)/max(abs(y), floor)"
    builtin = {"lightgbm": "mape"}

    @classmethod
    def examples(cls) -> tuple[MAPE, ...]:
        """Without and with a floor."""
        return cls(), cls(floor=1.0)

    def _value(self, y: Array, raw: Array) -> Array:
        return array_namespace(raw).abs(raw - y) / self._size(y, raw)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        r, size = raw - y, self._size(y, raw)
        slope = 1 / size
        return array_namespace(raw).sign(r) * slope, self._hessian(slope, r, size)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        return weighted_quantile(y, 0.5, weight / self._size(y, y))


@dataclass(frozen=True)
class SMAPE(AbsolutePercentageLoss):
    """Symmetric absolute percentage error, between 0 and 2.

    Domain: `y_true` finite and not zero, any finite target with a positive `floor`; margins real;
    both (n,) or (n, k). Link: identity. Beyond the floor a prediction of the wrong sign costs 2,
    however large, and has no gradient: start from `init_score`.
    Curvature: smoothed, as that of `MAPE`.

    Parameters
    ----------
    floor : float, default=0.0
        The least size of target and prediction together, >= 0: smaller ones count as that size.
    scale : float, optional
        Scale of the relative error in the smoothed Hessian, > 0. By default it is estimated each
        round.

    Raises
    ------
    TypeError
        If `floor` is not a number, or `scale` is neither a number nor None.
    ValueError
        If `floor` is not finite and >= 0, or `scale` is not finite and > 0.

    References
    ----------
    Makridakis, Hibon (2000). The M3-Competition: results, conclusions and implications.
    International Journal of Forecasting 16(4).
    """

    floor: float = 0.0
    scale: float | None = None

    formula = "2*abs(raw - y)/max(abs(y) + abs(raw), floor)"
    unimodal = False

    @classmethod
    def examples(cls) -> tuple[SMAPE, ...]:
        """Without and with a floor."""
        return cls(), cls(floor=1.0)

    def _size(self, y: Array, raw: Array) -> Array:
        xp = array_namespace(raw)
        return clip(xp.abs(y) + xp.abs(raw), min=self.floor)

    def _value(self, y: Array, raw: Array) -> Array:
        return 2 * array_namespace(raw).abs(raw - y) / self._size(y, raw)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        xp = array_namespace(raw)
        r, size = raw - y, self._size(y, raw)
        # the size grows with the prediction, unless it is the floor
        at_floor = xp.abs(y) + xp.abs(raw) < self.floor
        slope = choose(at_floor, 2.0, 4 * (xp.abs(y) / size), r.dtype) / size
        crossed = ~at_floor & (((y > 0) & (raw < 0)) | ((y < 0) & (raw > 0)))
        gradient = xp.sign(r) * slope * xp.astype(~crossed, r.dtype)
        # a target of zero has no slope beyond the floor
        return gradient, self._hessian(xp.maximum(slope, 1e-16 / size), r, size)


@dataclass(frozen=True)
class SquaredPercentageError(PercentageLoss):
    """Squared percentage error.

    Domain: `y_true` finite and not zero, any finite target with a positive `floor`; margins real;
    both (n,) or (n, k). Link: identity.
    Curvature: exact.

    Parameters
    ----------
    floor : float, default=0.0
        The least size of a target, >= 0: smaller ones, zero among them, count as that size.
        In LightGBM set one where targets come near zero: it tells the rows of a leaf from its
        Hessians, and ``min_data_in_leaf`` may refuse every split.

    Raises
    ------
    TypeError
        If `floor` is not a number.
    ValueError
        If `floor` is not finite and >= 0.

    References
    ----------
    Park, Stefanski (1998). Relative-error prediction. Statistics and Probability Letters 40(3).
    """

    floor: float = 0.0

    formula = "((raw - y)/max(abs(y), floor))**2"

    @classmethod
    def examples(cls) -> tuple[SquaredPercentageError, ...]:
        """Without and with a floor."""
        return cls(), cls(floor=1.0)

    def _value(self, y: Array, raw: Array) -> Array:
        return ((raw - y) / self._size(y, raw)) ** 2

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        size = self._size(y, raw)
        return 2 * ((raw - y) / size) / size, 2 / size / size

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        # relative to the smallest that counts, so that no square under- or overflows
        size = self._size(y, y)
        return float(np.average(y, weights=weight * (size.min() / size) ** 2))
