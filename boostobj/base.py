"""What a loss is: the mathematics in one small class, everything else inherited.

A loss is a frozen dataclass that derives from one of the families below and writes two methods,
`_value` and `_gradient_hessian`, in the family's own variable. Methods with an underscore that are
not named here belong to the families, which are all to be had from `boostobj`.

==================  ==========================================  ================================
family              variable                                    for
==================  ==========================================  ================================
`ResidualLoss`      ``r = raw_prediction - y_true``             regression
`HalfQuadraticLoss` ``r``, the Hessian ``gradient / r``         robust regression, the same
                                                                either side of zero
`MarginLoss`        ``m = ±raw_prediction``, + for positives    two classes, labels 0/1 or -1/+1
`BinaryLoss`        ``y`` and ``raw``                           two classes of different shape
`PointwiseLoss`     ``y`` and ``raw``                           probabilities, counts, any link
`MulticlassLoss`    ``y`` (n, k) and ``raw`` (n, k)             k classes
==================  ==========================================  ================================

The author never sees weights, shapes or a booster, and label encodings only as ``own_margin(y,
raw)`` and ``class_side(y, dtype)`` read them. A method returns new arrays. It may get some rows
only, even one, and on several threads, so that it takes no statistic over rows: what a loss reads
off them goes into `_adapted`. NumPy will do, with ``log1p``, ``expm1`` or ``hypot`` where the plain
form loses digits or overflows, ``exp(minimum(x, log(finfo(x.dtype).max) - 2))`` where a link or a
likelihood grows without end, and ``expit``, ``log_expit`` or ``log_softmax`` of `scipy.special`.
What has to cancel, it may compute in double precision: results are rounded to that of the margins.
A loss for arrays of any namespace of the array API standard, as those of this package, computes
with ``xp = array_api_compat.array_namespace(r)``.

A class attribute ``formula`` says the value of a row in those variables and the parameters, as
Python with the functions of mpmath; ``p`` is the link's prediction, and where there are k margins,
``y``, ``raw`` and ``p`` are lists of k numbers. What else a loss may say, all of it optional:

===================  ===================================================  =========================
name                 what                                                 default
===================  ===================================================  =========================
``curvature``        what the Hessian is: "exact", "majorizer" (the       "exact"
                     parabola of that curvature through any point lies
                     above the loss) or "smoothed" (a positive stand-in)
``unit_curvature``   True scales Hessians to count rows each round, for   True for `ResidualLoss`
                     margins in the target's unit
``builtin``          the engines' objectives with the same minimum        none
``max_delta_step``   the estimators' limit of leaves                      none
``__post_init__``    checks the parameters                                none
`examples`           instances to test                                    the default one
`link`               from margins to predictions, as                      identity; softmax of k
                     ``link = links.Logit()``; of two classes, to the     classes
                     probability of the positive one
``_domain``          targets, as ``Interval(0, closed_low=False)`` or     the family's
                     ``ClassLabels(4)``, or a `Domain` of your own
`unimodal`           False if constants may have several best ones        True
``_init_score``      the best constant; of k classes ``_init_scores``     sought numerically
``_adapted``         the loss with what it reads off a `Sample` of rows;  itself
                     not for k classes or groups
===================  ===================================================  =========================

A loss that adapts has a parameter for what it reads, None or "auto" until then, and leaves one
that is set as it is::

    def _adapted(self, sample):
        if self.scale is not None:
            return self
        return replace(self, scale=sample.extent(np.abs(sample.raw - sample.y), 0.5) or 1.0)

The width of a smoothed Hessian in units of the target is called ``scale``. A subclass with
parameters of its own is decorated again. Losses of groups of rows are in `boostobj.groups`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, TypeAlias, final

from boostobj._arrays import weighted_quantile
from boostobj._domains import BinaryLabels, ClassLabels, Domain, Interval
from boostobj._labels import class_side, one_row_per_class, own_margin
from boostobj._loss import Derivatives, Loss
from boostobj._multiclass import MulticlassLoss
from boostobj._registry import all_losses, get_loss
from boostobj._sample import Sample
from boostobj._typing import Array, NumpyArray

__all__ = [
    "BinaryLoss",
    "ClassLabels",
    "Domain",
    "Interval",
    "Loss",
    "MarginLoss",
    "MulticlassLoss",
    "PointwiseLoss",
    "ResidualLoss",
    "Sample",
    "all_losses",
    "class_side",
    "get_loss",
    "own_margin",
]

#: Gradient and Hessian as a function of residuals.
ResidualDerivatives: TypeAlias = Callable[[Array], tuple[Array, Array]]


class ResidualLoss(Loss):
    """A regression loss of the residual ``r = raw_prediction - y_true``.

    Domain: targets and margins are finite real numbers. Link: identity. Several targets
    (n, k) are k losses side by side.
    """

    unit_curvature = True

    @abstractmethod
    def _value(self, r: Array) -> Array:
        """The loss at residuals `r`."""

    @abstractmethod
    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        """Gradient and Hessian at residuals `r`."""

    def _pointwise_value(self, y: Array, raw: Array) -> Array:
        return self._value(raw - y)

    def _pointwise_derivatives(self, y: Array, raw: Array) -> tuple[Array, Array]:
        return self._gradient_hessian(raw - y)

    @final
    def _boosting_derivatives(self, sample: Sample) -> Derivatives:
        # The engine calls `_softened` itself, with residuals in single precision. Elsewhere they
        # stay in double precision, as single might overflow.
        softened = self._softened(sample)
        return lambda y, raw: softened(raw - y)

    def _softened(self, sample: Sample) -> ResidualDerivatives:
        """What a booster gets, a function of the residuals."""
        return self._gradient_hessian

    def _init_guess(self, y: NumpyArray, weight: NumpyArray) -> float:
        return weighted_quantile(y, 0.5, weight)


class MarginLoss(Loss):
    """A two-class loss of the margin ``m = raw_prediction`` for positives, minus that for others.

    Domain: labels 0 and 1, or -1 and +1. Link: each loss's own, to the probability of class 1.
    """

    _domain: ClassVar[Domain] = BinaryLabels()

    @abstractmethod
    def _value(self, m: Array) -> Array:
        """The loss at margins `m`."""

    @abstractmethod
    def _gradient_hessian(self, m: Array) -> tuple[Array, Array]:
        """Gradient and Hessian by `m`."""

    def _pointwise_value(self, y: Array, raw: Array) -> Array:
        return self._value(own_margin(y, raw))

    def _pointwise_derivatives(self, y: Array, raw: Array) -> tuple[Array, Array]:
        side = class_side(y, raw.dtype)
        gradient, hessian = self._gradient_hessian(side * raw)
        return side * gradient, hessian

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        return super()._init_score(*one_row_per_class(y, weight))


class PointwiseLoss(Loss):
    """A loss of the target ``y`` and the margin ``raw``, such as a likelihood with its link."""

    @abstractmethod
    def _value(self, y: Array, raw: Array) -> Array:
        """The loss at targets `y` and margins `raw`."""

    @abstractmethod
    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        """Gradient and Hessian by `raw`."""

    def _pointwise_value(self, y: Array, raw: Array) -> Array:
        return self._value(y, raw)

    def _pointwise_derivatives(self, y: Array, raw: Array) -> tuple[Array, Array]:
        return self._gradient_hessian(y, raw)


class BinaryLoss(PointwiseLoss):
    """A two-class loss whose shape may differ between the classes.

    Domain: labels 0 and 1, or -1 and +1; a loss that is linear in ``y`` may admit all of [0, 1].
    A subclass sees ``y`` and ``raw``, and the margin of a row's own class as
    ``own_margin(y, raw)``.
    """

    _domain: ClassVar[Domain] = BinaryLabels()

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        return super()._init_score(*one_row_per_class(y, weight))
