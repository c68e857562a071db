"""Huber loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from boostobj._arrays import array_namespace
from boostobj._math import clip, largest
from boostobj._typing import Array
from boostobj.base import Sample
from boostobj.curvature import HalfQuadraticLoss
from boostobj.losses import _auto


@dataclass(frozen=True)
class Huber(HalfQuadraticLoss):
    """Huber loss: squared up to `delta`, absolute beyond.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: the majoriser ``min(1, delta/|r|)``, which unlike the second derivative does not
    vanish beyond `delta`.

    Parameters
    ----------
    delta : float or "auto", default=1.0
        Where squared turns into absolute, in units of the target, > 0. "auto" takes the 0.9
        quantile of the absolute residuals, of the round in training, of its own rows in a metric.

    Raises
    ------
    TypeError
        If `delta` is neither a number nor a string.
    ValueError
        If `delta` is a number that is not finite and > 0 or a string other than "auto".

    References
    ----------
    Friedman (2001). Greedy function approximation: a gradient boosting machine. Annals of
    Statistics 29(5).
    Huber (1964). Robust estimation of a location parameter. Annals of Mathematical Statistics
    35(1).
    """

    delta: _auto.Width = 1.0

    formula = "r**2/2 if abs(r) <= delta else delta*(abs(r) - delta/2)"
    builtin = {"lightgbm": "huber"}

    def __post_init__(self) -> None:
        _auto.check_width(self, "delta")

    @classmethod
    def examples(cls) -> tuple[Huber, ...]:
        """The default, one whose kinks are no powers of two, and one that adapts."""
        return cls(), cls(delta=0.3), cls(delta="auto")

    def _value(self, r: Array) -> Array:
        a = array_namespace(r).abs(r)
        near = clip(a, max=self._delta_of(r))
        return near * (a - near / 2)

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        xp, delta = array_namespace(r), self._delta_of(r)
        return clip(r, min=-delta, max=delta), delta / clip(xp.abs(r), min=delta)

    def _delta_of(self, r: Array) -> float:
        """The width, which single precision may not hold."""
        return min(float(self.delta), largest(r))

    def _adapted(self, sample: Sample) -> Self:
        return _auto.adapted(self, "delta", sample)
