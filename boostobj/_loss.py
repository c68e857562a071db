"""The class of all losses; `boostobj.base` has the families and says how to write one."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from functools import partial
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import numpy as np
from array_api_compat import device, is_numpy_array

from boostobj._arrays import (
    array_namespace,
    as_rows,
    on_host,
    title,
    weighted_mean,
    weighted_quantile,
)
from boostobj._checks import align, check_weights
from boostobj._domains import Domain, Interval
from boostobj._labels import LEAST_SHARE
from boostobj._math import clip, largest, saturated
from boostobj._parallel import by_row
from boostobj._registry import LOSSES, register, snake_case
from boostobj._sample import Sample
from boostobj._search import best_constant, root
from boostobj._typing import Array, ArrayLike, Curvature, NumpyArray
from boostobj.links import Identity, Link

if TYPE_CHECKING:
    from boostobj.metrics import LossMetric

#: Gradient and Hessian as a function of targets and margins.
Derivatives: TypeAlias = Callable[[Array, Array], tuple[Array, Array]]

#: The least mean Hessian of a scaled round, however few rows hold all the curvature.
LEAST_WORTH = 0.1


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
    def max_delta_step(self) -> float:
        """What the estimators limit leaves to, unless told otherwise; 0 is no limit."""
        return 0.0

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

        def derivatives(loss: Loss, y: Array, raw: Array) -> tuple[Array, Array]:
            return in_range(*loss._pointwise_derivatives(y, raw), raw)

        gradient, hessian = self._evaluate(derivatives, y, raw)
        return gradient, hessian

    def init_score(
        self, y_true: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float | NumpyArray:
        """The constant margin that minimises the weighted mean loss.

        A loss that adapts to the residuals, as ``Huber("auto")`` does, is as wide there as the
        residuals of that constant make it.

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
        y, weight = y[weight > 0], weight[weight > 0]
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
        """``factor * loss``, for a factor from 1e-20 to 1e20."""
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

    @property
    def _least_worth(self) -> float:
        """The least Hessian of a row that a booster gets, over the mean."""
        return 0.0

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
        weight = check_weights(sample_weight, y.shape[0])
        return y, np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)

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
            mean = float(weighted_mean(gradient, weight))
            if np.isnan(mean):
                raise ValueError(f"{self!r}: the mean gradient of the constant {constant!r} is NaN")
            return mean

        # margins in the target's unit may lie far from all targets, those of a link are logarithms
        return root(slope, *bracket, moves=20 if self.link == Identity() else 6)

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


def in_range(gradient: Array, hessian: Array, raw: Array) -> tuple[Array, Array]:
    """Derivatives in the precision of the margins, the Hessian positive and finite."""
    least = float(array_namespace(raw).finfo(raw.dtype).smallest_normal)
    return saturated(gradient, raw), clip(saturated(hessian, raw), min=least, max=largest(raw))


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
