"""Losses made of losses: ``a * loss``, ``loss + loss``, and a different one on each side.

A combination is a loss like any other, of the family of its terms: of two classes, or of targets
and margins, if these are of different families with the same link. Each family has its own class,
made by the operators; nobody else needs their names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from boostobj._arrays import weighted_mean
from boostobj._domains import Domain
from boostobj._formulas import spelled_out
from boostobj._loss import Derivatives
from boostobj._math import choose, clip, times
from boostobj._typing import Array, Curvature, NumpyArray
from boostobj.base import (
    BinaryLoss,
    Loss,
    MarginLoss,
    MulticlassLoss,
    PointwiseLoss,
    ResidualDerivatives,
    ResidualLoss,
    Sample,
)
from boostobj.links import Link
from boostobj.losses._wrapping import MadeOfLosses, OutlinedFormula, formula_of_rows
from boostobj.losses.huber import Huber
from boostobj.losses.pairwise import PairLoss
from boostobj.losses.quantile import Quantile
from boostobj.losses.squared_error import SquaredError
from boostobj.losses.tukey import Tukey

__all__ = ["Asymmetric"]


@dataclass(frozen=True)
class Intersection(Domain):
    """What lies in several domains."""

    domains: tuple[Domain, ...]

    def __str__(self) -> str:
        return " and ".join(dict.fromkeys(map(str, self.domains)))

    def contains(self, y: Array) -> Array:
        """Elementwise membership."""
        inside = self.domains[0].contains(y)
        for domain in self.domains[1:]:
            inside = inside & domain.contains(y)
        return inside

    def check(self, y: Array, name: str, owner: str) -> None:
        """Raise the ValueError of the first domain that is left."""
        for domain in self.domains:
            domain.check(y, name, owner)


@dataclass(frozen=True, repr=False)
class LinearCombination(MadeOfLosses):
    """``a * loss + b * loss + …``.

    Curvature: that of the terms if it is of one kind, else "smoothed".

    Parameters
    ----------
    terms : tuple of (float, Loss)
        Factors > 0, and losses with one link.
    """

    terms: tuple[tuple[float, Any], ...]

    @staticmethod
    def _formula_of(loss: Any) -> str:
        """A term's formula in the variables of all."""
        return spelled_out(loss)

    def __repr__(self) -> str:
        return " + ".join(
            repr(loss) if factor == 1 and len(self.terms) > 1 else f"{factor!r} * {loss!r}"
            for factor, loss in self.terms
        )

    @property
    def losses(self) -> list[Any]:
        """The losses without their factors."""
        return [loss for _, loss in self.terms]

    @property
    def name(self) -> str:
        """Factors and names of the losses' metrics."""
        return "_plus_".join(
            loss.metric._label if factor == 1 else f"{factor:g}_{loss.metric._label}"
            for factor, loss in self.terms
        )

    @property
    def formula(self) -> str:
        """The sum of the terms' formulas, spelled out."""
        return " + ".join(f"{factor!r}*{self._formula_of(loss)}" for factor, loss in self.terms)

    @property
    def link(self) -> Link:
        """The link of the terms."""
        link: Link = self.losses[0].link
        return link

    @property
    def coupled_outputs(self) -> bool:
        """Whether a term wants it."""
        return any(loss.coupled_outputs for loss in self.losses)

    @property
    def _domain(self) -> Intersection:
        return Intersection(tuple(loss._domain for loss in self.losses))

    def _mean_worth(self, mean: float, spread: float) -> float:
        if len(self.terms) > 1:
            return float(super()._mean_worth(mean, spread))  # type: ignore[misc]
        ((factor, loss),) = self.terms
        return float(loss._mean_worth(mean / factor, spread))

    def _value(self, *row: Array) -> Array:
        return self._sum(loss._value(*row) for loss in self.losses)

    def _gradient_hessian(self, *row: Array) -> tuple[Array, Array]:
        return self._total(loss._gradient_hessian(*row) for loss in self.losses)

    def _total(self, derivatives: Iterable[tuple[Array, Array]]) -> tuple[Array, Array]:
        """Sum of the terms' gradients and Hessians, times their factors."""
        gradient, hessian = map(self._sum, zip(*derivatives, strict=True))
        return gradient, hessian

    def _sum(self, xs: Iterable[Array]) -> Array:
        """Sum of what the terms give, times their factors, which does not overflow."""
        return sum(times(factor, x) for (factor, _), x in zip(self.terms, xs, strict=True))

    def _adapted(self, sample: Sample) -> Self:
        terms = tuple((factor, loss._adapted(sample)) for factor, loss in self.terms)
        return replace(self, terms=terms)

    @property
    def _title(self) -> str:
        return repr(self)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        if len(self.terms) == 1:
            return float(self.losses[0]._init_score(y, weight))
        return float(super()._init_score(y, weight))  # type: ignore[misc]

    def _init_bracket(self, y: NumpyArray, weight: NumpyArray) -> tuple[float, float]:
        # Between the minimisers of convex functions lies that of their sum.
        ends = [loss._init_score(y, weight) for loss in self.losses]
        if not self.unimodal:
            ends += super()._init_bracket(y, weight)  # type: ignore[misc]
        return min(ends), max(ends)


class ResidualCombination(LinearCombination, ResidualLoss):  # type: ignore[override]
    """A combination of regression losses."""

    def _softened(self, sample: Sample) -> ResidualDerivatives:
        terms = [loss._softened(sample) for loss in self.losses]
        return lambda r: self._total(term(r) for term in terms)


class PointwiseCombination(LinearCombination, PointwiseLoss):  # type: ignore[override]
    """A combination of losses of target and margin, those of residuals among them."""

    @staticmethod
    def _formula_of(loss: Any) -> str:
        return formula_of_rows(loss)

    def _value(self, y: Array, raw: Array) -> Array:
        return self._sum(loss._pointwise_value(y, raw) for loss in self.losses)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        return self._total(loss._pointwise_derivatives(y, raw) for loss in self.losses)

    def _boosting_derivatives(self, sample: Sample) -> Derivatives:
        terms = [loss._boosting_derivatives(sample) for loss in self.losses]
        return lambda y, raw: self._total(term(y, raw) for term in terms)


class BinaryCombination(PointwiseCombination, BinaryLoss):  # type: ignore[misc, override]
    """A combination of losses of two classes."""


class MulticlassCombination(LinearCombination, MulticlassLoss):  # type: ignore[override]
    """A combination of losses of k classes."""

    @property
    def n_classes(self) -> int | None:  # type: ignore[override]
        """The number that the terms name."""
        return next((loss.n_classes for loss in self.losses if loss.n_classes), None)

    def _init_scores(self, rows: NumpyArray, weight: NumpyArray) -> NumpyArray:
        starts = [loss._init_scores(rows, weight) for loss in self.losses]
        between = np.mean(starts, axis=0)
        if self.unimodal:
            return self._minimizer(rows, weight, between)
        ends = [self._minimizer(rows, weight, start) for start in (between, *starts)]
        costs = [self._value(rows, np.broadcast_to(end, rows.shape)) for end in ends]
        return ends[int(np.argmin([weighted_mean(cost, weight) for cost in costs]))]


class PairCombination(LinearCombination, PairLoss):  # type: ignore[override]
    """A combination of losses of pairs of rows."""

    def _group_value(self, y: Array, raw: Array, sizes: NumpyArray) -> Array:
        return self._sum(loss._group_value(y, raw, sizes) for loss in self.losses)

    def _group_derivatives(self, y: Array, raw: Array, sizes: NumpyArray) -> tuple[Array, Array]:
        return self._total(loss._group_derivatives(y, raw, sizes) for loss in self.losses)


#: Factors that leave gradients of single precision some room.
LARGEST_FACTOR = 1e20

#: Losses that can be added, and what their sum is; the first that fits.
_FAMILIES: tuple[tuple[Any, type[LinearCombination]], ...] = (
    (ResidualLoss, ResidualCombination),
    (MarginLoss | BinaryLoss, BinaryCombination),
    (ResidualLoss | MarginLoss | PointwiseLoss, PointwiseCombination),
    (MulticlassLoss, MulticlassCombination),
    (PairLoss, PairCombination),
)


def scale(loss: Loss, factor: Any) -> Any:
    """``factor * loss``; NotImplemented if `factor` is no number."""
    if isinstance(factor, bool) or not isinstance(factor, (int, float, np.number)):
        return NotImplemented
    terms = tuple((float(factor) * a, term) for a, term in _terms(loss))
    if not all(1 / LARGEST_FACTOR <= a <= LARGEST_FACTOR for a, _ in terms):
        raise ValueError(
            f"the factor of {loss!r} must be from {1 / LARGEST_FACTOR:g} to {LARGEST_FACTOR:g}, "
            f"got {factor!r}"
        )
    return _combination(loss)(terms)


def add(loss: Loss, other: Any) -> Any:
    """``loss + other``; NotImplemented if `other` is no loss.

    Raises
    ------
    TypeError
        If the losses are of different families, or their margins mean different things.
    """
    if not isinstance(other, Loss):
        return NotImplemented
    combination = _combination(loss, other)
    if loss.link != other.link:
        raise TypeError(
            f"{loss!r} + {other!r}: the margin of the one has the link {loss.link!r}, "
            f"that of the other {other.link!r}"
        )
    counts = {n for n in (getattr(x, "n_classes", None) for x in (loss, other)) if n}
    if len(counts) > 1:
        raise TypeError(f"{loss!r} + {other!r}: the numbers of classes differ")
    return combination(_terms(loss) + _terms(other))


def _terms(loss: Loss) -> tuple[tuple[float, Loss], ...]:
    return loss.terms if isinstance(loss, LinearCombination) else ((1.0, loss),)


def _combination(*losses: Loss) -> type[LinearCombination]:
    for family, combination in _FAMILIES:
        if all(isinstance(loss, family) for loss in losses):
            return combination
    what = "do not add up" if len(losses) > 1 else "cannot be multiplied"
    raise TypeError(f"{' + '.join(map(repr, losses))}: losses of such families {what}")


@dataclass(frozen=True)
class Asymmetric(MadeOfLosses, ResidualLoss):  # type: ignore[override]
    """One loss where the prediction is too small, another where it is too large.

    Domain: `y_true` and `raw_prediction` finite and real. Link: identity.
    Curvature: exact if both losses' is, else smoothed: a parabola above the one loss need not
    lie above the other.

    Parameters
    ----------
    under : Loss
        Charged where ``raw_prediction <= y_true``; a `ResidualLoss`.
    over : Loss
        Charged where ``raw_prediction > y_true``; a `ResidualLoss`.

    Raises
    ------
    TypeError
        If one of them is another loss.

    Examples
    --------
    >>> loss = Asymmetric(under=3 * SquaredError(), over=AbsoluteError())
    """

    under: Any
    over: Any

    formula = OutlinedFormula("over(r) if r > 0 else under(r)")

    def __post_init__(self) -> None:
        for name in ("under", "over"):
            loss = getattr(self, name)
            if not isinstance(loss, ResidualLoss):
                raise TypeError(f"Asymmetric: {name} must be a ResidualLoss, got {loss!r}")

    @classmethod
    def examples(cls) -> tuple[Asymmetric, ...]:
        """Squares of different weight, losses that adapt to the residuals, and one not convex."""
        return (
            cls(under=2.0 * SquaredError(), over=SquaredError()),
            cls(under=Huber(), over=Quantile(0.9)),
            cls(under=Huber(delta="auto"), over=SquaredError()),
            cls(under=Tukey(), over=Huber()),
        )

    @property
    def losses(self) -> tuple[Any, Any]:
        """Both losses."""
        return self.under, self.over

    @property
    def _domain(self) -> Domain:
        return Intersection((self.under._domain, self.over._domain))

    @property
    def curvature(self) -> Curvature:
        """Exact if both are."""
        return "exact" if self.under.curvature == self.over.curvature == "exact" else "smoothed"

    def _spelled_out(self) -> str:
        return f"{spelled_out(self.over)} if r > 0 else {spelled_out(self.under)}"

    def _value(self, r: Array) -> Array:
        over, under = self.over._value(clip(r, min=0)), self.under._value(clip(r, max=0))
        return choose(r > 0, over, under, r.dtype)

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        return self._sided(r, self.over._gradient_hessian, self.under._gradient_hessian)

    def _softened(self, sample: Sample) -> ResidualDerivatives:
        over, under = (loss._softened(sample) for loss in (self.over, self.under))
        return lambda r: self._sided(r, over, under)

    @staticmethod
    def _sided(
        r: Array, over: ResidualDerivatives, under: ResidualDerivatives
    ) -> tuple[Array, Array]:
        """Either side's derivatives; none is evaluated on the other side, where it may overflow."""
        both = zip(over(clip(r, min=0)), under(clip(r, max=0)), strict=True)
        gradient, hessian = (choose(r > 0, above, below, r.dtype) for above, below in both)
        return gradient, hessian

    def _adapted(self, sample: Sample) -> Self:
        return replace(self, under=self.under._adapted(sample), over=self.over._adapted(sample))
