"""scikit-learn's own suite."""

from __future__ import annotations

import pytest
from lightgbm import LGBMRegressor
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_classifier_not_supporting_multiclass,
    parametrize_with_checks,
)
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

ESTIMATORS = [
    *[cls(engine) for cls in (BoostRegressor, BoostClassifier) for engine in ENGINES],
    # only positive targets are for it
    BoostRegressor(ENGINES[0], loss="poisson"),
]


NEGATIVE = {"check_regressor_multioutput": "some of its targets are negative whatever the tags"}


def expected_failures(estimator):
    if isinstance(estimator.estimator, LGBMRegressor):
        return BINS
    return NEGATIVE if estimator.loss == "poisson" else {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
@pytest.mark.filterwarnings("ignore:no tree of:UserWarning")
@pytest.mark.filterwarnings("ignore:BoostClassifier. y is .* in all:UserWarning")
def test_sklearn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("loss", "positive_only"),
    [("poisson", True), ("gamma", True), ("huber", False), ("no such loss", False), (3, False)],
)
def test_tags_say_which_targets_a_loss_takes(loss, positive_only):
    assert get_tags(BoostRegressor(loss=loss)).target_tags.positive_only is positive_only


@pytest.mark.parametrize(
    ("loss", "multi_class"),
    [("cross_entropy", True), ("softmax", True), ("hinge", False), ("focal", False), (None, True)],
)
def test_tags_say_how_many_classes_a_loss_takes(loss, multi_class):
    assert get_tags(BoostClassifier(loss=loss)).classifier_tags.multi_class is multi_class


def test_three_classes_are_refused_in_the_words_of_scikit_learn():
    model = BoostClassifier(ENGINES[0], loss="hinge")
    check_classifier_not_supporting_multiclass("BoostClassifier", model)
