"""Huber loss."""

from __future__ import annotations

from dataclasses import dataclass

from array_api_compat import array_namespace

from boostobj._arrays import check_number
from boostobj._typing import Array
from boostobj.base import ResidualLoss


@dataclass(frozen=True)
class Huber(ResidualLoss):
    """Huber loss: squared up to `delta`, absolute beyond.

    Domain: `y_true` and `raw_prediction` finite and real. Link: identity.
    Curvature: the majoriser ``min(1, delta/|r|)``, which unlike the second derivative does not
    vanish beyond `delta`.

    Parameters
    ----------
    delta : float, default=1.0
        Where squared turns into absolute, in units of the target, > 0.

    References
    ----------
    Huber (1964). Robust estimation of a location parameter. Annals of Mathematical Statistics
    35(1).
    """

    delta: float = 1.0

    formula = "r**2/2 if abs(r) <= delta else delta*(abs(r) - delta/2)"
    builtin = {"lightgbm": "huber"}
    curvature = "majorizer"

    def __post_init__(self) -> None:
        check_number(self, "delta", low=0)

    @classmethod
    def examples(cls) -> tuple[Huber, ...]:
        """The default, and one whose kinks are no powers of two."""
        return cls(), cls(delta=0.3)

    def _value(self, r: Array) -> Array:
        xp = array_namespace(r)
        a = xp.abs(r)
        near = xp.clip(a, max=self.delta)
        return near * (a - near / 2)

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        xp = array_namespace(r)
        gradient = xp.clip(r, min=-self.delta, max=self.delta)
        return gradient, self.delta / xp.clip(xp.abs(r), min=self.delta)
