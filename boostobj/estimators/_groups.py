"""Groups of rows, told apart by what their labels equal and not by how they are stored."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple, Self

import numpy as np

from boostobj._arrays import on_host
from boostobj._typing import ArrayLike, NumpyArray

__all__ = ["Groups"]


class Groups(NamedTuple):
    """The group of each row.

    Attributes
    ----------
    codes : ndarray of shape (n,)
        The position of each row's label among the labels, -1 for a label that is not there.
    labels : tuple
        The labels, each once.
    """

    codes: NumpyArray
    labels: tuple[Any, ...]

    @classmethod
    def of(
        cls,
        groups: ArrayLike | None,
        n: int,
        labels: tuple[Any, ...] | None = None,
        weight: NumpyArray | None = None,
    ) -> Self | None:
        """Read the group of each of `n` rows; None stays None.

        Parameters
        ----------
        groups : array-like of shape (n,)
            Labels of any type that can be hashed, tuples apart.
        n : int
            Number of rows.
        labels : tuple, optional
            The labels to look for; by default those of `groups`, as they come.
        weight : ndarray of shape (n,), optional
            Weights; labels of rows without weight alone are none.

        Returns
        -------
        Groups or None

        Raises
        ------
        TypeError
            If a label cannot be hashed.
        ValueError
            If the shape does not fit, or a label is missing.
        """
        if groups is None:
            return None
        values = _objects(on_host(groups))
        if values.shape != (n,):
            raise ValueError(f"groups must have shape ({n},), got {values.shape}")
        if any(map(is_missing, values)):
            raise ValueError("groups must not have missing values")
        try:
            if labels is None:
                labels = tuple(dict.fromkeys(values if weight is None else values[weight > 0]))
            positions = {label: i for i, label in enumerate(labels)}
            codes = [positions.get(value, -1) for value in values]
        except TypeError as error:
            raise TypeError(f"groups must be numbers, strings or the like: {error}") from None
        return cls(np.array(codes, dtype=int), labels)

    def take(self, rows: NumpyArray) -> Self:
        """Some of the rows."""
        return self._replace(codes=self.codes[rows])


def _objects(labels: Any) -> NumpyArray:
    """Labels as Python has them, a day as its first moment."""
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "mM":
        labels = list(labels)  # NumPy would make integers of nanoseconds
    values = np.asarray(labels, dtype=object)
    return np.asarray(np.frompyfunc(_label, 1, 1)(values), dtype=object)


def _label(value: Any) -> Any:
    """A label by which all that stand for the same moment are equal."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        whole = value.astype(f"{value.dtype.kind}8[us]")
        return whole.item() if whole == value else value
    if type(value) is date:
        return datetime(value.year, value.month, value.day)
    return value


def is_missing(value: Any) -> bool:
    """Whether a label is none."""
    # pandas' NA is neither equal to itself nor different
    return value is None or type(value).__name__ == "NAType" or bool(value != value)
