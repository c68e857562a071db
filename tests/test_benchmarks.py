"""Every benchmark runs, at a tiny size, and gives finite figures."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

import boostobj
from boostobj.catalogue import built_in_losses

FOLDER = Path(__file__).parents[1] / "examples" / "benchmarks"


@pytest.fixture
def script(request, monkeypatch):
    """The module that a test is named after."""
    monkeypatch.syspath_prepend(FOLDER)
    for name, value in (("ROUNDS", 12), ("FIXED", 6), ("PATIENCE", 3)):
        monkeypatch.setattr(f"_contest.{name}", value)
    boostobj.set_num_threads(1)
    yield importlib.import_module(request.function.__name__.removeprefix("test_"))
    boostobj.set_num_threads(None)


def all_finite(figures):
    values = np.asarray(list(figures.values()), dtype=float)
    return len(values) > 0 and np.all(np.isfinite(values)) and np.all(values >= 0)


def test_each_script_has_a_test():
    names = {path.stem for path in FOLDER.glob("[!_]*.py")}
    assert {f"test_{name}" for name in names} <= set(globals())


def test_curvature(script, capsys):
    data = ("engel", "bikeshare", "AER/HousePrices.price")  # the last two if installed
    summary = script.main(data=data, levels=(0.1, 0.5), splits=2, rows=100)
    assert set(summary) == {"xgboost", "lightgbm"}
    for figures in summary.values():
        assert all_finite(figures)
        assert 0.5 < figures["early"] < 2
    out = capsys.readouterr().out
    assert re.search("engel 0.1 xgboost", out)
    assert re.search("mean of .*, lightgbm", out)


def test_robust(script, capsys):
    means = script.main(data=("engel",), deltas=(1.0,), units=(1e-3, 1e3), splits=1, rows=100)
    assert set(means) == {
        "PseudoHuber, xgboost",
        "LogCosh, xgboost",
        "Huber, lightgbm",
        "LogCosh, lightgbm",
    }
    assert all_finite(means)


def test_training_time(script):
    ratios = script.main(rows=3000, rounds=2, repeat=1)
    assert len(ratios) == 4
    assert all_finite(ratios)


def test_speed(script):
    shares = script.main(rows=1200, threads=1, repeat=1)
    assert len(shares) == len(built_in_losses())
    assert all_finite(shares)


def test_estimators(script, capsys, monkeypatch):
    def few_rows(name, load=script.load):
        X, y = load(name)
        some = np.random.default_rng(0).permutation(len(y))[:200]
        return X.iloc[some], y.iloc[some]

    monkeypatch.setattr(script, "load", few_rows)
    monkeypatch.setitem(script.XGB, "n_estimators", 2)
    monkeypatch.setitem(script.LGB, "n_estimators", 2)
    script.builtin(1)
    out = capsys.readouterr().out
    assert len(re.findall(r" [01]\.\d{3}\b", out)) > 20
    assert not re.search(r"\s(nan|inf)\s", out)


def test_intervals(script, monkeypatch):
    for engine in script.SMALL_TREES.values():
        monkeypatch.setattr(engine, "n_estimators", 3)
        monkeypatch.setattr(engine, "n_jobs", 1)
    grid = {"lower": [0.05, 0.1], "upper": [0.9]}
    monkeypatch.setattr(script, "SEARCH", {"param_grid": grid, "cv": 2})
    results = script.paper(1)
    assert len(results) == 8
    assert np.all(np.isfinite(list(results.values())))
