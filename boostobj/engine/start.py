"""The start value in the form each engine wants."""

from __future__ import annotations

import numpy as np

from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss
from boostobj.links import Identity, Link, Log, Logit

#: The transform that XGBoost applies to ``base_score`` under its planted or given objective.
_BASE_SCORE_LINK: dict[str, Link] = {
    "binary:logistic": Logit(),
    "reg:logistic": Logit(),
    "count:poisson": Log(),
    "reg:gamma": Log(),
    "reg:tweedie": Log(),
}


def base_score(
    loss: Loss,
    y_true: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    objective: str = "reg:squarederror",
) -> float | list[float]:
    """The start value as XGBoost's parameter ``base_score``.

    Parameters
    ----------
    loss : Loss
        The loss.
    y_true : array-like
        Training targets.
    sample_weight : array-like of shape (n,), optional
        Training weights.
    objective : str, default="reg:squarederror"
        The built-in objective in the booster's parameters, under which XGBoost reads
        ``base_score``. `xgboost.train` without one and `XGBRegressor` have
        "reg:squarederror", whose ``base_score`` is a margin; `XGBClassifier` plants
        "binary:logistic" or "multi:softprob" under a custom objective, and the first of them
        takes a probability.

    Returns
    -------
    float, or list of k floats for a multiclass loss (XGBoost >= 3.1)

    Examples
    --------
    >>> base_score(AbsoluteError(), [1, 2, 7])
    2.0
    """
    margin = np.asarray(loss.init_score(y_true, sample_weight))
    link = _BASE_SCORE_LINK.get(objective, Identity())
    score: float | list[float] = link.inverse(margin).tolist()
    return score


def init_scores(
    loss: Loss, y_true: ArrayLike, sample_weight: ArrayLike | None = None
) -> NumpyArray:
    """The start value as LightGBM's ``init_score``, a margin per row.

    LightGBM keeps it in the data set only: neither `predict` nor a saved model knows of it, so
    add ``loss.init_score(...)`` to raw predictions.

    Parameters
    ----------
    loss : Loss
        The loss.
    y_true : array-like
        Training targets.
    sample_weight : array-like of shape (n,), optional
        Training weights.

    Returns
    -------
    ndarray of shape (n,) or (n, k)
        For ``lightgbm.Dataset(..., init_score=...)`` or ``LGBMModel.fit(..., init_score=...)``.
    """
    margin = np.asarray(loss.init_score(y_true, sample_weight))
    return np.broadcast_to(margin, (len(np.asarray(y_true)), *margin.shape)).copy()
