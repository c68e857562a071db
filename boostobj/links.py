"""Links: how a raw prediction (a margin) turns into what the user asked for.

``y_pred = link.inverse(raw_prediction)`` and ``raw_prediction = link.link(y_pred)``, in the
vocabulary of generalised linear models. ``formula`` is the inverse as a mathematical expression
in ``raw``; the tests execute it with mpmath.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from array_api_compat import array_namespace

from boostobj._arrays import Domain, Interval, as_float
from boostobj._math import sigmoid, softmax
from boostobj._typing import Array, ArrayLike

__all__ = ["HalfLogit", "Identity", "Link", "Log", "Logit", "Softmax"]


class Link(ABC):
    """A monotone map between the scale of predictions and the scale of margins.

    Attributes
    ----------
    formula : str
        `inverse` as an expression in ``raw``.
    domain : Domain
        The values that `link` accepts.
    """

    formula: ClassVar[str]
    domain: ClassVar[Domain] = Interval()

    def inverse(self, raw_prediction: ArrayLike) -> Array:
        """Turn margins into predictions.

        Parameters
        ----------
        raw_prediction : array-like of shape (n,) or (n, k)
            Margins, as a booster gives them.

        Returns
        -------
        array of the same shape
            Predictions on the scale of the target.
        """
        return self._inverse(as_float(raw_prediction, "raw_prediction"))

    def link(self, y_pred: ArrayLike) -> Array:
        """Turn predictions into margins, the inverse of `inverse`.

        Parameters
        ----------
        y_pred : array-like of shape (n,) or (n, k)
            Predictions on the scale of the target.

        Returns
        -------
        array of the same shape
            Margins.

        Raises
        ------
        ValueError
            If a prediction lies outside the link's domain.
        """
        y_pred = as_float(y_pred, "y_pred")
        self.domain.check(y_pred, "y_pred", type(self).__name__)
        return self._link(y_pred)

    @abstractmethod
    def _inverse(self, raw: Array) -> Array: ...

    @abstractmethod
    def _link(self, y_pred: Array) -> Array: ...


@dataclass(frozen=True)
class Identity(Link):
    """The prediction is the margin."""

    formula = "raw"

    def _inverse(self, raw: Array) -> Array:
        return raw

    def _link(self, y_pred: Array) -> Array:
        return y_pred


@dataclass(frozen=True)
class Log(Link):
    """The margin is the logarithm of a positive prediction."""

    formula = "exp(raw)"
    domain = Interval(0, closed_low=False)

    def _inverse(self, raw: Array) -> Array:
        xp = array_namespace(raw)
        # Saturate instead of overflowing: a prediction is finite and positive for any margin.
        info = xp.finfo(raw.dtype)
        largest = math.log(float(info.max)) * (1 - 1e-6)
        return xp.clip(xp.exp(xp.clip(raw, max=largest)), min=float(info.smallest_normal))

    def _link(self, y_pred: Array) -> Array:
        return array_namespace(y_pred).log(y_pred)


@dataclass(frozen=True)
class Logit(Link):
    """The margin is the log-odds of a probability."""

    formula = "1/(1 + exp(-raw))"
    domain = Interval(0, 1, closed_low=False, closed_high=False)

    def _inverse(self, raw: Array) -> Array:
        return sigmoid(raw)

    def _link(self, y_pred: Array) -> Array:
        xp = array_namespace(y_pred)
        return xp.log(y_pred) - xp.log1p(-y_pred)


@dataclass(frozen=True)
class HalfLogit(Link):
    """The margin is half the log-odds, as the exponential loss of AdaBoost estimates it.

    References
    ----------
    Friedman, Hastie, Tibshirani (2000). Additive logistic regression. Annals of Statistics 28(2).
    """

    formula = "1/(1 + exp(-2*raw))"
    domain = Logit.domain

    def _inverse(self, raw: Array) -> Array:
        return sigmoid(2 * raw)

    def _link(self, y_pred: Array) -> Array:
        return Logit()._link(y_pred) / 2


@dataclass(frozen=True)
class Softmax(Link):
    """The margins of k classes are log-probabilities up to a common constant.

    `link` picks the constant that makes the margins of a row sum to zero.
    """

    formula = "[exp(u)/sum(exp(v) for v in raw) for u in raw]"
    domain = Interval(0, 1, closed_low=False)

    def _inverse(self, raw: Array) -> Array:
        return softmax(raw)[0]

    def _link(self, y_pred: Array) -> Array:
        xp = array_namespace(y_pred)
        log_p = xp.log(y_pred)
        return log_p - xp.mean(log_p, axis=-1, keepdims=True)
