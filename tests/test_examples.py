"""Every example runs, reduced, and shows what it says it shows."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from boostobj.datasets import load_flights

mpl.use("Agg")

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(autouse=True)
def one_thread():
    """Small data are slower on more threads."""
    for engine in ("xgboost", "lightgbm"):
        pytest.importorskip(engine)
    with threadpool_limits(1):
        yield


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run an example's `main`, check its picture, and return what it found and printed."""
    monkeypatch.syspath_prepend(str(EXAMPLES))

    def run_example(name, *, pictures=None, **sizes):
        with mpl.rc_context():
            found = importlib.import_module(name).main(tmp_path, **sizes)
        for picture in pictures or [name]:
            assert (tmp_path / f"{picture}.png").stat().st_size > 10_000
        return found, capsys.readouterr().out

    return run_example


def test_loss_gallery(run):
    found, out = run("loss_gallery", pictures=["regression_losses", "two_class_losses"])
    pull = {name: np.abs(row) for name, row in found["pull"].items()}
    # Squared error follows an outlier, absolute error takes no notice of how far it is, and
    # redescending losses let it go.
    assert pull["SquaredError"][2] == 100 * pull["SquaredError"][0]
    assert pull["AbsoluteError"][2] == pull["AbsoluteError"][0]
    assert pull["Tukey"][2] == pull["Welsch"][2] == 0
    assert pull["Cauchy"][2] < pull["Cauchy"][0]
    # What makes a surrogate of the zero-one loss find the likelier class.
    assert all(slope < 0 for slope in found["two classes"].values())
    assert "How hard a row pulls" in out


def test_outlier_table(run):
    found, _ = run("outlier_table", n=1000)
    growth = {name: wrong / clean for name, (clean, wrong) in found.items()}
    assert growth["root_mean_squared_error"] > 10 * growth["mean_absolute_error"] / 2
    assert growth["best constant, AbsoluteError"] == pytest.approx(1, abs=1e-3)
    assert growth["best constant, SquaredError"] > 1.05


def test_two_populations(run):
    found, out = run("two_populations", n=1000, rounds=60)
    assert found["SquaredError"] == pytest.approx(136, abs=3)
    for name in ("LogCosh", "AbsoluteError", "Tukey(scale=30.0)"):
        assert found[name] == pytest.approx(150, abs=0.5)
    assert found["SquaredError"] < found["Huber(delta=100.0)"] < found["Huber(delta=10.0)"] < 150
    assert found["Quantile(quantile=0.05)"] < 30
    assert "why" in out


def test_sinc_noise(run):
    found, _ = run("sinc_noise", rounds=100)
    for engine in ("XGBoost", "LightGBM"):
        bias = {name: row[engine, "impulses"] for name, row in found.items()}
        assert bias["squared"] > 0.4
        assert bias["squared"] > bias["Huber, δ = 4"] > bias["Huber, δ = 2"] > bias["Huber, δ = 1"]
        assert abs(bias["absolute"]) < 0.2 * bias["squared"]
        assert abs(bias["quantile 0.5"]) < 0.2 * bias["squared"]
        moved = {
            name: row[engine, "impulses"] - row[engine, "Gaussian"] for name, row in found.items()
        }
        assert abs(moved["quantile 0.1"]) < 0.15
        assert 0.3 < moved["quantile 0.9"] < 2


def test_heteroscedastic_interval(run):
    found, _ = run("heteroscedastic_interval")
    constant, quantiles = found.values()
    assert constant["left half"] > 0.97 > 0.84 > constant["right half"]
    assert abs(quantiles["left half"] - quantiles["right half"]) < 0.06
    assert quantiles["mean width"] < constant["mean width"]
    assert quantiles["interval score"] < constant["interval score"]


def test_outliers_for_real(run):
    found, _ = run("outliers_for_real", n=5000, rounds=40, shares=(0.0, 0.3))
    for models in found.values():
        mae = {name: {share: row[share][1] for share in row} for name, row in models.items()}
        tukey = next(name for name in mae if name.startswith("Tukey"))
        assert mae["squared (XGBoost)"][0.3] > 4 * mae["squared (XGBoost)"][0.0]
        assert mae[tukey][0.3] < 1.1 * mae[tukey][0.0]
        assert min(mae, key=lambda name: mae[name][0.3]) == tukey
        fixed = next(n for n in mae if n.startswith("AbsoluteError(") and n != "AbsoluteError()")
        assert mae[fixed][0.3] < 1.02 * mae["absolute (XGBoost)"][0.3]
        assert mae["AbsoluteError()"][0.3] < 0.5 * mae["squared (XGBoost)"][0.3]
    # On clean targets, by R², the comparison goes the other way round.
    clean = {name: row[0.0][0] for name, row in found["flights"].items()}
    assert clean["squared (XGBoost)"] > clean["AbsoluteError(3)"]


def test_imbalance_for_real(run):
    found, out = run("imbalance_for_real", n=4000, rounds=30)
    plain, weighted, focal = (
        found[name] for name in found if name == "cross-entropy" or " x " in name or "ma 2" in name
    )
    # Weights and focus do not find more late flights; they move the scores.
    assert abs(focal["average precision"] - plain["average precision"]) < 0.03
    assert weighted["average precision"] < plain["average precision"] + 0.03
    assert weighted["log loss"] > 1.3 * plain["log loss"]
    # The focal loss's own link puts its probabilities right, the sigmoid does not.
    assert focal["log loss"] < 1.03 * plain["log loss"]
    assert focal["log loss of sigmoid"] > 1.2 * focal["log loss"]
    assert "gamma 2 changes it by" in out


def test_label_noise(run):
    found, _ = run("label_noise", n=2000, rounds=100, repeats=2)
    assert found["slope"]["exponential"] == pytest.approx(0.5, abs=0.02)
    assert found["slope"]["logistic"] == pytest.approx(1.0, abs=0.04)
    suffered = {name: row[0.3] - row[0.0] for name, row in found["error"].items()}
    assert suffered["exponential"] > suffered["logistic"] > suffered["Savage"]


def test_mislabelled_point(run):
    found, _ = run("mislabelled_point")
    assert found["squared"]["turned by, degrees"] > 20
    assert found["truncated squared"]["turned by, degrees"] < 1
    assert found["squared"]["error after"] > found["truncated squared"]["error after"]


def test_hinge_margins(run):
    found, _ = run("hinge_margins", n=2000)
    assert found["hinge"]["content with"] > 0.3
    assert found["logistic"]["content with"] == 0
    assert found["hinge"]["Brier score"] > found["logistic"]["Brier score"]
    reach = {name: row["90 % of |margins| below"] for name, row in found.items()}
    assert reach["logistic"] > 1.5 * reach["hinge"]


def test_own_loss(run):
    found, out = run("own_loss")
    own, squared = found["tolerant"], found["squared error"]
    tolerant = next(name for name in own if name.startswith("tolerant"))
    assert own[tolerant] < squared[tolerant]
    assert squared["squared error"] < own["squared error"]
    assert "nothing to complain about" in out


def test_hessian_story(run):
    found, _ = run("hessian_story", n=1500, rounds=60)
    errors, constant = found["errors"], found["constant"]
    ours = list(errors["majoriser (boostobj)"].values())
    assert max(ours) < 1.2 * min(ours) < 0.5 * constant
    # Dead: the textbook's Hessian at 1e3 and beyond. Slow: a Hessian of one.
    assert errors["textbook, exact"][1e3] == pytest.approx(constant, rel=0.01)
    assert errors["one"][1e5] == pytest.approx(constant, rel=0.01)
    assert errors["exact, scaled to mean 1"][1e2] > 10 * constant


def test_pairwise_ranking(run):
    found, out = run("pairwise_ranking", n=10_000, rounds=20, repeats=1)
    mean = {key: np.mean(each) for key, each in found.items()}
    for engine in ("XGBoost", "LightGBM"):
        for name in ("PairwiseHinge(margin=1.0)", "PairwiseLogistic()"):
            assert mean[engine, name] > mean["", "at random"] + 0.05
    assert "minus that of squared error" in out


def test_metric_learning_neighbours(run):
    found, _ = run("metric_learning_neighbours", n=3000, rounds=40)
    for name in ("Triplet, XGBoost", "Contrastive, XGBoost", "Triplet, LightGBM"):
        assert found[name] > found["raw, standardised"] + 0.02 > found["most frequent"]


def test_tune_loss_with_optuna(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    found = importlib.import_module("tune_loss_with_optuna").main(trials=3, rows=1000)
    y = load_flights()[1][::60]
    assert 0 < found < np.abs(y - y.median()).mean()
    assert f"mean absolute error {found:.2f} minutes, with" in capsys.readouterr().out


def test_every_example_is_tested_and_tells_how_to_run_it():
    names = {path.stem for path in EXAMPLES.glob("[!_]*.py")}
    source = Path(__file__).read_text(encoding="utf-8")
    tested = {name for name in names if f'"{name}"' in source}
    others = {
        name
        for path in Path(__file__).parent.rglob("test_*.py")
        for name in names - tested
        if name in path.read_text(encoding="utf-8")
    }
    assert names == tested | others
    for name in tested:
        text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        assert f"python examples/{name}.py" in text


def test_pictures_of_the_readme_are_few_and_small():
    pictures = list((EXAMPLES / "pictures").glob("*.png"))
    assert 0 < len(pictures) <= 3
    assert all(path.stat().st_size < 120_000 for path in pictures)


def test_an_example_is_a_program(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(EXAMPLES)!r}); import outlier_table, pathlib;"
    code += f"outlier_table.main(pathlib.Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
    assert (tmp_path / "outlier_table.png").exists()


def test_prediction_intervals_xsinx(run):
    found, out = run("prediction_intervals_xsinx", n=400, rounds=(40, 400))
    # However much the models have learned, the calibrated intervals keep their promise.
    for trees in (40, 400):
        assert found["cv", trees]["inside"] == pytest.approx(0.9, abs=0.03)
    assert abs(found["None", 400]["inside"] - 0.9) > 0.03
    assert found["cv", 400]["interval score"] < found["None", 400]["interval score"]
    assert "90 % intervals from 400 rows" in out


def test_prediction_intervals_flights(run):
    found, _ = run("prediction_intervals_flights", n=6000, rounds=30)
    for result in found.values():
        assert result["inside"] == pytest.approx(0.9, abs=0.03)
    spread = {
        name: result["airline covered most"] - result["airline covered least"]
        for name, result in found.items()
    }
    assert spread["by airline"] < spread["overall"]
