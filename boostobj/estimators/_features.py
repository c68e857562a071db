"""Features as both engines take them: arrays, sparse matrices, frames with categories."""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.utils.validation import validate_data

from boostobj._arrays import holds_dates, is_arrow, on_host

__all__ = ["check_features"]


def check_features(
    estimator: Any, X: Any, *, reset: bool, name: str = "X", categories: Any = None
) -> Any:
    """Check the features of `fit` or `predict` and bring them in the engines' form.

    Missing values are welcome, infinities are not. Of a frame's columns the engines take numbers,
    booleans and categories. A categorical column is told by its values, whatever codes they have
    in the frame at hand: the categories are those of `fit`, and others count as missing.

    Parameters
    ----------
    estimator : BaseEstimator
        Its ``n_features_in_``, ``feature_names_in_`` and ``_categories`` are set or consulted.
    X : array-like, sparse matrix, or frame of pandas, polars or pyarrow
        Never changed. An array on a GPU is fetched from there.
    reset : bool
        Whether this is `fit`.
    name : str
        How error messages call it.
    categories : dict or list, optional
        Categories that `fit` has to keep to, of the model to go on from: by name, or of each
        categorical column in turn.

    Returns
    -------
    ndarray, CSR matrix or pandas.DataFrame

    Raises
    ------
    TypeError
        If an array holds dates or durations, or a frame of polars is lazy.
    ValueError
        If a value, a column or its type does not fit.
    """
    X = on_host(X)
    if type(X).__module__.startswith("polars."):
        X = _from_polars(X)
    elif is_arrow(X):
        X = _from_arrow(X)
    elif hasattr(X, "to_pandas"):
        X = X.to_pandas()
    if hasattr(X, "iloc"):
        return _check_frame(estimator, X, reset, name, categories)
    known, where = (categories, "init_model has") if reset else (estimator._categories, "fit had")
    if known:
        raise ValueError(
            f"{where} {len(known)} categorical columns; {name} must be a frame that has them, got "
            f"{type(X).__name__}"
        )
    if isinstance(X, np.ndarray) and holds_dates(X):
        raise TypeError(f"{name} must be numbers, got dates or durations: {X.dtype}")
    if reset:
        estimator._categories = {}
    features = validate_data(
        estimator,
        X,
        reset=reset,
        accept_sparse="csr",
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        ensure_min_samples=2 if reset else 1,
    )
    # LightGBM knows the older of SciPy's two kinds only
    return csr_matrix(features) if issparse(features) else features


def _check_frame(estimator: Any, X: Any, reset: bool, name: str, categories: Any) -> Any:
    if X.ndim != 2:
        raise ValueError(f"{name} must have rows and columns, got a {type(X).__name__}")
    if reset and X.shape[0] == 1:
        raise ValueError(f"{name} has 1 sample (row), a minimum of 2 is required to fit")
    if 0 in X.shape:
        raise ValueError(f"{name} is empty: {X.shape[0]} rows, {X.shape[1]} columns")
    twice = X.columns[X.columns.duplicated()].tolist()
    if twice:
        raise ValueError(f"{name} has more than one column named {twice[0]!r}")
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    frame = _plain_columns(X, name)
    if reset:
        estimator._categories = _categories_of(frame, categories, name)
    return _coded(frame, estimator._categories, name)


def _categories_of(frame: Any, known: Any, name: str) -> dict[str, Any]:
    """The categories of each categorical column, or `known` ones if they are all there is."""
    own = {column: frame[column].cat.categories for column in frame.select_dtypes("category")}
    if known is None:
        return own
    if len(known) != len(own):
        raise ValueError(f"{name} has categorical columns: {len(own)}, init_model: {len(known)}")
    if isinstance(known, list):
        known = dict(zip(own, known, strict=True))
    for column in own.keys() & known.keys():
        unknown = frame[column][~frame[column].isin(known[column]) & frame[column].notna()]
        if len(unknown):
            raise ValueError(
                f"{name}: column {column!r} has the category {unknown.iloc[0]!r}, init_model knows "
                f"{reprlib.repr(list(known[column]))}; leave such rows out, or make them missing"
            )
    return dict(known)


def _from_polars(X: Any) -> Any:
    """A frame of polars as one of pandas, column by column: `to_pandas` would need pyarrow."""
    import pandas as pd

    if hasattr(X, "collect"):
        raise TypeError("a polars LazyFrame holds no rows yet: call its collect()")
    if not hasattr(X, "columns"):
        return X.to_numpy()
    columns = {}
    for column in X.columns:
        values = X[column]
        kind = str(values.dtype)
        if kind.startswith(("Categorical", "Enum")):
            columns[column] = pd.Categorical(values.to_list())
        else:
            # what would be objects: decimals, and booleans with nulls
            objects = kind.startswith(("Boolean", "Decimal"))
            columns[column] = (values.cast(float) if objects else values).to_numpy()
    return pd.DataFrame(columns)


def _from_arrow(X: Any) -> Any:
    """A table of pyarrow as a frame of pandas, with numbers for what would be objects there."""
    import pandas as pd

    def nullable(kind: Any) -> Any:
        return pd.ArrowDtype(kind) if str(kind).startswith(("bool", "decimal")) else None

    return X.to_pandas(types_mapper=nullable)


def _plain_columns(X: Any, name: str) -> Any:
    """The frame with numbers as the engines know them; an error for what they cannot take."""
    import pandas as pd
    from pandas.api import types

    frame = X.copy(deep=False)
    for column in frame.columns:
        values = frame[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            continue
        number = types.is_numeric_dtype(values.dtype) or types.is_bool_dtype(values.dtype)
        if not number or types.is_complex_dtype(values.dtype):
            raise ValueError(
                f"{name}: column {column!r} has dtype {values.dtype}; features are numbers, "
                'booleans or categories: encode it, or use astype(float) or astype("category")'
            )
        if types.is_extension_array_dtype(values.dtype):
            frame[column] = values.to_numpy(dtype=np.float64, na_value=np.nan)
        elif not values.dtype.isnative:
            frame[column] = values.astype(values.dtype.newbyteorder("="))
        if np.isinf(frame[column].to_numpy(dtype=np.float64)).any():
            raise ValueError(f"{name}: column {column!r} contains infinity")
    return frame


def _coded(frame: Any, categories: dict[str, Any], name: str) -> Any:
    """The frame with the categories of `fit`."""
    import pandas as pd

    for column in frame.columns:
        categorical = isinstance(frame[column].dtype, pd.CategoricalDtype)
        if categorical is not (column in categories):
            now, then = ("categories", "numbers") if categorical else ("numbers", "categories")
            raise ValueError(f"{name}: column {column!r} has {now}, in fit it had {then}")
        if categorical:
            frame[column] = frame[column].cat.set_categories(categories[column])
    return frame


def refuse_characters(X: Any, characters: str, engine: str) -> None:
    """Refuse a frame with a column whose name has one of some characters.

    Raises
    ------
    ValueError
        If there is one.
    """
    for name in getattr(X, "columns", ()):
        if set(characters) & set(str(name)):
            shown = " ".join(repr(c)[1:-1] for c in characters)
            raise ValueError(
                f"X: column {name!r}: {engine} takes none of {shown} in a name; rename it"
            )


def refuse_beyond_single(values: Any, name: str, engine: str) -> None:
    """Refuse numbers that are finite in double precision only.

    Parameters
    ----------
    values : ndarray, CSR matrix or pandas.DataFrame
        Features or targets.
    name : str
        How the error message calls them.
    engine : str
        Which engine computes.

    Raises
    ------
    ValueError
        If there is one.
    """
    largest = np.finfo(np.float32).max
    if hasattr(values, "iloc"):
        numbers = values.select_dtypes("number")
        parts = {f"column {column!r}": numbers[column] for column in numbers}
    else:
        parts = {"an entry": values.data if issparse(values) else values}
    for where, part in parts.items():
        if np.any((part > largest) | (part < -largest)):
            raise ValueError(
                f"{name}: {where} is beyond {largest:.3g}; {engine} computes in single precision"
            )


def numbered(X: Any, known: Callable[[Any], bool]) -> Any:
    """The features with numbers for categories of another kind than an engine knows.

    Parameters
    ----------
    X : ndarray, CSR matrix or pandas.DataFrame
        As `check_features` returns it.
    known : callable
        Whether it knows those of a ``pandas.Index``.
    """
    if not hasattr(X, "iloc"):
        return X
    X = X.copy(deep=False)
    for name in X.select_dtypes("category"):
        values = X[name].cat
        if not known(values.categories):
            numbers = range(len(values.categories))
            # XGBoost wants at least one
            X[name] = values.rename_categories(numbers) if numbers else values.add_categories([0])
    return X
