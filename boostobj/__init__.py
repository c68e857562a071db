"""Objectives for gradient boosting: one object a loss, in every slot of XGBoost and LightGBM.

Examples
--------
>>> import boostobj
>>> loss = boostobj.Huber(delta=1.5)
>>> loss.init_score([1.0, 2.0, 30.0])
2.25
"""

import importlib
from typing import TYPE_CHECKING, Any

from boostobj import links
from boostobj.base import (
    BinaryLoss,
    Loss,
    MarginLoss,
    MulticlassLoss,
    PointwiseLoss,
    ResidualLoss,
    all_losses,
    get_loss,
)
from boostobj.curvature import HalfQuadraticLoss
from boostobj.engine import base_score, get_num_threads, init_scores, set_num_threads
from boostobj.groups import GroupLoss
from boostobj.losses.absolute_error import AbsoluteError
from boostobj.losses.asymmetric_loss import AsymmetricLoss
from boostobj.losses.cauchy import Cauchy
from boostobj.losses.class_balanced import ClassBalanced
from boostobj.losses.composition import Asymmetric
from boostobj.losses.cross_entropy import CrossEntropy
from boostobj.losses.embedding import Contrastive, Triplet
from boostobj.losses.epsilon_insensitive import EpsilonInsensitive
from boostobj.losses.expectile import Expectile
from boostobj.losses.exponential import Exponential
from boostobj.losses.fair import Fair
from boostobj.losses.focal import Focal
from boostobj.losses.focal_softmax import FocalSoftmax
from boostobj.losses.gamma import Gamma
from boostobj.losses.general_robust import GeneralRobust
from boostobj.losses.hinge import Hinge, ModifiedHuber, SquaredHinge
from boostobj.losses.huber import Huber
from boostobj.losses.kl_divergence import KLDivergence
from boostobj.losses.label_smoothing import LabelSmoothing
from boostobj.losses.ldam import LDAM, LDAMSoftmax
from boostobj.losses.linex import Linex
from boostobj.losses.log_cosh import LogCosh
from boostobj.losses.logistic import Logistic
from boostobj.losses.lp import Lp
from boostobj.losses.multi_quantile import MultiQuantile
from boostobj.losses.negative_binomial import NegativeBinomial
from boostobj.losses.one_vs_rest import OneVsRest
from boostobj.losses.pairwise import PairwiseHinge, PairwiseLogistic
from boostobj.losses.percentage import MAPE, SMAPE, SquaredPercentageError
from boostobj.losses.poisson import Poisson
from boostobj.losses.poly1 import Poly1
from boostobj.losses.pseudo_huber import PseudoHuber
from boostobj.losses.quantile import Quantile
from boostobj.losses.savage import Savage
from boostobj.losses.softmax import Softmax
from boostobj.losses.squared_error import SquaredError
from boostobj.losses.squared_log_error import SquaredLogError
from boostobj.losses.truncated_squared import TruncatedSquared
from boostobj.losses.tukey import Tukey
from boostobj.losses.tweedie import Tweedie
from boostobj.losses.welsch import Welsch

from boostobj import metrics  # isort: skip  (stands on the losses)

if TYPE_CHECKING:
    from boostobj.estimators import (
        BoostClassifier,
        BoostRegressor,
        LossScorer,
        QuantileIntervalRegressor,
        TooFewRowsError,
        add_init_score,
        interval_scorers,
    )

__version__ = "0.1.0"

__all__ = [
    "LDAM",
    "MAPE",
    "SMAPE",
    "AbsoluteError",
    "Asymmetric",
    "AsymmetricLoss",
    "BinaryLoss",
    "BoostClassifier",
    "BoostRegressor",
    "Cauchy",
    "ClassBalanced",
    "Contrastive",
    "CrossEntropy",
    "EpsilonInsensitive",
    "Expectile",
    "Exponential",
    "Fair",
    "Focal",
    "FocalSoftmax",
    "Gamma",
    "GeneralRobust",
    "GroupLoss",
    "HalfQuadraticLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LDAMSoftmax",
    "LabelSmoothing",
    "Linex",
    "LogCosh",
    "Logistic",
    "Loss",
    "LossScorer",
    "Lp",
    "MarginLoss",
    "ModifiedHuber",
    "MultiQuantile",
    "MulticlassLoss",
    "NegativeBinomial",
    "OneVsRest",
    "PairwiseHinge",
    "PairwiseLogistic",
    "PointwiseLoss",
    "Poisson",
    "Poly1",
    "PseudoHuber",
    "Quantile",
    "QuantileIntervalRegressor",
    "ResidualLoss",
    "Savage",
    "Softmax",
    "SquaredError",
    "SquaredHinge",
    "SquaredLogError",
    "SquaredPercentageError",
    "TooFewRowsError",
    "Triplet",
    "TruncatedSquared",
    "Tukey",
    "Tweedie",
    "Welsch",
    "add_init_score",
    "all_losses",
    "base_score",
    "get_loss",
    "get_num_threads",
    "init_scores",
    "interval_scorers",
    "links",
    "metrics",
    "set_num_threads",
]

#: Modules that are imported on first use.
_MODULES = {"datasets", "estimators", "plots", "testing"}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})


def __getattr__(name: str) -> Any:
    if name in __all__:
        # On first use: they bring scikit-learn, which takes a second.
        from boostobj import estimators

        return getattr(estimators, name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
