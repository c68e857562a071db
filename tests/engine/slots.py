"""Training through each slot that takes an objective, by the names users know."""

from __future__ import annotations

import inspect

import lightgbm as lgb
import numpy as np
import xgboost as xgb

import boostobj

ROUNDS = 15


def _outputs(loss, y):
    k = int(np.max(y)) + 1 if isinstance(loss, boostobj.MulticlassLoss) else 1
    return {"num_class": k} if k > 1 else {}


def xgb_train(loss, X, y, w, **params):
    params = {"nthread": 1, **_outputs(loss, y), **params}
    data = xgb.DMatrix(X, label=y, weight=w)
    model = xgb.train(params, data, ROUNDS, obj=loss)
    return model.predict(data, output_margin=True)


def xgb_wrapper(loss, X, y, w, **params):
    multiclass = isinstance(loss, boostobj.MulticlassLoss)
    kind = xgb.XGBClassifier if multiclass else xgb.XGBRegressor
    model = kind(objective=loss, n_estimators=ROUNDS, n_jobs=1, **params)
    model.fit(X, y, sample_weight=w)
    return model.predict(X, output_margin=True)


def lgb_train(loss, X, y, w, **params):
    params = {"objective": loss, "verbose": -1, "num_threads": 1, **_outputs(loss, y), **params}
    model = lgb.train(params, lgb.Dataset(X, y, weight=w), ROUNDS)
    return model.predict(X, raw_score=True)


def lgb_wrapper(loss, X, y, w, **params):
    multiclass = isinstance(loss, boostobj.MulticlassLoss)
    kind = lgb.LGBMClassifier if multiclass else lgb.LGBMRegressor
    model = kind(objective=loss, n_estimators=ROUNDS, n_jobs=1, verbose=-1, **params)
    model.fit(X, y, sample_weight=w)
    return model.predict(X, raw_score=True)


def lgb_eval_set(X, y, w=None):
    """The arguments of LightGBM's `fit` for a validation set, by version."""
    weights = {} if w is None else {"eval_sample_weight": [w]}
    if "eval_X" in inspect.signature(lgb.LGBMModel.fit).parameters:
        return {"eval_X": (X,), "eval_y": (y,), **weights}
    return {"eval_set": [(X, y)], **weights}
