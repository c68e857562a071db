"""scikit-learn estimators that wire a loss to a booster."""

from boostobj.estimators._classifier import BoostClassifier
from boostobj.estimators._conformal import TooFewRowsError
from boostobj.estimators._interval import QuantileIntervalRegressor
from boostobj.estimators._lightgbm import add_init_score
from boostobj.estimators._regressor import BoostRegressor
from boostobj.estimators._scorers import LossScorer, interval_scorers

__all__ = [
    "BoostClassifier",
    "BoostRegressor",
    "LossScorer",
    "QuantileIntervalRegressor",
    "TooFewRowsError",
    "add_init_score",
    "interval_scorers",
]
