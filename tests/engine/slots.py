"""Training through each slot that takes an objective, by the names users know.

Every function returns the margins of its training rows. Weights are those of rows, `start` has the
shape of the margins, `group` holds sizes of consecutive groups.
"""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import xgboost as xgb

from boostobj import MulticlassLoss
from boostobj.groups import GroupLoss
from boostobj.losses.pairwise import PairLoss
from boostobj.testing import _families as families

ROUNDS = 15


def xgb_train(loss, X, y, w=None, *, start=None, group=None, rounds=ROUNDS, **params):
    if group is not None and w is not None:
        w = w[np.cumsum(group) - 1]  # XGBoost weighs groups
    data = xgb.DMatrix(X, y, weight=w, base_margin=start, group=group, nthread=1)
    params = {"nthread": 1, **_outputs(loss), **params}
    return xgb.train(params, data, rounds, obj=loss).predict(data, output_margin=True)


def lgb_train(loss, X, y, w=None, *, start=None, group=None, rounds=ROUNDS, **params):
    data = lgb.Dataset(X, y, weight=w, init_score=start, group=group)
    params = {"objective": loss, "verbose": -1, "num_threads": 1, **_outputs(loss), **params}
    raw = lgb.train(params, data, rounds).predict(X, raw_score=True)
    return raw if start is None else raw + start


def xgb_wrapper(kind):
    """The slot of `XGBRegressor` or `XGBClassifier`."""

    def train(loss, X, y, w=None, *, start=None, group=None, rounds=ROUNDS, **params):
        params = {**_outputs(loss), **params}
        model = kind(objective=loss, n_estimators=rounds, n_jobs=1, **params)
        model.fit(X, y, sample_weight=w, base_margin=start)
        return model.predict(X, output_margin=True, base_margin=start)

    return train


def lgb_wrapper(kind):
    """The slot of `LGBMRegressor`, `LGBMClassifier` or `LGBMRanker`."""

    def train(loss, X, y, w=None, *, start=None, group=None, rounds=ROUNDS, **params):
        outputs = {} if kind is lgb.LGBMClassifier else _outputs(loss)
        if outputs:
            outputs["metric"] = "None"  # the wrapper's own knows one output
        params = {"n_estimators": rounds, "n_jobs": 1, "verbose": -1, **outputs, **params}
        groups = {"group": group} if kind is lgb.LGBMRanker else {}
        model = kind(objective=loss, **params)
        raw = model.fit(X, y, sample_weight=w, init_score=start, **groups).predict(
            X, raw_score=True
        )
        return raw if start is None else raw + start

    return train


NATIVE = {"xgboost": xgb_train, "lightgbm": lgb_train}
REGRESSOR = {
    "xgboost": xgb_wrapper(xgb.XGBRegressor),
    "lightgbm": lgb_wrapper(lgb.LGBMRegressor),
}
CLASSIFIER = {
    "xgboost": xgb_wrapper(xgb.XGBClassifier),
    "lightgbm": lgb_wrapper(lgb.LGBMClassifier),
}
# XGBoost's ranker refuses any callable.
RANKER = {"lightgbm": lgb_wrapper(lgb.LGBMRanker)}


def wrappers(engine, loss, y):
    """The slots of the scikit-learn wrappers that targets of this kind fit, by name."""
    if isinstance(loss, PairLoss):
        slots = {"ranker": RANKER}
    elif isinstance(loss, GroupLoss):
        slots = {"regressor": REGRESSOR, "ranker": RANKER}
    elif isinstance(loss, MulticlassLoss):
        slots = {"classifier": CLASSIFIER}
    elif set(y) == {0, 1}:
        slots = {"regressor": REGRESSOR, "classifier": CLASSIFIER}
    else:
        slots = {"regressor": REGRESSOR}
    return {name: slot[engine] for name, slot in slots.items() if engine in slot}


def _outputs(loss):
    shape = families.sample(loss, 12)[1].shape
    return {"num_class": shape[1]} if len(shape) > 1 else {}
