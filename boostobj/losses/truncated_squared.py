"""Truncated square of the margin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._math import clip
from boostobj._typing import Array, NumpyArray
from boostobj.base import MarginLoss, class_side
from boostobj.links import ClippedLinear

#: Curvature beyond the clip, where the loss is flat: small, so that its rows hold nothing back.
FLOOR = 1e-3


@dataclass(frozen=True)
class TruncatedSquared(MarginLoss):
    """Squared distance of the margin from 1, clipped: rows far off, such as wrong labels, let go.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link: linear,
    clipped; with a `clip` below 2 it gives scores and no probabilities, since to give up the rarer
    class costs less there.
    Curvature: the majoriser 2 up to the clip, and a small positive number beyond, where any
    parabola lies above the loss. The loss is not convex; its start value is the mean of the
    labels -1 and +1, no further from zero than ``(clip - 1)**2``, so that rows of both classes
    pull.

    Parameters
    ----------
    clip : float, default=2.0
        The distance beyond which the loss is flat, in units of the margin, > 1 so that a margin
        of zero counts. Rows with a margin below ``1 - clip``, or above ``1 + clip``, have no
        gradient.

    Raises
    ------
    TypeError
        If `clip` is not a number.
    ValueError
        If `clip` is not finite and > 1.

    References
    ----------
    Huang, Shi, Suykens (2014). Ramp loss linear programming support vector machine. JMLR 15.
    Wang, Zhong (2014). Robust non-convex least squares loss function for regression with
    outliers. Knowledge-Based Systems 71.
    """

    clip: float = 2.0

    formula = "min(abs(1 - m), clip)**2"
    link = ClippedLinear()
    curvature = "majorizer"
    unimodal = False

    def __post_init__(self) -> None:
        check_number(self, "clip", low=1)

    @classmethod
    def examples(cls) -> tuple[TruncatedSquared, ...]:
        """The default, and one that lets go sooner."""
        return cls(), cls(clip=1.7)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        # The mean of the labels, but where rows of both classes pull: it may be better to let one
        # class go, and nothing would be learnt from there.
        mean = float(np.average(class_side(y, y.dtype), weights=weight))
        if abs(mean) == 1:
            return mean  # there is one only
        furthest = min(1.0, (self.clip - 1) ** 2)
        return float(np.clip(mean, -furthest, furthest))

    def _value(self, m: Array) -> Array:
        xp = array_namespace(m)
        return clip(xp.abs(1 - m), max=self.clip) ** 2

    def _gradient_hessian(self, m: Array) -> tuple[Array, Array]:
        xp = array_namespace(m)
        distance = 1 - m
        near = xp.astype(xp.abs(distance) < self.clip, m.dtype)
        return -2 * near * distance, FLOOR + (2 - FLOOR) * near
