"""scikit-learn estimators that wire a loss to a booster."""

from boostobj.estimators._classifier import BoostClassifier
from boostobj.estimators._lightgbm import add_init_score
from boostobj.estimators._regressor import BoostRegressor

__all__ = ["BoostClassifier", "BoostRegressor", "add_init_score"]
