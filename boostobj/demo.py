"""The demo: three ways to the same loss, on 60,000 flights, in every slot.

For a typical delay (log-cosh) and for a delay that nine of ten flights stay below (the 90 %
quantile), it trains the objective as textbooks and blog posts write it, the engine's built-in
and boostobj's, and compares them on days that no model has seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.base import Loss
from boostobj.datasets import load_flights
from boostobj.engine import base_score, init_scores
from boostobj.losses.log_cosh import LogCosh
from boostobj.losses.quantile import Quantile
from boostobj.metrics import MAE, Metric, Pinball

QUANTILE = 0.9


def textbook_log_cosh(r: NumpyArray) -> tuple[NumpyArray, NumpyArray]:
    """Log-cosh as it is usually written: exact, and all but zero beyond a few minutes."""
    return np.tanh(r), 1 / np.cosh(np.clip(r, -40, 40)) ** 2


def textbook_quantile(r: NumpyArray) -> tuple[NumpyArray, NumpyArray]:
    """The pinball loss as it is usually written: a Hessian of one in want of a better one."""
    return np.where(r > 0, 1 - QUANTILE, -QUANTILE), np.ones_like(r)


@dataclass(frozen=True)
class Task:
    """A loss, its rivals and how to judge them."""

    title: str
    loss: Loss
    metric: Metric
    textbook: Callable[[NumpyArray], tuple[NumpyArray, NumpyArray]]
    xgboost: dict[str, Any]
    lightgbm: dict[str, Any]


TASKS = (
    Task(
        "typical delay: held-out MAE, minutes",
        LogCosh(),
        MAE(),
        textbook_log_cosh,
        {"objective": "reg:absoluteerror"},
        {"objective": "regression_l1"},
    ),
    Task(
        f"delay that {QUANTILE:.0%} stay below: held-out pinball loss, minutes",
        Quantile(QUANTILE),
        Pinball(QUANTILE),
        textbook_quantile,
        {"objective": "reg:quantileerror", "quantile_alpha": QUANTILE},
        {"objective": "quantile", "alpha": QUANTILE},
    ),
)


@dataclass
class Run:
    """One trained model: its slot, its objective, the held-out metric and the time it took."""

    slot: str
    objective: str
    score: float
    seconds: float
    curve: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Split:
    """Features and delays, the last third of the days held out."""

    X: Any
    y: NumpyArray
    X_test: Any
    y_test: NumpyArray


def load(n_rows: int | None = None) -> Split:
    """Split the flights by day: flights of one day share its troubles.

    Parameters
    ----------
    n_rows : int, optional
        Take a sample of so many flights; by default all.

    Returns
    -------
    Split
    """
    X, y = load_flights()
    if n_rows is not None:
        keep = np.random.default_rng(0).permutation(len(X))[:n_rows]
        X, y = X.iloc[keep], y.iloc[keep]
    days = (X["month"] * 100 + X["day"]).to_numpy()
    some = np.random.default_rng(0).permutation(np.unique(days))
    test = np.isin(days, some[: len(some) // 3])
    y = y.to_numpy(dtype=float)
    return Split(X[~test], y[~test], X[test], y[test])


def run_xgboost(task: Task, data: Split, rounds: int) -> Iterator[Run]:
    """All three objectives through `xgboost.train`, ours through `XGBRegressor` too.

    Parameters
    ----------
    task : Task
        The loss and its rivals.
    data : Split
        The flights.
    rounds : int
        Boosting rounds of each model.

    Yields
    ------
    Run
        One for each model, when it is trained.
    """
    import xgboost as xgb

    train = xgb.DMatrix(data.X, data.y, enable_categorical=True)
    test = xgb.DMatrix(data.X_test, data.y_test, enable_categorical=True)

    def native(objective: str, params: dict[str, Any], obj: Any = None) -> Run:
        history: dict[str, Any] = {}
        started = time.perf_counter()
        model = xgb.train(
            {"disable_default_eval_metric": True, **params},
            train,
            rounds,
            obj=obj,
            evals=[(test, "test")],
            custom_metric=task.metric,
            evals_result=history,
            verbose_eval=False,
        )
        seconds = time.perf_counter() - started
        score = task.metric.score(data.y_test, model.predict(test))
        return Run("xgb.train", objective, score, seconds, history["test"][task.metric.name])

    loss = task.loss
    start = base_score(loss, data.y)
    ours = f"boostobj {type(loss).__name__}"
    yield native("textbook", {}, lambda raw, d: task.textbook(raw - d.get_label()))
    yield native(f"built-in {task.xgboost['objective']}", task.xgboost)
    yield native(ours, {"base_score": start}, loss)
    started = time.perf_counter()
    model = xgb.XGBRegressor(
        objective=loss, base_score=start, n_estimators=rounds, enable_categorical=True
    )
    model.fit(data.X, data.y)
    seconds = time.perf_counter() - started
    score = task.metric.score(data.y_test, model.predict(data.X_test))
    yield Run("XGBRegressor", ours, score, seconds)


def run_lightgbm(task: Task, data: Split, rounds: int) -> Iterator[Run]:
    """All three objectives through `lightgbm.train`, ours through `LGBMRegressor` too.

    Parameters
    ----------
    task : Task
        The loss and its rivals.
    data : Split
        The flights.
    rounds : int
        Boosting rounds of each model.

    Yields
    ------
    Run
        One for each model, when it is trained.
    """
    import lightgbm as lgb

    def native(objective: str, params: dict[str, Any], loss: Loss | None = None) -> Run:
        history: dict[str, Any] = {}
        start = None if loss is None else init_scores(loss, data.y)
        constant = 0.0 if start is None else float(start[0])
        train = lgb.Dataset(data.X, data.y, init_score=start)
        started = time.perf_counter()
        model = lgb.train(
            {"verbose": -1, "metric": "None", **params},
            train,
            rounds,
            valid_sets=[
                lgb.Dataset(
                    data.X_test,
                    data.y_test,
                    reference=train,
                    init_score=np.full(len(data.y_test), constant),
                )
            ],
            feval=task.metric,
            callbacks=[lgb.record_evaluation(history)],
        )
        seconds = time.perf_counter() - started
        score = task.metric.score(data.y_test, model.predict(data.X_test) + constant)
        return Run("lgb.train", objective, score, seconds, history["valid_0"][task.metric.name])

    loss = task.loss
    ours = f"boostobj {type(loss).__name__}"
    yield native("textbook", {"objective": lambda raw, d: task.textbook(raw - d.get_label())})
    yield native(f"built-in {task.lightgbm['objective']}", task.lightgbm)
    yield native(ours, {"objective": loss}, loss)
    started = time.perf_counter()
    model = lgb.LGBMRegressor(objective=loss, n_estimators=rounds, verbose=-1)
    model.fit(data.X, data.y, init_score=init_scores(loss, data.y))
    seconds = time.perf_counter() - started
    predicted = model.predict(data.X_test) + loss.init_score(data.y)
    score = task.metric.score(data.y_test, predicted)
    yield Run("LGBMRegressor", ours, score, seconds)


ENGINES = {"xgboost": run_xgboost, "lightgbm": run_lightgbm}


def main(
    output: Path | None = Path("boostobj_demo.png"), *, rounds: int = 150, n_rows: int | None = None
) -> dict[str, list[Run]]:
    """Run the demo.

    Parameters
    ----------
    output : Path or None
        Where the picture goes; None draws none.
    rounds : int
        Boosting rounds of each model.
    n_rows : int, optional
        Take a sample of the flights only.

    Returns
    -------
    dict of str to list of Run
        The models of each task.

    Raises
    ------
    ImportError
        If neither XGBoost nor LightGBM is installed.
    """
    engines = {name: run for name, run in ENGINES.items() if find_spec(name)}
    if not engines:
        raise ImportError("the demo needs XGBoost or LightGBM: pip install xgboost lightgbm")
    data = load(n_rows)
    print(
        f"{len(data.y):,} flights to train on, {len(data.y_test):,} of other days to test; "
        f"{rounds} rounds with each engine's default parameters.\n"
    )
    results: dict[str, list[Run]] = {}
    for task in TASKS:
        constant = task.metric.score(
            data.y_test, np.full_like(data.y_test, task.loss.init_score(data.y))
        )
        print(f"{task.title} (best constant: {constant:.3f})")
        results[task.title] = []
        for run in engines.values():
            for model in run(task, data, rounds):
                results[task.title].append(model)
                print(
                    f"  {model.slot:<14} {model.objective:<28}"
                    f" {model.score:9.3f} {model.seconds:7.1f} s",
                    flush=True,
                )
        print()
    if output is not None and find_spec("matplotlib"):
        draw(results, output)
        print(f"learning curves: {output}")
    return results


def draw(results: dict[str, list[Run]], output: Path) -> None:
    """Draw the held-out metric over the rounds.

    Parameters
    ----------
    results : dict of str to list of Run
        The models of each task, as `main` returns them.
    output : Path
        Where the picture goes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    slots = list(dict.fromkeys(run.slot for runs in results.values() for run in runs if run.curve))
    figure = Figure(figsize=(5.2 * len(slots), 7.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(results), len(slots), squeeze=False, sharey="row")
    styles = (("#999999", ":"), ("#E69F00", "--"), ("#0072B2", "-"))
    for row, (title, runs) in zip(panels, results.items(), strict=True):
        best = min(run.score for run in runs)
        for panel, slot in zip(row, slots, strict=True):
            drawn = [run for run in runs if run.slot == slot and run.curve]
            for run, (color, style) in zip(drawn, styles, strict=True):
                rounds = np.arange(1, len(run.curve) + 1)
                label = f"{run.objective}: {run.score:.1f} at the end"
                panel.plot(rounds, run.curve, style, color=color, label=label, lw=2)
            panel.set(title=slot, xlabel="boosting round", ylim=(0.97 * best, 1.3 * best))
            panel.legend(loc="upper right", fontsize=9)
        what, measure = title.split(": ")
        row[0].set_ylabel(f"{what}\n{measure}")
    figure.savefig(output, dpi=120)
