"""Objectives for gradient boosting: one object a loss, in every slot of XGBoost and LightGBM.

Examples
--------
>>> import boostobj
>>> loss = boostobj.Huber(delta=1.5)
>>> loss.init_score([1.0, 2.0, 30.0])
2.25
"""

from typing import TYPE_CHECKING, Any

from boostobj import links
from boostobj.base import (
    Loss,
    MarginLoss,
    MulticlassLoss,
    PointwiseLoss,
    ResidualLoss,
    RobustLoss,
    all_losses,
    get_loss,
)
from boostobj.engine import base_score, get_num_threads, init_scores, set_num_threads
from boostobj.losses.absolute_error import AbsoluteError
from boostobj.losses.cross_entropy import CrossEntropy
from boostobj.losses.huber import Huber
from boostobj.losses.log_cosh import LogCosh
from boostobj.losses.logistic import Logistic
from boostobj.losses.pseudo_huber import PseudoHuber
from boostobj.losses.quantile import Quantile
from boostobj.losses.softmax import Softmax
from boostobj.losses.squared_error import SquaredError

from boostobj import metrics  # isort: skip  (stands on the losses)

if TYPE_CHECKING:
    from boostobj.estimators import BoostClassifier, BoostRegressor, add_init_score

__version__ = "0.1.0"

__all__ = [
    "AbsoluteError",
    "BoostClassifier",
    "BoostRegressor",
    "CrossEntropy",
    "Huber",
    "LogCosh",
    "Logistic",
    "Loss",
    "MarginLoss",
    "MulticlassLoss",
    "PointwiseLoss",
    "PseudoHuber",
    "Quantile",
    "ResidualLoss",
    "RobustLoss",
    "Softmax",
    "SquaredError",
    "add_init_score",
    "all_losses",
    "base_score",
    "get_loss",
    "get_num_threads",
    "init_scores",
    "links",
    "metrics",
    "set_num_threads",
]

#: Imported on first use: they bring scikit-learn, which takes a second.
_ESTIMATORS = {"BoostClassifier", "BoostRegressor", "add_init_score"}


def __getattr__(name: str) -> Any:
    if name in _ESTIMATORS:
        from boostobj import estimators

        return getattr(estimators, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
