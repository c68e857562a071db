"""The data sets: what the loaders return, and what data/README.md says about each file."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from boostobj import datasets

DATA = Path(__file__).parent.parent / "data"


@pytest.mark.parametrize(
    ("name", "shape", "target", "categorical"),
    [
        ("flights", (60_000, 17), "arr_delay", {"carrier", "origin", "dest"}),
        ("diamonds", (53_940, 9), "price", {"cut", "color", "clarity"}),
        ("engel", (235, 1), "foodexp", set()),
        ("randhie", (20_190, 9), "mdvis", set()),
    ],
)
def test_every_loader_returns_features_and_target(name, shape, target, categorical):
    X, y = getattr(datasets, f"load_{name}")()
    assert X.shape == shape
    assert y.name == target
    assert y.index.equals(X.index)
    assert target not in X
    assert set(X.select_dtypes("category")) == categorical
    assert all(pd.api.types.is_numeric_dtype(X[c]) for c in set(X) - categorical)
    assert not X[list(categorical)].isna().any(axis=None)
    assert np.isfinite(y).all()


def test_flights_are_the_drawn_sample():
    X, y = datasets.load_flights()
    assert (y.sum(), y.min(), y.max(), y.median()) == (400_872, -70, 1_007, -5)
    assert X["origin"].value_counts().to_dict() == {"EWR": 21_458, "JFK": 20_078, "LGA": 18_464}
    when = X["month"] * 100_000 + X["day"] * 2_000 + X["sched_dep_time"]
    assert when.is_monotonic_increasing


def test_flights_know_nothing_of_the_departure_unless_asked():
    X, y = datasets.load_flights()
    with_delay, same = datasets.load_flights(dep_delay=True)
    assert list(with_delay) == [*X, "dep_delay"]
    assert same.equals(y)
    assert abs(X.corrwith(y, numeric_only=True)).max() < 0.25
    assert with_delay["dep_delay"].corr(y) > 0.9


def test_late_is_an_arrival_more_than_an_hour_behind():
    _, delay = datasets.load_flights()
    _, late = datasets.load_flights("late")
    assert late.name == "late"
    assert late.dtype == np.int64
    assert late.equals((delay > 60).astype("int64").rename("late"))
    with pytest.raises(ValueError, match="'delayed'"):
        datasets.load_flights("delayed")


def test_missing_weather_stays_missing():
    missing = datasets.load_flights()[0].isna().mean()
    assert 0.7 < missing["wind_gust"] < 0.8
    assert 0.1 < missing["pressure"] < 0.12
    assert missing["distance"] == 0


def test_grades_of_diamonds_are_ordered():
    X, _ = datasets.load_diamonds()
    assert all(X[column].cat.ordered for column in ("cut", "color", "clarity"))
    assert X["cut"].max() == "Ideal"


def test_people_of_randhie_are_found_by_their_equal_rows():
    X, _ = datasets.load_randhie()
    sizes = X.ne(X.shift()).any(axis=1).cumsum().value_counts()
    assert len(sizes) == 5_294  # some neighbours among the 5,912 people are equal


def test_a_missing_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "boostobj" / "datasets.py"))
    with pytest.raises(FileNotFoundError, match=r"engel\.csv is neither in"):
        datasets.load_engel()


def test_pandas_is_asked_for_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    for name in datasets.__all__:
        with pytest.raises(ImportError, match="pip install pandas"):
            getattr(datasets, name)()


def test_every_file_is_small_and_has_its_licence_in_the_readme():
    files = [path for path in DATA.iterdir() if ".csv" in path.suffixes]
    assert len(files) == 4
    assert sum(path.stat().st_size for path in files) < 5e6
    rows = [line.split("|") for line in (DATA / "README.md").read_text("utf-8").splitlines()]
    licences = {row[1].strip(): row[-2].strip() for row in rows if len(row) == 9}
    for path in files:
        assert licences[f"`{path.name}`"].startswith(("CC0", "MIT", "public domain"))
