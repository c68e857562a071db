"""Four small public data sets, for examples and benchmarks; they need pandas.

Each loader returns ``(X, y)``: a data frame whose text columns have pandas' ``category`` dtype and
whose missing values are NaN, and the target as a series. LightGBM takes such a frame as it is,
XGBoost with ``enable_categorical=True``. ``data/README.md`` tells where the data come from and
under which licence.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load_diamonds", "load_engel", "load_flights", "load_randhie"]

#: A flight is late when it arrives more than this many minutes after its schedule.
_LATE = 60


def load_flights(
    target: Literal["arr_delay", "late"] = "arr_delay", *, dep_delay: bool = False
) -> tuple[pd.DataFrame, pd.Series]:
    """60,000 flights from New York City in 2013 and how late they arrived.

    Parameters
    ----------
    target : {"arr_delay", "late"}, default "arr_delay"
        ``"arr_delay"`` is the delay at arrival in whole minutes: negative when early, with a
        heavy right tail. ``"late"`` is 1 where that delay exceeds 60 minutes (8.4 % of the
        flights) and 0 elsewhere.
    dep_delay : bool, default False
        Whether `X` ends with the delay at departure. It is known only when the aircraft has left
        the gate, and then tells nearly everything.

    Returns
    -------
    X : pandas.DataFrame of shape (60000, 17), or (60000, 18) with `dep_delay`
        The schedule and the weather at the origin in the hour of the scheduled departure.
        ``carrier``, ``origin`` and ``dest`` are categorical; the weather has missing values.
    y : pandas.Series of shape (60000,)

    Raises
    ------
    ValueError
        If `target` is neither.

    Notes
    -----
    The flights of one day share its troubles, so a random split flatters a model. To score one on
    days it has not seen, group by ``X["month"] * 100 + X["day"]``.
    """
    if target not in ("arr_delay", "late"):
        raise ValueError(f"target must be 'arr_delay' or 'late', not {target!r}")
    X, y = _split(_read("flights.csv.gz"), "arr_delay")
    for column in ("carrier", "origin", "dest"):
        X[column] = X[column].astype("category")
    if not dep_delay:
        X = X.drop(columns="dep_delay")
    if target == "late":
        y = (y > _LATE).astype("int64").rename("late")
    return X, y


def load_diamonds() -> tuple[pd.DataFrame, pd.Series]:
    """Price in US dollars of 53,940 round-cut diamonds.

    Returns
    -------
    X : pandas.DataFrame of shape (53940, 9)
        ``cut``, ``color`` and ``clarity`` are ordered categoricals.
    y : pandas.Series of shape (53940,)
        ``price``: positive, skewed, from 326 to 18,823.

    Notes
    -----
    The rows are sorted, for the most part by price: shuffle before splitting.
    """
    X, y = _split(_read("diamonds.csv.gz"), "price")
    for column, categories in {
        "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
        "color": list("DEFGHIJ"),  # from the best to the worst
        "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
    }.items():
        X[column] = X[column].astype("category").cat.set_categories(categories, ordered=True)
    return X, y


def load_engel() -> tuple[pd.DataFrame, pd.Series]:
    """Income and food expenditure of 235 Belgian households in 1857, in francs a year.

    Returns
    -------
    X : pandas.DataFrame of shape (235, 1)
        ``income``.
    y : pandas.Series of shape (235,)
        ``foodexp``: its spread grows with income, the classic example of quantile regression.
    """
    return _split(_read("engel.csv"), "foodexp")


def load_randhie() -> tuple[pd.DataFrame, pd.Series]:
    """Outpatient visits to a physician in the RAND health insurance experiment.

    Returns
    -------
    X : pandas.DataFrame of shape (20190, 9)
        The insurance plan and the health of a person.
    y : pandas.Series of shape (20190,)
        ``mdvis``: a person's visits in one year, a count with 31 % zeros and a maximum of 77.

    Notes
    -----
    A person's years are consecutive rows that are equal in `X`, and a random split lets a model
    meet the same people again. To keep them together, group by
    ``X.ne(X.shift()).any(axis=1).cumsum()``.
    """
    return _split(_read("randhie.csv.gz"), "mdvis")


def _read(name: str) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("the data sets are pandas data frames: pip install pandas") from error

    package = Path(__file__).parent
    # Inside an installed package, or beside the package in a checkout.
    folders = (package / "data", package.parent / "data")
    for folder in folders:
        if (folder / name).is_file():
            return pd.read_csv(folder / name)
    raise FileNotFoundError(f"{name} is neither in {folders[0]} nor in {folders[1]}")


def _split(frame: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.Series]:
    return frame.drop(columns=target), frame[target]
