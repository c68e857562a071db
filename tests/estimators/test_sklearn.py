"""scikit-learn's own suite."""

from __future__ import annotations

import pytest
from lightgbm import LGBMRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks
from xgboost import XGBRegressor

from boostobj import BoostClassifier, BoostRegressor

#: LightGBM computes its bins without looking at weights, so that a row of weight two does not
#: bin like two rows, nor one of weight zero like none.
BINS = {
    f"check_sample_weight_equivalence_on_{kind}_data": "LightGBM's bins do not know of weights"
    for kind in ("dense", "sparse")
}

ENGINES = (
    XGBRegressor(n_estimators=10, n_jobs=1),
    LGBMRegressor(n_estimators=10, n_jobs=1, min_child_samples=1),
)

ESTIMATORS = [cls(engine) for cls in (BoostRegressor, BoostClassifier) for engine in ENGINES]


def expected_failures(estimator):
    return BINS if isinstance(estimator.estimator, LGBMRegressor) else {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
@pytest.mark.filterwarnings("ignore:no tree of:UserWarning")
def test_sklearn_check(estimator, check):
    check(estimator)
