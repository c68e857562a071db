"""What losses that are made of another loss have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from boostobj._arrays import title
from boostobj._formulas import spelled_out, substitute
from boostobj._typing import Curvature
from boostobj.base import Loss, MarginLoss, PointwiseLoss, ResidualLoss


class OutlinedFormula:
    """A formula that a class outlines, with losses by name, and an instance spells out.

    Parameters
    ----------
    outline : str
        What the class shows. The instance's own formula comes from its method ``_spelled_out``.
    """

    def __init__(self, outline: str) -> None:
        self.outline = outline

    def __get__(self, loss: Any, owner: type) -> str:
        return self.outline if loss is None else loss._spelled_out()


class MadeOfLosses:
    """What a loss takes over from the losses that it is made of."""

    @property
    @abstractmethod
    def losses(self) -> Sequence[Any]:
        """These losses."""

    @property
    def curvature(self) -> Curvature:
        """The kind that all have, or "smoothed".

        An exact second derivative bounds nothing, and a bound is no second derivative; all that is
        left of a mixture is that it is positive.
        """
        kinds: set[Curvature] = {loss.curvature for loss in self.losses}
        return kinds.pop() if len(kinds) == 1 else "smoothed"

    @property
    def unit_curvature(self) -> bool:
        """Whether all allow it."""
        return all(loss.unit_curvature for loss in self.losses)

    @property
    def unimodal(self) -> bool:
        """Whether all are."""
        return all(loss.unimodal for loss in self.losses)

    @property
    def _least_worth(self) -> float:
        """The largest of theirs."""
        return max(float(loss._least_worth) for loss in self.losses)

    @property
    def max_delta_step(self) -> float:
        """The least limit of those that have one."""
        limits = [float(loss.max_delta_step) for loss in self.losses if loss.max_delta_step]
        return min(limits, default=0.0)


def formula_of_rows(loss: Loss) -> str:
    """`spelled_out` of a loss of one margin, in ``y`` and ``raw`` alone."""
    formula = spelled_out(loss)
    if isinstance(loss, ResidualLoss):
        return substitute(formula, "r", "(raw - y)")
    if isinstance(loss, MarginLoss):
        return substitute(formula, "m", "(raw if y > 0 else -raw)")
    return substitute(formula, "p", spelled_out(loss.link))


def check_two_class(owner: Any, allowed: str = "a two-class loss") -> None:
    """Check that the parameter `loss` is one of labels 0 and 1; an error says what is `allowed`.

    Raises
    ------
    TypeError
        If it is not.
    """
    if not is_two_class(owner.loss):
        raise TypeError(f"{title(owner)}: loss must be {allowed}, got {owner.loss!r}")


def is_two_class(loss: Loss) -> bool:
    """Whether it is a loss of labels 0 and 1."""
    # a probability is bounded on both sides, which tells it from a count
    known = isinstance(loss, MarginLoss | PointwiseLoss)
    return known and _holds(loss, 0.0, 1.0) and not _holds(loss, 2.0)


def _holds(loss: Loss, *targets: float) -> bool:
    return bool(np.all(loss._domain.contains(np.asarray(targets))))
