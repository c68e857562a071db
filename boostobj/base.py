"""What a loss is: the mathematics in one small class, everything else inherited.

A loss is a frozen dataclass that derives from one of the families below and writes two methods,
`_value` and `_gradient_hessian`, in the family's own variable. Methods with an underscore that are
not named here belong to the families.

==================  ==========================================  ================================
family              variable                                    for
==================  ==========================================  ================================
`ResidualLoss`      ``r = raw_prediction - y_true``             regression
`HalfQuadraticLoss` ``r``                                       convex robust regression
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
likelihood grows without end, and ``expit``, ``log_expit`` or ``log_softmax`` of `scipy.special`;
a loss for arrays of any namespace of the array API standard, as those of this package, computes
with ``xp = array_api_compat.array_namespace(r)``.

A class attribute ``formula`` says the value of a row in those variables and the parameters, as
Python with the functions of mpmath; ``p`` is the link's prediction, and where there are k margins,
``y``, ``raw`` and ``p`` are lists of k numbers. What else a loss may say, all of it optional:

===================  ===================================================  =========================
name                 what                                                 default
===================  ===================================================  =========================
``curvature``        what the Hessian is: "exact", "majorizer" (an upper  "exact"
                     bound) or "smoothed" (a positive stand-in)
``unit_curvature``   True scales Hessians to count rows each round, for   True for `ResidualLoss`
                     margins in the target's unit
``builtin``          the engines' objectives with the same minimum        none
``max_delta_step``   the estimators' limit of leaves                      none
``__post_init__``    checks the parameters                                none
`examples`           instances to test                                    the default one
`link`               from margins to predictions, as                      identity; softmax of k
                     ``link = links.Logit()``; of two classes, to the     classes
                     probability of the positive one
``_domain``          targets, as ``Interval(0, closed_low=False)``        the family's
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
        return replace(self, scale=sample.extent(np.abs(sample.raw - sample.y), 0.5))

The width of a smoothed Hessian in units of the target is called ``scale``. A subclass with
parameters of its own is decorated again. Losses of groups of rows are in `boostobj.groups`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from functools import partial
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, final

import numpy as np
from array_api_compat import device, is_numpy_array

from boostobj import links
from boostobj._arrays import (
    BinaryLabels,
    ClassLabels,
    Domain,
    Interval,
    align,
    array_namespace,
    as_rows,
    check_count,
    check_weights,
    on_host,
    title,
    weighted_quantile,
)
from boostobj._labels import (
    LEAST_SHARE,
    check_probability_rows,
    class_side,
    label_rows,
    one_row_per_class,
    own_margin,
)
from boostobj._math import clip, largest, saturated
from boostobj._parallel import by_row
from boostobj._registry import LOSSES, all_losses, get_loss, register, snake_case
from boostobj._sample import Sample
from boostobj._search import best_constant, root
from boostobj._typing import Array, ArrayLike, Curvature, NumpyArray
from boostobj.links import Identity, Link

if TYPE_CHECKING:
    from boostobj.metrics import LossMetric

__all__ = [
    "BinaryLoss",
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

#: Gradient and Hessian as a function of targets and margins.
Derivatives: TypeAlias = Callable[[Array, Array], tuple[Array, Array]]

#: The same as a function of residuals.
ResidualDerivatives: TypeAlias = Callable[[Array], tuple[Array, Array]]

#: The least mean Hessian of a scaled round, however few rows hold all the curvature.
LEAST_WORTH = 0.1

#: More than anybody grows trees for; a larger class number is something else, such as a date.
MOST_CLASSES = 10_000


class Loss(ABC):
    """A loss, its derivatives and all that a booster needs beside them.

    A subclass that defines ``formula`` is registered under its name in snake case and found by
    `get_loss` and `all_losses`. No class outside this package may take the name of one of its
    losses.

    Attributes
    ----------
    formula : str
        The value of one row as an expression in the family's variable and the loss's parameters.
        It is shown to readers and executed in high precision by `boostobj.testing.check_loss`.
    link : Link
        From margins to predictions.
    curvature : {"exact", "majorizer", "smoothed"}
        What the Hessian is. "exact": the second derivative. "majorizer": an upper bound of the
        loss's curvature in the sense of majorise-minimise, so that a Newton step never
        overshoots. "smoothed": a positive stand-in where the second derivative is zero or
        undefined.
    unit_curvature : bool
        Whether the engine may scale gradient and Hessian by a common factor each round so that
        Hessians count rows (see `boostobj.engine.rounds`).
    joint_outputs : bool
        Whether the k margins of a row enter one loss; otherwise they are k losses side by side.
    coupled_outputs : bool
        Whether a Hessian diagonal wants the engine's factor for k classes that move together.
    unimodal : bool
        Whether the mean loss of constants has one minimum, in a sum with other losses as well;
        otherwise `init_score` looks for the best of several.
    max_delta_step : float
        What the estimators limit leaves to, unless told otherwise; 0 is no limit.
    builtin : dict
        The objective of "xgboost" and "lightgbm" that minimises the same loss, if there is one.
    """

    def __new__(cls, *args: Any, **_: Any) -> Self:
        """Refuse a booster's call of the class, which wants an instance, and a bare class."""
        refuse_call_of_class(cls, "objective", args)
        if "__dataclass_fields__" not in vars(cls):
            # an inherited decoration will do for a subclass without parameters of its own
            own = [x for x in get_annotations(cls).values() if "ClassVar" not in str(x)]
            if own or not is_dataclass(cls):
                raise TypeError(f"{cls.__name__} must be decorated with @dataclass(frozen=True)")
        return super().__new__(cls)

    formula: ClassVar[str]
    joint_outputs: ClassVar[bool] = False
    max_delta_step: float = 0.0
    builtin: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "formula" in cls.__dict__:
            register(LOSSES, snake_case(cls.__name__), cls)

    @classmethod
    def examples(cls) -> tuple[Loss, ...]:
        """Instances that the test suite runs over; the first is the default one."""
        return (cls(),)

    @property
    def name(self) -> str:
        """The name for `get_loss`: the class's, in snake case."""
        return snake_case(type(self).__name__)

    @property
    def link(self) -> Link:
        """The link from margins to predictions."""
        return Identity()

    @property
    def curvature(self) -> Curvature:
        """What the Hessian is: "exact", "majorizer" or "smoothed"."""
        return "exact"

    @property
    def unit_curvature(self) -> bool:
        """Whether the engine may scale each round so that Hessians count rows."""
        return False

    @property
    def coupled_outputs(self) -> bool:
        """Whether a Hessian diagonal wants the engine's factor for k classes."""
        return False

    @property
    def unimodal(self) -> bool:
        """Whether the mean loss of constants has one minimum."""
        return True

    @property
    def metric(self) -> LossMetric:
        """The evaluation metric: the weighted mean of `value`, fit for every metric slot."""
        # The metrics stand on the losses, so that the import has to wait.
        from boostobj.metrics import LossMetric

        return LossMetric(self)

    def value(self, y_true: ArrayLike, raw_prediction: ArrayLike) -> Array:
        """The loss of each row.

        Parameters
        ----------
        y_true : array-like of shape (n,) or (n, k)
            Targets.
        raw_prediction : array-like of shape (n,) or (n, k)
            Margins.

        Returns
        -------
        array of shape (n,), or (n, k) for several regression targets
            The exact loss, never a smoothed one.

        Raises
        ------
        TypeError
            If an array does not consist of real numbers.
        ValueError
            If shapes do not fit or a target lies outside the loss's domain.
        """
        return self._weighted_value(y_true, raw_prediction, None)

    def _weighted_value(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, weight: NumpyArray | None
    ) -> Array:
        """`value`, unweighted, of the loss as it adapts to rows of these weights."""
        y, raw = self._checked(y_true, raw_prediction)

        def value(loss: Loss, y: Array, raw: Array) -> tuple[Array]:
            return (saturated(loss._pointwise_value(y, raw), raw),)

        return self._evaluate(value, y, raw, weight)[0]

    def gradient_hessian(self, y_true: ArrayLike, raw_prediction: ArrayLike) -> tuple[Array, Array]:
        """First and second derivative of each row's loss by its margin, unweighted.

        Parameters
        ----------
        y_true, raw_prediction : array-like
            As in `value`.

        Returns
        -------
        gradient, hessian : array of the shape of `raw_prediction`
            The Hessian is finite and positive; `curvature` tells what it is.

        Raises
        ------
        TypeError, ValueError
            As in `value`, or if a margin is not finite.
        """
        y, raw = self._checked(y_true, raw_prediction)
        Interval().check(raw, "raw_prediction", title(self))
        bounds = float(array_namespace(raw).finfo(raw.dtype).smallest_normal), largest(raw)

        def derivatives(loss: Loss, y: Array, raw: Array) -> tuple[Array, Array]:
            gradient, hessian = loss._pointwise_derivatives(y, raw)
            return saturated(gradient, raw), clip(saturated(hessian, raw), *bounds)

        gradient, hessian = self._evaluate(derivatives, y, raw)
        return gradient, hessian

    def init_score(
        self, y_true: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float | NumpyArray:
        """The constant margin that minimises the weighted mean loss.

        Parameters
        ----------
        y_true : array-like of shape (n,) or (n, k)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        float, or array of shape (k,) for k > 1 outputs
            XGBoost's ``base_score`` for a loss whose margin XGBoost does not transform;
            `boostobj.base_score` and `boostobj.init_scores` give the start in each engine's form.

        Raises
        ------
        TypeError
            If an array does not consist of real numbers.
        ValueError
            If there are no targets, or a target or a weight is outside its domain.
        """
        y, weight = self._init_rows(y_true, sample_weight)
        self._domain.check(y, "y_true", title(self))
        if y.ndim == 1 or y.shape[1] == 1:
            return self._init_score(y.ravel(), weight)
        return np.asarray([self._init_score(column, weight) for column in y.T])

    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: ArrayLike | None = None,
        group: Any = ...,
    ) -> tuple[NumpyArray, NumpyArray]:
        """The objective callback of every slot of XGBoost and LightGBM.

        The engines call it; nobody else needs to. The scikit-learn wrappers pass
        ``(y_true, y_pred)`` and weights, the native APIs ``(raw_prediction, dataset)``.

        Parameters
        ----------
        y_true : array-like of shape (n,) or (n, k)
            Targets; from a native API the margins.
        y_pred : array-like of shape (n,) or (n, k), or data set
            Margins; from a native API the `xgboost.DMatrix` or `lightgbm.Dataset` with labels,
            weights and groups.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.
        group : array-like of int, optional
            Sizes of consecutive groups of rows, for a loss that looks at groups.

        Returns
        -------
        gradient, hessian : ndarray of the shape of the margins
            Weighted, and scaled as `boostobj.engine` explains.

        Raises
        ------
        TypeError
            If an array does not consist of real numbers.
        ValueError
            If shapes do not fit, targets or weights are outside their domain, a data set has no
            labels, or a margin is so large, or not a number, that there is no finite gradient.
        """
        # The engine stands on the losses, so that the import has to wait.
        from boostobj.engine import objective

        return objective(self, y_true, y_pred, sample_weight, group)

    def __mul__(self, factor: float) -> Loss:
        """``factor * loss``, for a finite factor > 0."""
        from boostobj.losses.composition import scale  # stands on this module

        product: Loss = scale(self, factor)
        return product

    __rmul__ = __mul__

    def __radd__(self, other: Any) -> Any:
        """The first step of ``sum(losses)``, from zero."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __add__(self, other: Loss) -> Loss:
        """``loss + loss``, for losses of one margin, of k classes or of pairs with one link."""
        from boostobj.losses.composition import add

        total: Loss = add(self, other)
        return total

    #: NumPy's scalars and arrays leave ``factor * loss`` to the loss.
    __array_ufunc__ = None

    @property
    def _domain(self) -> Domain:
        return Interval()

    def _evaluate(
        self,
        function: Callable[[Loss, Array, Array], tuple[Array, ...]],
        y: Array,
        raw: Array,
        weight: NumpyArray | None = None,
    ) -> tuple[Array, ...]:
        """`function` of this loss, adapted to the rows, in chunks of them.

        Margins that are losses side by side are evaluated column by column.
        """
        if raw.ndim == 1 or self.joint_outputs:
            return by_row(partial(function, self._adapted(Sample(y, raw, weight))), y, raw)
        xp = array_namespace(raw)
        columns = [
            self._evaluate(function, y[:, j], raw[:, j], weight) for j in range(raw.shape[1])
        ]
        return tuple(xp.stack(parts, axis=-1) for parts in zip(*columns, strict=True))

    def _mean_worth(self, mean: float, spread: float) -> float:
        """What the rows of a round count for on average.

        Parameters
        ----------
        mean : float
            Mean Hessian.
        spread : float
            Mean square of Hessians over the square of their mean.
        """
        return max(spread**-0.5, LEAST_WORTH) if spread > 0 else 1.0

    def _pointwise_value(self, y: Array, raw: Array) -> Array:
        """The loss of rows; each family says it in its own variable."""
        raise NotImplementedError

    def _pointwise_derivatives(self, y: Array, raw: Array) -> tuple[Array, Array]:
        """Gradient and Hessian of rows by their margins."""
        raise NotImplementedError

    def _boosting(self, sample: Sample) -> Derivatives:
        """What a booster gets in the round of `sample`, a function of ``(y, raw)``."""
        return self._adapted(sample)._boosting_derivatives(sample)

    def _adapted(self, sample: Sample) -> Self:
        """This loss with everything fixed that it reads off the rows; most read nothing."""
        return self

    def _boosting_derivatives(self, sample: Sample) -> Derivatives:
        """`_boosting` of a loss that is adapted already.

        The derivatives themselves, unless something smoother trains better.
        """
        return self._pointwise_derivatives

    def _checked(self, y_true: ArrayLike, raw_prediction: ArrayLike) -> tuple[Array, Array]:
        """Targets and margins as float arrays of one namespace whose shapes fit."""
        raw = as_rows(raw_prediction, "raw_prediction", self)
        y = as_rows(y_true, "y_true", self)
        if is_numpy_array(y) and not is_numpy_array(raw):
            y = array_namespace(raw).asarray(y, device=device(raw))
        y = self._aligned(y, raw)
        return y, raw

    def _aligned(self, y: Array, raw: Array) -> Array:
        """Targets in the shape of the margins, checked."""
        y = align(y, raw, title(self))
        self._domain.check(y, "y_true", title(self))
        return y

    def _init_rows(
        self, y_true: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[NumpyArray, NumpyArray]:
        """Targets and weights of `init_score` in double precision."""
        y = np.asarray(as_rows(on_host(y_true), "y_true", self), dtype=np.float64)
        if y.size == 0:
            raise ValueError(f"{title(self)}: y_true is empty")
        return y, _init_weights(sample_weight, y.shape[0])

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        """The minimiser for one column of targets.

        A loss that adapts to rows does so to those that start from the constant: the two take turns
        until neither moves.
        """
        if type(self)._adapted is Loss._adapted:
            return self._best_constant(y, weight)
        constant, loss = self._init_guess(y, weight), None
        for _ in range(50):
            adapted = self._adapted(Sample(y, np.full_like(y, constant), weight))
            if adapted == loss:
                break
            before, loss = constant, adapted
            constant = loss._best_constant(y, weight)
            spread = weighted_quantile(np.abs(y - before), 0.9, weight)
            if abs(constant - before) <= 1e-9 * spread:
                break
        return constant

    def _init_guess(self, y: NumpyArray, weight: NumpyArray) -> float:
        """A constant for a loss to adapt to first."""
        low, high = self._init_bracket(y, weight)
        return low / 2 + high / 2

    def _best_constant(self, y: NumpyArray, weight: NumpyArray) -> float:
        """The minimiser of a loss that is adapted: where the mean gradient is zero."""
        bracket = self._init_bracket(y, weight)
        if not self.unimodal:
            return best_constant(self._pointwise_value, y, weight, *bracket)

        def slope(constant: float) -> float:
            gradient, _ = two_arrays(self._pointwise_derivatives, y, np.full_like(y, constant))
            mean = float(np.average(gradient, weights=weight))
            if np.isnan(mean):
                raise ValueError(f"{self!r}: the mean gradient of the constant {constant!r} is NaN")
            return mean

        return root(slope, *bracket)

    def _init_bracket(self, y: NumpyArray, weight: NumpyArray) -> tuple[float, float]:
        """Two margins near the best constant: the extreme targets, or around the mean by the link.

        The best of several minima of a two-class loss may be anywhere between those of the classes.
        """
        link = self.link
        if link.gives_probabilities and not self.unimodal:
            low, high = link.link(np.asarray([LEAST_SHARE, 1 - LEAST_SHARE]))
            return float(low), float(high)
        if link == Identity():
            return float(np.min(y)), float(np.max(y))
        mean = np.average(y, weights=weight)
        inside = bool(link.domain.contains(np.asarray(mean)))
        centre = float(link.link(np.asarray(mean))) if inside else 0.0
        return centre - 1, centre + 1


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


class MulticlassLoss(Loss):
    """A loss of k margins per row.

    Domain: class numbers 0 to k-1, or rows of k class probabilities (one-hot or soft labels).
    Link: softmax. The loss's methods always see label rows.

    The Hessian is the diagonal of the exact one. A booster grows one tree per class as if the
    classes were independent, and each engine stretches the diagonal in its own way to make up
    for it; the engine adapters do the same (XGBoost 2, LightGBM k/(k-1)).

    A subclass may have a parameter `n_classes`; without, there are as many as margins.
    """

    joint_outputs = True
    coupled_outputs = True
    n_classes: int | None = None

    def _check_n_classes(self) -> None:
        """Check a parameter `n_classes`."""
        if self.n_classes is not None:
            check_count(self, "n_classes", low=2)

    @abstractmethod
    def _value(self, y: Array, raw: Array) -> Array:
        """The loss (n,) at label rows `y` and margins `raw`, both (n, k)."""

    @abstractmethod
    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        """Gradient and diagonal of the Hessian by `raw`, both (n, k)."""

    @property
    def link(self) -> Link:
        """Softmax."""
        return links.Softmax()

    def _pointwise_value(self, y: Array, raw: Array) -> Array:
        return self._value(label_rows(y, raw), raw)

    def _pointwise_derivatives(self, y: Array, raw: Array) -> tuple[Array, Array]:
        return self._gradient_hessian(label_rows(y, raw), raw)

    def _aligned(self, y: Array, raw: Array) -> Array:
        name = title(self)
        k = self.n_classes or raw.shape[-1]
        if raw.ndim != 2 or raw.shape[1] != k or k < 2:
            wanted = f"(n, {self.n_classes})" if self.n_classes else "(n, k)"
            raise ValueError(
                f"{name}: raw_prediction must have shape {wanted}, got {tuple(raw.shape)}; "
                "set num_class to the number of classes in the booster's parameters, and for "
                'XGBoost "objective": "reg:squarederror", whose predict gives margins'
            )
        y = align(y, raw, name, one_per_row=True)
        if y.ndim == 1:
            ClassLabels(k).check(y, "y_true", name)
        else:
            check_probability_rows(y, "y_true", name)
        return y

    def init_score(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> NumpyArray:
        """The k constant margins that minimise the weighted mean loss.

        Where only their differences matter, they sum to zero.

        Parameters
        ----------
        y_true : array-like of shape (n,) or (n, k)
            Class numbers or label rows. Without `n_classes`, k is read off the labels.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        ndarray of shape (k,)
            One margin per class; one of a class that is missing is finite.

        Raises
        ------
        ValueError
            If there are no targets, or a target or a weight is outside its domain.
        """
        name = title(self)
        y, weight = self._init_rows(y_true, sample_weight)
        if y.ndim == 2 and y.shape[1] > 1:
            rows = y
            if self.n_classes not in (None, rows.shape[1]):
                raise ValueError(
                    f"{name}: y_true must have shape (n,) or (n, {self.n_classes}), got {y.shape}"
                )
            check_probability_rows(rows, "y_true", name)
        else:
            y = y.ravel()
            Interval(0).check(y, "y_true", name)
            k = self.n_classes or max(int(np.max(y)) + 1, 2)
            ClassLabels(k).check(y, "y_true", name)
            if k > MOST_CLASSES:
                raise ValueError(
                    f"{name}: y_true must be class numbers 0 to k-1, of at most {MOST_CLASSES} "
                    f"classes, got {np.max(y)}"
                )
            # a row a class is enough
            classes, index = np.unique(y, return_inverse=True)
            rows = (classes[:, None] == np.arange(k)).astype(np.float64)
            weight = np.bincount(index, weight)
        return self._init_scores(rows, weight)

    def _minimizer(self, rows: NumpyArray, weight: NumpyArray, start: NumpyArray) -> NumpyArray:
        """The minimiser over constants by search from `start`."""
        from scipy.optimize import minimize  # slow to import, needed for a fit only

        _, hessian = self._gradient_hessian(rows, np.broadcast_to(start, rows.shape))
        # in a unit of its own, as the search has tolerances
        unit = np.average(hessian.sum(axis=1), weights=weight) or 1.0

        def mean(constants: NumpyArray) -> tuple[float, NumpyArray]:
            raw = np.broadcast_to(constants, rows.shape)
            gradient, _ = self._gradient_hessian(rows, raw)
            value = np.average(self._value(rows, raw), weights=weight)
            return float(value / unit), np.average(gradient, axis=0, weights=weight) / unit

        result = minimize(
            mean, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-9, "ftol": 0}
        )
        return np.asarray(result.x)

    def _init_scores(self, rows: NumpyArray, weight: NumpyArray) -> NumpyArray:
        """The minimiser over constants for label rows, sought from the margins of their shares."""
        return self._minimizer(rows, weight, self._share_margins(rows, weight))

    def _share_margins(self, rows: NumpyArray, weight: NumpyArray) -> NumpyArray:
        """The constants that predict the classes' shares, which minimise the cross-entropy."""
        share = np.clip(np.average(rows, axis=0, weights=weight), LEAST_SHARE, None)
        return np.asarray(self.link.link(share / share.sum()))


def two_arrays(function: Derivatives, y: NumpyArray, raw: NumpyArray) -> Sequence[NumpyArray]:
    """What a loss returns for some rows, checked to be two arrays as long as these.

    Raises
    ------
    ValueError
        If it is something else.
    """
    returned: Any = function(y, raw)
    results = returned if isinstance(returned, tuple | list) else (returned,)
    if len(results) == 2 and all(
        isinstance(x, np.ndarray) and x.shape == raw.shape for x in results
    ):
        return results
    kinds = " and ".join(f"{type(x).__name__} of shape {np.shape(x)}" for x in results)
    raise ValueError(
        "_gradient_hessian must return two arrays of the shape of the margins, "
        f"{raw.shape}, got {kinds}"
    )


def takes_fractions(loss: Loss) -> bool:
    """Whether targets may lie between the classes 0 and 1, as their probabilities do."""
    return bool(loss._domain.contains(np.asarray([0.5])).all())


def refuse_call_of_class(cls: type, slot: str, args: Sequence[Any]) -> None:
    """Refuse the arguments of a booster's call, which wants an instance.

    Raises
    ------
    TypeError
        If that is what the arguments are.
    """
    called = [type(x).__name__ in ("DMatrix", "QuantileDMatrix", "Dataset") for x in args]
    # labels in single precision, as the wrappers pass them, and margins
    arrays = [isinstance(x, np.ndarray) for x in args[:2]]
    if any(called) or (arrays == [True, True] and args[0].dtype == np.float32):
        raise TypeError(f"the {slot} must be an instance, {cls.__name__}(), not the class")


def _init_weights(sample_weight: ArrayLike | None, n: int) -> NumpyArray:
    """Weights in double precision."""
    weight = check_weights(sample_weight, n)
    return np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
