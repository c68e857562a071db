"""The start value in the form each engine wants."""

from __future__ import annotations

import numpy as np

from boostobj._arrays import on_host
from boostobj._labels import LEAST_SHARE
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss
from boostobj.links import Identity, Link, Log, Logit
from boostobj.losses.embedding import EmbeddingLoss

#: The transform that XGBoost applies to ``base_score`` under its planted or given objective.
_OBJECTIVES: dict[Link, tuple[str, ...]] = {
    Identity(): (
        "binary:hinge",
        "binary:logitraw",
        "multi:softmax",
        "multi:softprob",
        "rank:map",
        "rank:ndcg",
        "rank:pairwise",
        "reg:absoluteerror",
        "reg:expectileerror",
        "reg:pseudohubererror",
        "reg:quantileerror",
        "reg:squarederror",
        "reg:squaredlogerror",
    ),
    Log(): ("count:poisson", "reg:gamma", "reg:tweedie", "survival:aft", "survival:cox"),
    Logit(): ("binary:logistic", "reg:logistic"),
}
#: The same, objective by objective.
BASE_SCORE_LINKS = {name: link for link, names in _OBJECTIVES.items() for name in names}


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
        takes a probability, which is kept between 1e-7 and 1 - 1e-7.

    Returns
    -------
    float, or list of k floats
        A list for k classes, quantiles or targets, which takes XGBoost 3.1 or later.

    Raises
    ------
    TypeError
        If an array does not consist of real numbers.
    ValueError
        If no version of XGBoost has such an objective, or a target or a weight is outside its
        domain.

    Examples
    --------
    >>> base_score(AbsoluteError(), [1, 2, 7])
    2.0
    """
    if objective not in BASE_SCORE_LINKS:
        raise ValueError(
            f"objective must be one of XGBoost's {sorted(BASE_SCORE_LINKS)}, got {objective!r}"
        )
    link = BASE_SCORE_LINKS[objective]
    score = np.asarray(link.inverse(np.asarray(loss.init_score(y_true, sample_weight))))
    if link == Logit():
        score = np.clip(score, LEAST_SHARE, 1 - LEAST_SHARE)
    plain: float | list[float] = score.tolist()
    return plain


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

    Raises
    ------
    TypeError
        If an array does not consist of real numbers, or the loss is one of embeddings, which start
        from zero as LightGBM does by itself.
    ValueError
        If a target or a weight is outside its domain.
    """
    if isinstance(loss, EmbeddingLoss):
        raise TypeError(
            f"{type(loss).__name__} starts from zero, in as many outputs as num_class says: "
            "leave out init_score"
        )
    margin = np.asarray(loss.init_score(y_true, sample_weight))
    return np.broadcast_to(margin, (len(np.asarray(on_host(y_true))), *margin.shape)).copy()
