"""Which rows train the models of intervals, and which calibrate them."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import check_cv

from boostobj._typing import ArrayLike, NumpyArray
from boostobj.estimators._fitting import Rows
from boostobj.estimators._groups import Groups

__all__ = ["calibration_folds"]

Folds = list[tuple[NumpyArray, NumpyArray]]


def calibration_folds(
    model: Any, rows: Rows, groups: Groups | None, labels: ArrayLike | None, seed: int
) -> Folds:
    """Pairs of rows: to train on, and to calibrate on.

    Rows of weight zero are in neither. What is drawn is drawn inside each group, so that every
    group has its share of the calibration rows.

    Parameters
    ----------
    model : QuantileIntervalRegressor
        Its `calibration`, `cv` and `calibration_fraction` say how.
    rows : Rows
        All rows.
    groups : Groups, optional
        Their groups.
    labels : array-like, optional
        The same as the user gave them, for splitters.
    seed : int
        Seeds what is drawn.

    Raises
    ------
    ValueError
        If a row would calibrate a model that was trained on it, or calibrate twice; if there is
        nothing to train on.
    """
    n, owner = len(rows.y), type(model).__name__
    counts = np.ones(n, dtype=bool) if rows.sample_weight is None else rows.sample_weight > 0
    if model.calibration is None:
        return [(np.flatnonzero(counts), np.arange(0))]
    own = model.calibration == "cv" and not isinstance(model.cv, Integral)
    if own:
        try:
            splits = list(check_cv(model.cv, rows.y).split(rows.X, rows.y, labels))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{owner}: cv must give pairs of rows, (train, test): {error}"
            ) from error
        folds = _checked(splits, n, owner)
    else:
        kept = np.flatnonzero(counts)
        codes = np.zeros(n, dtype=int) if groups is None else groups.codes
        # all rows, group after group, each in random order
        order = kept[np.lexsort((np.random.default_rng(seed).random(len(kept)), codes[kept]))]
        part = np.full(n, -1)
        if model.calibration == "cv":
            if model.cv > len(kept):
                raise ValueError(
                    f"{owner}: cv must be at most the number of rows, {len(kept)}, got {model.cv}"
                )
            part[order] = np.arange(len(kept)) % model.cv
        else:
            _, first, size = np.unique(codes[order], return_index=True, return_counts=True)
            position = np.arange(len(kept)) - np.repeat(first, size)
            share = np.ceil(np.round(float(model.calibration_fraction) * size, 9))
            part[order] = np.where(position < np.repeat(share, size), 0, 1)
        n_folds = int(model.cv) if model.calibration == "cv" else 1
        folds = [(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(n_folds)]
    folds = [(train[counts[train]], rest[counts[rest]]) for train, rest in folds]
    for train, _ in folds:
        if len(train) < 2:
            name = "cv" if model.calibration == "cv" else "calibration_fraction"
            grouped = ""
            if groups is not None and model.calibration == "split":
                grouped = f", rounded up in each of {len(groups.labels)} groups,"
            raise ValueError(
                f"{owner}: {name}={getattr(model, name)!r}{grouped} leaves {len(train)} of "
                f"{np.count_nonzero(counts)} rows to train on, at least 2 are needed"
            )
    return folds


def _checked(splits: Any, n: int, owner: str) -> Folds:
    """A user's folds as row numbers; no row is left out twice, nor trained on and left out."""
    folds = []
    times = np.zeros(n, dtype=int)
    for i, pair in enumerate(splits):
        try:
            train, rest = (np.arange(n)[np.asarray(part)] for part in pair)
        except IndexError as error:
            raise ValueError(f"{owner}: cv: fold {i} has no such rows: {error}") from None
        both = np.intersect1d(train, rest)
        if len(both):
            raise ValueError(
                f"{owner}: cv: fold {i} trains on row {both[0]} and leaves it out; a row must do "
                "one or the other"
            )
        times += np.bincount(rest, minlength=n)
        folds.append((train, rest))
    if not folds:
        raise ValueError(f"{owner}: cv must have a fold or more, got none")
    if times.max() > 1:
        raise ValueError(
            f"{owner}: cv leaves row {times.argmax()} out {times.max()} times; a row may be left "
            "out once"
        )
    return folds
