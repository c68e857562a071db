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

from boostobj._arrays import array_namespace, as_float
from boostobj._checks import check_number
from boostobj._domains import Domain, Interval
from boostobj._formulas import spelled_out
from boostobj._math import clip, exp_softplus, sigmoid, softmax, softplus, times
from boostobj._typing import Array, ArrayLike

__all__ = [
    "ClippedLinear",
    "FocalLogit",
    "HalfLogit",
    "Identity",
    "Link",
    "Log",
    "Logit",
    "Normalized",
    "Softmax",
    "Sorted",
]


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

        Raises
        ------
        TypeError
            If margins are not numbers.
        ValueError
            If a link of rows of margins gets one number a row.
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
        TypeError
            If predictions are not numbers.
        ValueError
            If a prediction lies outside the link's domain.
        """
        y_pred = as_float(y_pred, "y_pred")
        self.domain.check(y_pred, "y_pred", type(self).__name__)
        return self._link(y_pred)

    @property
    def gives_probabilities(self) -> bool:
        """Whether predictions are probabilities: between 0 and 1."""
        return (getattr(self.domain, "low", None), getattr(self.domain, "high", None)) == (0, 1)

    @abstractmethod
    def _inverse(self, raw: Array) -> Array: ...

    @abstractmethod
    def _link(self, y_pred: Array) -> Array: ...

    def _log_inverse(self, raw: Array) -> Array:
        """Logarithm of `inverse`, for links to probabilities."""
        xp = array_namespace(raw)
        return xp.log(clip(self._inverse(raw), min=float(xp.finfo(raw.dtype).smallest_normal)))


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
        return clip(xp.exp(clip(raw, max=largest)), min=float(info.smallest_normal))

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

    def _log_inverse(self, raw: Array) -> Array:
        return -softplus(-raw)


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
        return sigmoid(times(2, raw))

    def _link(self, y_pred: Array) -> Array:
        return Logit()._link(y_pred) / 2

    def _log_inverse(self, raw: Array) -> Array:
        return -softplus(-times(2, raw))


@dataclass(frozen=True)
class Softmax(Link):
    """The margins of k classes are log-probabilities up to a common constant.

    `link` picks the constant that makes the margins of a row sum to zero.
    """

    formula = "[exp(u)/sum(exp(v) for v in raw) for u in raw]"
    domain = Interval(0, 1, closed_low=False)

    def _inverse(self, raw: Array) -> Array:
        _require_rows(raw, self)
        return softmax(raw)[0]

    def _link(self, y_pred: Array) -> Array:
        xp = array_namespace(y_pred)
        log_p = xp.log(y_pred)
        return log_p - xp.mean(log_p, axis=-1, keepdims=True)


@dataclass(frozen=True)
class ClippedLinear(Link):
    """The margin runs from -1, surely negative, to 1, surely positive, and counts no further.

    Losses that are squares of the margin estimate it: their minimiser is ``2*p - 1``.

    References
    ----------
    Zhang (2004). Statistical behavior and consistency of classification methods based on convex
    risk minimization. Annals of Statistics 32(1).
    """

    formula = "min(max((1 + raw)/2, 0), 1)"
    domain = Interval(0, 1)

    def _inverse(self, raw: Array) -> Array:
        return clip(raw / 2 + 0.5, min=0.0, max=1.0)

    def _link(self, y_pred: Array) -> Array:
        return 2 * y_pred - 1


@dataclass(frozen=True)
class FocalLogit(Link):
    """The margin at which the mean focal loss of rows with that probability is least.

    The focal loss draws ``s = sigmoid(raw)`` towards 1/2, so that `s` is no probability. This
    link puts that right: with ``A(x) = exp(x)*log(1 + exp(-x))`` the log-odds are
    ``(1 + gamma)*raw + log((1 + gamma*A(-raw))/(1 + gamma*A(raw))) - log(alpha/(1 - alpha))``.

    Parameters
    ----------
    alpha : float, default=0.25
        Weight of the positives against ``1 - alpha`` of the negatives.
    gamma : float, default=2.0
        The focusing exponent, >= 0.

    References
    ----------
    Charoenphakdee, Vongkulbhisal, Chairatanakul, Sugiyama (2021). On focal loss for
    class-posterior probability estimation: a theoretical perspective. CVPR.
    """

    alpha: float = 0.25
    gamma: float = 2.0

    formula = (
        "1/(1 + alpha/(1 - alpha)*exp(-(1 + gamma)*raw)"
        "*(1 + gamma*exp(raw)*log1p(exp(-raw)))/(1 + gamma*exp(-raw)*log1p(exp(raw))))"
    )
    domain = Logit.domain

    def __post_init__(self) -> None:
        check_number(self, "alpha", low=0, high=1)
        check_number(self, "gamma", low=0, closed=True)

    def _log_odds(self, raw: Array) -> Array:
        xp = array_namespace(raw)
        bend = xp.log1p(self.gamma * exp_softplus(-raw)) - xp.log1p(self.gamma * exp_softplus(raw))
        return times(1 + self.gamma, raw) + bend - math.log(self.alpha / (1 - self.alpha))

    def _inverse(self, raw: Array) -> Array:
        return sigmoid(self._log_odds(raw))

    def _log_inverse(self, raw: Array) -> Array:
        return -softplus(-self._log_odds(raw))

    def _link(self, y_pred: Array) -> Array:
        xp = array_namespace(y_pred)
        log_odds = Logit()._link(y_pred)
        # The terms in A lie between -log(1 + gamma) and its opposite.
        low, high = (
            (log_odds + math.log(self.alpha / (1 - self.alpha)) + bend) / (1 + self.gamma)
            for bend in (-math.log1p(self.gamma), math.log1p(self.gamma))
        )
        for _ in range(64):
            middle = (low + high) / 2
            below = self._log_odds(middle) < log_odds
            low, high = xp.where(below, middle, low), xp.where(below, high, middle)
        return (low + high) / 2


@dataclass(frozen=True)
class Normalized(Link):
    """The margins of k classes, each against the rest, with probabilities made to sum to one.

    `link` gives the margins of probabilities that already do.

    Parameters
    ----------
    base : Link
        From one margin to the probability of one class.
    """

    base: Link

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The base's formula over the sum of itself; equal shares where that is zero."""
        each = f"[{spelled_out(self.base)} for raw in raw]"
        return f"[q/sum(qs) if sum(qs) > 0 else 1/len(qs) for qs in [{each}] for q in qs]"

    @property
    def domain(self) -> Domain:  # type: ignore[override]
        """The base's domain."""
        return self.base.domain

    def _inverse(self, raw: Array) -> Array:
        _require_rows(raw, self)
        # by logarithms, since all classes together may be given up
        return softmax(self.base._log_inverse(raw))[0]

    def _link(self, y_pred: Array) -> Array:
        return self.base._link(y_pred)


@dataclass(frozen=True)
class Sorted(Link):
    """The predictions are the margins of a row in increasing order, as quantiles have to be.

    The rearranged predictions are nearer to the true quantiles than the crossing ones, and their
    pinball loss is never larger.

    References
    ----------
    Chernozhukov, Fernandez-Val, Galichon (2010). Quantile and probability curves without
    crossing. Econometrica 78(3).
    """

    formula = "sorted(raw)"

    def _inverse(self, raw: Array) -> Array:
        _require_rows(raw, self)
        return array_namespace(raw).sort(raw, axis=-1)

    def _link(self, y_pred: Array) -> Array:
        return y_pred


def _require_rows(raw: Array, link: Link) -> None:
    """Refuse one number a row, such as the class that XGBoost predicts of its own accord."""
    if raw.ndim != 2:
        raise ValueError(
            f"{type(link).__name__}: raw_prediction must have shape (n, k), got "
            f"{tuple(raw.shape)}; XGBoost's predict gives classes unless asked for "
            "output_margin=True"
        )
