"""XGBoost behind the estimators."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.engine.start import BASE_SCORE_LINKS
from boostobj.engine.xgboost import ADAPTER
from boostobj.estimators._features import numbered, refuse_beyond_single, refuse_characters
from boostobj.estimators._fitting import ANOTHER_METRIC, Engine, Rows, Task
from boostobj.links import Identity, Link

#: XGBoost keeps six decimals of a custom metric. It is scaled to have this many digits before the
#: point, so that eight or nine significant ones are left.
_METRIC_DIGITS = 3


class XGBoostEngine(Engine):
    """Trains natively with the parameters of `XGBRegressor` or `XGBClassifier`."""

    name = "xgboost"
    rounds_name, least_rounds = "n_estimators", 0
    reserved = {
        "base_score": "it is the loss's start value",
        "early_stopping_rounds": "set it on the boostobj estimator",
        "eval_metric": ANOTHER_METRIC,
        "num_class": "it follows from the loss and the labels",
        "scale_pos_weight": "weigh rows by sample_weight or class_weight",
    }
    neutral = {
        "objective": ("reg:squarederror", "binary:logistic", "multi:softprob"),
        "scale_pos_weight": (1,),
    }
    adapter = ADAPTER
    margins = np.float32
    #: Parameters that are weighed against Hessians or gains, by all their names, with defaults.
    penalties = {
        ("reg_lambda", "lambda"): 1.0,
        ("reg_alpha", "alpha"): 0.0,
        ("gamma", "min_split_loss"): 0.0,
        ("min_child_weight",): 1.0,
    }

    @staticmethod
    def default() -> Any:
        """The engine with boostobj's defaults."""
        import xgboost

        return xgboost.XGBRegressor(n_estimators=200, learning_rate=0.1, tree_method="hist")

    def check(self) -> None:
        """Refuse hyperparameters that a custom objective cannot honour."""
        if self.estimator.get_params().get("booster") == "gblinear":
            raise ValueError(
                "estimator: booster='gblinear' boosts linear models; boostobj boosts trees"
            )
        from xgboost.callback import EarlyStopping, TrainingCheckPoint

        refused = {
            EarlyStopping: "leaves the rounds after the best in the model; set "
            "early_stopping_rounds on the boostobj estimator",
            TrainingCheckPoint: "saves models without their start value, which is added when all "
            "are trained; save the fitted one, and go on from it with init_model",
        }
        for kind, reason in refused.items():
            if any(isinstance(callback, kind) for callback in self.callbacks):
                raise ValueError(f"estimator: callbacks hold {kind.__name__}, which {reason}")

    @property
    def dart(self) -> bool:
        """Whether trees are dropped."""
        import xgboost

        if self.given.get("booster") == "dart":
            return True
        # from 3.4 on these do without that word
        drops = self.given.get("rate_drop") or self.given.get("one_drop")
        return bool(drops) and _version(xgboost) >= (3, 4)

    def refusal_of(self, booster: Any) -> str:
        """Linear models, some of several targets, and those of DART where the estimator is not."""
        learner = _learner(booster)
        if int(learner["learner_model_param"]["num_target"]) > 1:
            return (
                "was trained on labels of several columns, for which boostobj has outputs like "
                "those of several classes; go on from one of BoostRegressor"
            )
        if learner["gradient_booster"]["name"] == "gblinear":
            return "is of booster='gblinear', a linear model; boostobj boosts trees"
        if not self.dart and b'"weight_drop":[' in booster.save_raw("json"):
            return (
                "is of DART, and its trees would go on being dropped; the estimator must be of "
                "DART as well, and early_stopping_rounds cannot go with DART"
            )
        return ""

    def objective_of(self, booster: Any) -> tuple[str, Link | None]:
        """Unknown where XGBoost plants it under custom ones, or its margins have another link."""
        name = _learner(booster)["objective"]["name"]
        link = BASE_SCORE_LINKS.get(name)
        if name == "reg:squarederror" or (link == Identity() and not name.startswith("reg:")):
            return "", None
        return name, link

    def at_its_best(self, booster: Any) -> Any:
        """A booster without the rounds after its best, if it knows one, as wrappers predict.

        It keeps the categories that it was trained on.
        """
        if booster.attr("best_iteration") is None:
            return booster
        best = booster[: booster.best_iteration + 1]
        if not hasattr(best, "get_categories") or (
            best.get_categories().empty() == booster.get_categories().empty()
        ):
            return best
        # XGBoost 3.1 and 3.2 drop them, and would know those of new rows by their number only
        model = as_json(best)
        _trees(model)["cats"] = _trees(as_json(booster))["cats"]
        return _written(model, like=booster)

    @property
    def n_rounds(self) -> int:
        """How many rounds the hyperparameters ask for."""
        return int(self.estimator.get_num_boosting_rounds())

    def train(self, task: Task, train: Rows, validation: Rows | None) -> tuple[Any, list[float]]:
        """Train from zero; the booster, cut at its best round, and the metric by round."""
        import xgboost

        parameters = self.estimator.get_xgb_params()
        parameters["max_delta_step"] = self.given.get("max_delta_step", task.max_delta_step)
        parameters["disable_default_eval_metric"] = True
        parameters |= self._scaled_penalties(parameters, task.mean_hessian)
        # whose predict gives margins, of several outputs as well
        parameters["objective"] = "reg:squarederror"
        if task.n_outputs > 1:
            parameters["num_class"] = task.n_outputs
        names = None
        if task.init_model is None:
            parameters["base_score"] = 0
        else:
            names = task.init_model.feature_names
            parameters["base_score"] = _start_of(task.init_model)
            # else its random numbers go on from whatever was drawn in this process
            parameters["seed_per_iteration"] = True
        refuse_characters(train.X, "[]<", self.name)
        data, evals = self._dataset(train, names), []
        factor = 10.0 ** (_METRIC_DIGITS - math.ceil(math.log10(task.metric_unit)))
        # what a callback sees under this name says so
        metric_name = task.metric_name if factor == 1 else f"{task.metric_name}_times_{factor:g}"
        if validation is not None:
            watched = self._dataset(validation, names)
            if not all(hasattr(rows.X, "iloc") for rows in (train, validation)):
                watched.feature_names = data.feature_names  # an array has none
            evals.append((watched, "validation"))
        history: dict[str, dict[str, list[float]]] = {}
        booster = xgboost.train(
            parameters,
            data,
            self.n_rounds,
            evals=evals,
            obj=task.objective,
            custom_metric=lambda raw, _: (metric_name, factor * task.metric(raw)),
            early_stopping_rounds=task.early_stopping_rounds,
            maximize=False,  # else XGBoost goes by what the name begins with
            evals_result=history,
            verbose_eval=False,
            callbacks=self.callbacks,
            xgb_model=task.init_model,
        )
        if task.early_stopping_rounds is not None:
            booster = self.at_its_best(booster)
        scaled = history.get("validation", {}).get(metric_name, [])
        return booster, [float(value) / factor for value in scaled]

    def _scaled_penalties(
        self, parameters: dict[str, Any], mean_hessian: float
    ) -> dict[str, float]:
        """The penalties, which are made for Hessians that count rows, for larger ones."""
        scaled = {}
        for names, default in self.penalties.items():
            # of several names of one, XGBoost knows which counts
            given = [name for name in names if parameters.get(name) is not None]
            for name in given or names[:1]:
                scaled[name] = mean_hessian * float(parameters[name] if given else default)
        return scaled

    def complete(self, booster: Any, start: NumpyArray | None) -> Any:
        """The booster with the start value, one per output, inside.

        It is XGBoost's ``base_score``. Before 3.1 that is a single number; the starts of several
        outputs are then added to the leaves of their first trees.
        """
        import xgboost

        if start is None:
            return booster
        if start.size == 1:
            booster.set_param({"base_score": float(start[0])})
        elif _version(xgboost) >= (3, 1):
            booster.set_param({"base_score": start.tolist()})
        else:
            model = as_json(booster)
            _add_to_leaves(_trees(model), dart_weights(model), start)
            booster = _written(model, like=booster)
        return booster

    def raw_prediction(self, booster: Any, X: Any) -> NumpyArray:
        """Margins of the whole model."""
        raw: NumpyArray = booster.predict(
            self._dataset(Rows(X), booster.feature_names), output_margin=True
        )
        return raw

    def staged_raw_prediction(self, booster: Any, X: Any) -> Iterator[NumpyArray]:
        """Margins after each round."""
        data = self._dataset(Rows(X), booster.feature_names)
        for i in range(self.rounds(booster)):
            raw = booster.predict(data, output_margin=True, iteration_range=(i, i + 1))
            yield raw
            data.set_base_margin(raw)

    def n_outputs(self, booster: Any) -> int:
        """Margins per row."""
        sizes = _learner(booster)["learner_model_param"]
        return max(int(sizes["num_class"]), int(sizes["num_target"]))

    def rounds(self, booster: Any) -> int:
        """Number of rounds in the booster."""
        return int(booster.num_boosted_rounds())

    def feature_importances(self, booster: Any) -> NumpyArray:
        """The engine's importances, unscaled."""
        kind = getattr(self.estimator, "importance_type", None) or "gain"
        scores = booster.get_score(importance_type=kind)
        names = booster.feature_names or [f"f{i}" for i in range(booster.num_features())]
        return np.asarray([scores.get(name, 0.0) for name in names])

    def _dataset(self, rows: Rows, names: list[str] | None) -> Any:
        """The rows for a model whose features have these names, which a frame has to have."""
        import xgboost

        parameters = self.estimator.get_params()
        try:
            return xgboost.DMatrix(
                numbered(rows.X, known=_takes_categories),
                label=None if rows.y is None else rows.y if rows.y.ndim == 1 else rows.y[:, 0],
                weight=rows.sample_weight,
                missing=parameters["missing"],
                feature_names=None if hasattr(rows.X, "iloc") else names,
                feature_types=parameters["feature_types"],
                feature_weights=parameters.get("feature_weights"),
                nthread=parameters["n_jobs"],
                enable_categorical=True,
            )
        except xgboost.core.XGBoostError:
            refuse_beyond_single(rows.X, "X", self.name)  # XGBoost does not tell which column
            raise


def _version(xgboost: Any) -> tuple[int, int]:
    major, minor = xgboost.__version__.split(".")[:2]
    return int(major), int(minor)


def as_json(booster: Any) -> dict[str, Any]:
    """A booster as JSON."""
    model: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))
    return model


def _written(model: dict[str, Any], like: Any) -> Any:
    """A booster of JSON, which says nothing of threads, that uses those of another."""
    import xgboost

    threads = {"nthread": _learner(like)["generic_param"]["nthread"]}
    return xgboost.Booster(threads, model_file=bytearray(json.dumps(model).encode()))


def _trees(model: dict[str, Any]) -> dict[str, Any]:
    """Where JSON has the trees and the categories; DART of some versions nests them."""
    gradient_booster = model["learner"]["gradient_booster"]
    trees: dict[str, Any] = gradient_booster.get("gbtree", gradient_booster).get("model", {})
    return trees


def dart_weights(model: dict[str, Any]) -> list[float] | None:
    """What DART multiplies its trees by, None of another kind of boosting."""
    gradient_booster = model["learner"]["gradient_booster"]
    nested = gradient_booster.get("model", {})  # from 3.4 on
    weights: list[float] | None = {**nested, **gradient_booster}.get("weight_drop")
    return weights


def categories_of(booster: Any) -> list[list[Any]] | None:
    """The categories of each categorical feature in turn, None if the booster does not know them.

    Those before XGBoost 3.1 and those of features that were numbers do not.
    """
    kinds = booster.feature_types or []
    if "c" not in kinds:
        return []
    features = _trees(as_json(booster)).get("cats", {}).get("enc")
    if not features:
        return None
    return [_decoded(f) for f, kind in zip(features, kinds, strict=True) if kind == "c"]


def _decoded(feature: dict[str, Any]) -> list[Any]:
    """The categories of a feature, integers or strings, whose bytes are in one list."""
    values, ends = feature["values"], feature.get("offsets")
    if ends is None:
        return list(values)
    text = bytes(value % 256 for value in values)
    # XGBoost 3.2 cuts strings that are not ASCII
    return [text[start:end].decode(errors="replace") for start, end in pairwise(ends)]


def _learner(booster: Any) -> dict[str, Any]:
    """What a booster says of its objective, its sizes and its trees."""
    learner: dict[str, Any] = json.loads(booster.save_config())["learner"]
    return learner


def _takes_categories(categories: Any) -> bool:
    """Whether every version takes categories like these: ASCII strings, NumPy's signed integers.

    XGBoost 3.2 cuts strings that have more bytes than characters, and mixes them up.
    """
    plain = isinstance(categories.dtype, np.dtype) and categories.dtype.kind == "i"
    return plain or (categories.inferred_type == "string" and all(map(str.isascii, categories)))


def _start_of(booster: Any) -> Any:
    """The start value of a booster as a margin; it keeps it as a prediction of its objective."""
    learner = _learner(booster)
    base_score = np.asarray(json.loads(learner["learner_model_param"]["base_score"]))
    link = BASE_SCORE_LINKS.get(learner["objective"]["name"], Identity())
    return link.link(base_score).tolist()


def _add_to_leaves(trees: dict[str, Any], weights: list[float] | None, start: NumpyArray) -> None:
    """Add the start of each output to every leaf of its first tree, of DART with weights."""
    k = start.size
    for output in range(k):
        i = trees["tree_info"].index(output)
        tree = trees["trees"][i]
        leaves = [node for node, child in enumerate(tree["left_children"]) if child == -1]
        # DART multiplies a tree by its weight
        scale = 1 / weights[i] if weights else 1.0
        if int(tree["tree_param"]["size_leaf_vector"]) > 1:
            # one tree for all outputs, a vector in each leaf
            for leaf in leaves:
                for j in range(k):
                    tree["base_weights"][leaf * k + j] += scale * start[j]
            return
        for leaf in leaves:
            tree["split_conditions"][leaf] += scale * start[output]
