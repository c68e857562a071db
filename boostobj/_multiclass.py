"""The family of losses of k classes."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from boostobj import links
from boostobj._arrays import title, weighted_mean
from boostobj._checks import align, check_count, check_outputs
from boostobj._domains import ClassLabels, Interval
from boostobj._labels import LEAST_SHARE, check_probability_rows, label_rows
from boostobj._loss import Loss
from boostobj._typing import Array, ArrayLike, NumpyArray
from boostobj.links import Link

#: More than anybody grows trees for; a larger class number is something else, such as a date.
MOST_CLASSES = 10_000


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
        check_outputs(raw, self.n_classes, name)
        y = align(y, raw, name, one_per_row=True)
        if y.ndim == 1:
            ClassLabels(raw.shape[1]).check(y, "y_true", name)
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
        TypeError
            If an array does not consist of real numbers.
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
        unit = weighted_mean(hessian.sum(axis=1), weight) or 1.0

        def mean(constants: NumpyArray) -> tuple[float, NumpyArray]:
            raw = np.broadcast_to(constants, rows.shape)
            gradient, _ = self._gradient_hessian(rows, raw)
            value = weighted_mean(self._value(rows, raw), weight)
            return float(value / unit), weighted_mean(gradient, weight) / unit

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
