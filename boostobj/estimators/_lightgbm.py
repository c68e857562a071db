"""LightGBM behind the estimators, and the start value inside a LightGBM model."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from inspect import signature
from typing import Any

import numpy as np

from boostobj._arrays import as_float
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.engine.lightgbm import ADAPTER
from boostobj.estimators._features import numbered, refuse_characters
from boostobj.estimators._fitting import ANOTHER_METRIC, Engine, Rows, Task
from boostobj.links import Identity, Link, Log, Logit, Normalized, Softmax

#: What does not go on to training as a parameter.
_NOT_PASSED = (
    "class_weight",
    "early_stopping_round",  # LightGBM 4.0 does not take that there is none
    "importance_type",
    "num_iterations",
    "objective",
)


#: The links of built-in objectives, as a model's text has them.
_LINKS: dict[str, Link] = {
    **dict.fromkeys(
        ("fair", "huber", "mape", "quantile", "regression", "regression_l1"), Identity()
    ),
    **dict.fromkeys(("gamma", "poisson", "tweedie"), Log()),
    **dict.fromkeys(("binary sigmoid:1", "cross_entropy"), Logit()),
    "multiclass": Softmax(),
    "multiclassova sigmoid:1": Normalized(Logit()),
}


#: What built-in objectives read, and what it is unless it is given.
_OF_OBJECTIVES = {
    "alpha": 0.9,
    "fair_c": 1.0,
    "poisson_max_delta_step": 0.7,
    "reg_sqrt": False,
    "sigmoid": 1.0,
    "tweedie_variance_power": 1.5,
}

#: Why it cannot draw rows by their class.
_NO_CLASSES = (
    "LightGBM knows no classes of a custom objective; weigh rows by sample_weight or class_weight"
)


class LightGBMEngine(Engine):
    """Trains natively with the parameters of `LGBMRegressor` or `LGBMClassifier`."""

    name = "lightgbm"
    rounds_name, least_rounds = "num_iterations", 1
    reserved = {
        **dict.fromkeys(
            _OF_OBJECTIVES,
            "it is for a built-in objective; boostobj's losses have parameters of their own",
        ),
        "boost_from_average": "the model starts at the loss's start value",
        "class_weight": "set it on BoostClassifier",
        "early_stopping_round": "set early_stopping_rounds on the boostobj estimator",
        "is_unbalance": "weigh rows by sample_weight or class_weight",
        "metric": ANOTHER_METRIC,
        "neg_bagging_fraction": _NO_CLASSES,
        "num_class": "it follows from the loss and the labels",
        "pos_bagging_fraction": _NO_CLASSES,
        "scale_pos_weight": "weigh rows by sample_weight or class_weight",
    }
    neutral = {
        **{name: (value,) for name, value in _OF_OBJECTIVES.items()},
        "boost_from_average": (True,),
        "early_stopping_round": (0, -1),
        "is_unbalance": (False,),
        "metric": ("None",),
        "neg_bagging_fraction": (1,),
        "pos_bagging_fraction": (1,),
        "objective": ("regression", "binary", "multiclass"),
        "scale_pos_weight": (1,),
    }
    adapter = ADAPTER
    margins = np.float64

    @staticmethod
    def default() -> Any:
        """The engine with boostobj's defaults."""
        import lightgbm

        return lightgbm.LGBMRegressor(n_estimators=200, learning_rate=0.1)

    def check(self) -> None:
        """Refuse hyperparameters that a custom objective cannot honour, and unknown ones."""
        own = signature(type(self.estimator).__init__).parameters
        known = {*_aliases(), *own, "early_stopping_min_delta"}  # which 4.0 has not
        for name in sorted(self.given.keys() - known):
            meant = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {meant[0]!r}?" if meant else ""
            raise ValueError(f"estimator: LightGBM has no parameter {name!r}{hint}")
        if self.boosting in ("rf", "random_forest"):
            raise ValueError(
                f"estimator: LightGBM's boosting_type={self.boosting!r} takes no custom objective; "
                "use 'gbdt' or 'dart'"
            )
        if any(hasattr(callback, "stopping_rounds") for callback in self.callbacks):
            raise ValueError(
                "estimator: callbacks hold an early_stopping; set early_stopping_rounds on the "
                "boostobj estimator"
            )

    def canonical(self, name: str) -> str:
        """LightGBM's own name of a parameter."""
        return _aliases().get(name, name)

    @property
    def boosting(self) -> str:
        """The kind of boosting."""
        return str(self.given.get("boosting", "gbdt"))

    @property
    def dart(self) -> bool:
        """Whether trees are dropped."""
        return self.boosting == "dart"

    @property
    def n_rounds(self) -> int:
        """How many rounds the hyperparameters ask for."""
        return int(self.given.get("num_iterations", 100))

    @property
    def parameters(self) -> dict[str, Any]:
        """The hyperparameters as the native API takes them."""
        parameters = {k: v for k, v in self.given.items() if k not in _NOT_PASSED}
        seed = parameters.get("seed")
        if isinstance(seed, np.random.RandomState | np.random.Generator):
            raise TypeError(f"estimator: random_state must be an integer or None, got {seed!r}")
        # Unlike the wrapper, which counts processors, LightGBM itself asks OpenMP, and so keeps to
        # what joblib allows each of its workers.
        parameters["num_threads"] = max(int(parameters.get("num_threads", 0)), 0)
        # LightGBM drops features that no split of min_child_samples rows fits, and then cannot
        # train a custom objective without a feature.
        return {"verbosity": -1, "feature_pre_filter": False, **parameters}

    def refusal_of(self, booster: Any) -> str:
        """Random forests."""
        if "average_output" in _header(booster):
            return "is a random forest, whose trees are averaged; boosting adds them up"
        return ""

    def objective_of(self, booster: Any) -> tuple[str, Link | None]:
        """As the model's text says; it has none that is custom."""
        found = re.search(r"(?m)^objective=(.*)$", _header(booster))
        name = found[1].strip() if found else ""
        return name, _LINKS.get(re.sub(r" num_class:\d+", "", name))

    def train(self, task: Task, train: Rows, validation: Rows | None) -> tuple[Any, list[float]]:
        """Train from zero; the booster and the metric by round."""
        import lightgbm

        parameters = {"max_delta_step": task.max_delta_step, **self.parameters}
        parameters |= {"objective": task.objective, "metric": "None"}
        if task.n_outputs > 1:
            parameters["num_class"] = task.n_outputs
        data = self._dataset(train)
        valid = [] if validation is None else [self._dataset(validation, data)]
        history: dict[str, dict[str, list[float]]] = {}
        sizes: dict[int, int] = {}
        callbacks = [
            _without_reset,
            lambda env: sizes.update({env.iteration + 1: env.model.current_iteration()}),
            lightgbm.record_evaluation(history),
            *self.callbacks,
        ]
        if task.early_stopping_rounds is not None:
            least = float(parameters.pop("early_stopping_min_delta", 0.0))
            callbacks.append(
                lightgbm.early_stopping(task.early_stopping_rounds, verbose=False, min_delta=least)
            )
        booster = lightgbm.train(
            parameters,
            data,
            self.n_rounds,
            valid_sets=valid,
            valid_names=["validation"] * len(valid),
            feval=lambda raw, _: (task.metric_name, task.metric(raw), False),
            init_model=task.init_model,
            callbacks=callbacks,
            keep_training_booster=True,  # else it is written and read here, and again with a start
        )
        if booster.best_iteration > 0:
            # rounds that found no split left no tree
            booster.best_iteration = sizes[booster.best_iteration]
        return booster, history.get("validation", {}).get(task.metric_name, [])

    def complete(self, booster: Any, start: NumpyArray | None) -> Any:
        """The booster without its data, cut at its best round, with the start inside."""
        text = booster.model_to_string()
        if start is not None:
            text = _with_start(text, start)
        booster.model_from_string(text)
        return booster.free_dataset()

    def raw_prediction(self, booster: Any, X: Any) -> NumpyArray:
        """Margins of the whole model."""
        raw: NumpyArray = booster.predict(_readable(X), raw_score=True, num_threads=self._threads)
        return raw

    def staged_raw_prediction(self, booster: Any, X: Any) -> Iterator[NumpyArray]:
        """Margins after each round."""
        X, raw = _readable(X), 0.0
        for i in range(self.rounds(booster)):
            raw = raw + booster.predict(
                X, raw_score=True, start_iteration=i, num_iteration=1, num_threads=self._threads
            )
            yield raw

    def n_outputs(self, booster: Any) -> int:
        """Margins per row."""
        return int(booster.num_model_per_iteration())

    def rounds(self, booster: Any) -> int:
        """Number of rounds in the booster."""
        return int(booster.current_iteration())

    def feature_importances(self, booster: Any) -> NumpyArray:
        """The engine's importances, unscaled."""
        kind = self.given.get("importance_type", "split")
        return np.asarray(booster.feature_importance(kind), dtype=float)

    @property
    def _threads(self) -> int:
        return int(self.parameters["num_threads"])

    def _dataset(self, rows: Rows, reference: Any = None) -> Any:
        import lightgbm

        _check_names(rows.X)
        y = rows.y if rows.y.ndim == 1 else rows.y[:, 0]
        return lightgbm.Dataset(
            _readable(rows.X),
            label=y,
            weight=rows.sample_weight,
            reference=reference,
            params=self.parameters,
        )


def _header(booster: Any) -> str:
    """What a model's text says before its trees."""
    text: str = booster.model_to_string(num_iteration=1)
    return text.partition("Tree=")[0]


def _check_names(X: Any) -> None:
    """Refuse names of columns that LightGBM does not take, or does not tell apart."""
    refuse_characters(X, '",:[]{}\n\r', LightGBMEngine.name)
    written = Counter(str(name).replace(" ", "_") for name in getattr(X, "columns", ()))
    for name, times in written.items():
        if not name or times > 1:
            raise ValueError(
                f"X: {times} of the columns would be {name!r} in lightgbm, which has _ for a space "
                "and takes no name twice, nor an empty one; rename it"
            )


def _readable(X: Any) -> Any:
    """Features whose categories LightGBM can write into a model, as JSON."""

    def scalars_of_json(categories: Any) -> bool:
        return all(isinstance(value, str | int | float) for value in categories.tolist())

    return numbered(X, known=scalars_of_json)


@cache
def _aliases() -> dict[str, str]:
    """LightGBM's own name of each parameter, by all its names."""
    from lightgbm.basic import _ConfigAliases

    table = _ConfigAliases._get_all_param_aliases()
    return {alias: name for name, aliases in table.items() for alias in aliases}


def _without_reset(env: Any) -> None:
    """Tell the booster that its objective is none already.

    It would reset its parameters for that, where LightGBM fails if no feature varies.
    """
    env.model._Booster__set_objective_to_none = True


_without_reset.before_iteration = True  # type: ignore[attr-defined]


def add_init_score(booster: Any, init_score: ArrayLike) -> Any:
    """Put the start value inside a LightGBM model that was trained with ``init_score``.

    LightGBM keeps the ``init_score`` of a data set to itself: neither `predict` nor a saved model
    knows of it. This adds a constant one to every leaf of the first tree, or of the first tree
    of each class, so that the model is whole wherever it goes.

    Parameters
    ----------
    booster : lightgbm.Booster
        Trained; changed in place. It predicts and can be gone on from with ``init_model``, but
        not updated further, like every booster that `lightgbm.train` returns.
    init_score : float or array-like of shape (k,)
        The margin every row of the training data started from, as ``loss.init_score(y)`` gives
        it; k for k classes.

    Returns
    -------
    lightgbm.Booster
        The same object.

    Raises
    ------
    TypeError
        If `booster` is not a LightGBM booster, or `init_score` does not consist of numbers.
    ValueError
        If `init_score` is not finite or has not one number per class, or the booster has no tree.

    Examples
    --------
    >>> start = loss.init_score(y)                                     # doctest: +SKIP
    >>> data = lgb.Dataset(X, y, init_score=np.full(len(y), start))    # doctest: +SKIP
    >>> booster = lgb.train({"objective": loss}, data)                 # doctest: +SKIP
    >>> boostobj.add_init_score(booster, start).predict(X)             # doctest: +SKIP
    """
    import lightgbm

    if not isinstance(booster, lightgbm.Booster):
        raise TypeError(f"booster must be a lightgbm.Booster, got {type(booster).__name__}")
    start = np.atleast_1d(np.asarray(as_float(init_score, "init_score"), dtype=np.float64))
    k = booster.num_model_per_iteration()
    if start.shape != (k,) or not np.all(np.isfinite(start)):
        raise ValueError(
            f"init_score must be {k} finite number{'s'[: k > 1]}, got {init_score!r}; of an array "
            "with one per row, pass one row"
        )
    if booster.num_trees() < k:
        raise ValueError("booster has no tree to add init_score to")
    booster.model_from_string(_with_start(booster.model_to_string(num_iteration=-1), start))
    return booster


def _with_start(text: str, start: NumpyArray) -> str:
    """The text of a model with each output's start in every leaf of its first tree.

    `set_leaf_output` would do, but for the constants of linear trees. The text is exact.
    """
    header, *trees = re.split(r"(?m)^(?=Tree=)", text)
    for i, by in enumerate(start.tolist()):
        trees[i] = _ADDED.sub(lambda line, by=by: _add(line, by), trees[i])
    # the sizes only speed up reading
    header = re.sub(r"(?m)^tree_sizes=.*\n", "", header)
    return header + "".join(trees)


_ADDED = re.compile(r"(?m)^(leaf_value|leaf_const|internal_value)=(.*)$")


def _add(line: re.Match[str], by: float) -> str:
    return f"{line[1]}=" + " ".join(repr(float(value) + by) for value in line[2].split())
