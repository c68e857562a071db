"""Metrics: against scikit-learn or by hand, weights, names, and early stopping in every slot."""

from __future__ import annotations

import warnings

import lightgbm as lgb
import numpy as np
import pytest
import sklearn.metrics
import xgboost as xgb
from sklearn.dummy import DummyRegressor

import boostobj as bo
from boostobj import metrics

pytestmark = [
    # LightGBM 4.0 calls scikit-learn 1.6 by an old name.
    pytest.mark.filterwarnings("ignore:'force_all_finite':FutureWarning"),
    # Its successor is newer than the LightGBM we support.
    pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated"),
]

N = 200
QUANTILES = (0.1, 0.5, 0.9)
INTERVAL = [
    metrics.IntervalCoverage(),
    metrics.IntervalCoverage(coverage=0.8),
    metrics.MeanIntervalWidth(),
    metrics.IntervalScore(),
    metrics.IntervalScore(coverage=0.5),
    metrics.IntervalScore(coverage=0.7, lower=0.1),
]
QUANTILE = [metrics.MeanPinball(QUANTILES), metrics.CRPS(QUANTILES)]
REGRESSION = [
    metrics.MAE(),
    metrics.MAPE(),
    metrics.MeanBiasError(),
    metrics.MeanSquaredError(),
    metrics.Pinball(0.9),
    metrics.R2(),
    metrics.RMSE(),
]
CLASSES = [
    metrics.AUC(),
    metrics.BalancedAccuracy(),
    metrics.BrierScore(),
    metrics.ExpectedCalibrationError(),
    metrics.ExpectedCalibrationError(n_bins=3),
    metrics.FBeta(),
    metrics.KLDivergence(),
    metrics.LogLoss(),
    metrics.MatthewsCorrelation(),
    metrics.QuadraticKappa(),
    metrics.ZeroOneError(),
]
BINARY = [
    *CLASSES,
    metrics.AveragePrecision(),
    metrics.BalancedAccuracy(threshold=0.2),
    metrics.FBeta(threshold=0.3, beta=2.0),
    metrics.MatthewsCorrelation(threshold=0.7),
]
RANKING = [metrics.NDCG(), metrics.NDCG(k=3, gain="linear")]
ALL = [*INTERVAL, *QUANTILE, *REGRESSION, *BINARY, *RANKING]


def rows(metric, seed=0):
    """Targets and predictions of the metric's kind."""
    rng = np.random.default_rng(seed)
    y = rng.gamma(2.0, size=N)
    if metric in INTERVAL:
        return y, np.sort(rng.gamma(2.0, size=(N, 2)), axis=1)
    if metric in QUANTILE:
        return y, np.sort(rng.gamma(2.0, size=(N, 3)), axis=1)
    if metric in REGRESSION:
        return y, y + rng.normal(size=N)
    if metric in RANKING:
        return rng.integers(0, 4, N) * 1.0, np.round(rng.normal(size=N), 1)
    p = rng.uniform(size=N)
    return (rng.random(N) < p).astype(float), np.clip(p + 0.2 * rng.normal(size=N), 0.01, 0.99)


def class_rows(k=3, seed=1):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), N)
    y = np.asarray([rng.choice(k, p=row) for row in p])
    return y, rng.dirichlet(np.full(k, 0.3), N) * 0.5 + p * 0.5


def test_every_metric_is_tested():
    assert {type(m) for m in ALL} == set(metrics.all_metrics().values()) - {metrics.LossMetric}
    assert set(metrics.all_metrics()) < set(metrics.__all__)


@pytest.mark.parametrize("metric", ALL, ids=repr)
def test_a_weight_is_a_number_of_rows(metric):
    y, y_pred = rows(metric)
    weight = np.random.default_rng(2).integers(0, 4, N)
    sizes = [50, 100, 50]
    repeated = np.repeat(np.arange(N), weight)
    if metric in RANKING:  # a weight is a number of groups
        weight = np.repeat([2, 0, 1], sizes)
        repeated = np.concatenate([np.arange(50), np.arange(50), np.arange(150, 200)])
        group, groups_again = sizes, [50, 50, 50]
    else:
        group = groups_again = None
    got = metric.score(y, y_pred, weight, group)
    expected = metric.score(y[repeated], y_pred[repeated], None, groups_again)
    assert got == pytest.approx(expected, rel=1e-12)
    assert got != pytest.approx(metric.score(y, y_pred, None, group), rel=1e-6)
    assert metric.score(y, y_pred, np.full(N, 2.5), group) == pytest.approx(
        metric.score(y, y_pred, None, group), rel=1e-12
    )


@pytest.mark.parametrize("metric", CLASSES, ids=repr)
def test_k_classes_with_weights(metric):
    y, p = class_rows()
    weight = np.random.default_rng(2).integers(0, 4, N)
    index = np.repeat(np.arange(N), weight)
    got = metric.score(y, p, weight)
    assert got == pytest.approx(metric.score(y[index], p[index]), rel=1e-12)
    margins = bo.links.Softmax().link(p)
    with_link = type(metric)(link=bo.links.Softmax())
    assert with_link.score(y, margins) == pytest.approx(type(metric)().score(y, p), rel=1e-9)


@pytest.mark.parametrize("metric", BINARY, ids=repr)
def test_margins_need_the_link(metric):
    y, p = rows(metric)
    parameters = {k: v for k, v in vars(metric).items() if k != "link"}
    twin = type(metric)(**parameters, link=bo.Logistic().link)
    margins = bo.Logistic().link.link(p)
    assert twin.score(y, margins) == pytest.approx(metric.score(y, p), rel=1e-9)
    if isinstance(metric, metrics.BrierScore | metrics.FBeta):
        with pytest.raises(ValueError, match=r"link=loss.link"):
            metric.score(y, 9 * margins)


def test_scikit_learns_own():
    y, p = rows(metrics.FBeta())
    weight = np.random.default_rng(3).uniform(size=N)
    predicted = (p > 0.3).astype(int)
    keywords = {"sample_weight": weight}
    k_y, k_p = class_rows()
    k_predicted = k_p.argmax(axis=1)
    for metric, truth, prediction, expected in (
        (metrics.BrierScore(), y, p, sklearn.metrics.brier_score_loss(y, p, **keywords)),
        (metrics.LogLoss(), k_y, k_p, sklearn.metrics.log_loss(k_y, k_p, **keywords)),
        (
            metrics.BalancedAccuracy(threshold=0.3),
            y,
            p,
            sklearn.metrics.balanced_accuracy_score(y, predicted, **keywords),
        ),
        (
            metrics.FBeta(threshold=0.3, beta=2),
            y,
            p,
            sklearn.metrics.fbeta_score(y, predicted, beta=2, **keywords),
        ),
        (
            metrics.FBeta(),
            k_y,
            k_p,
            sklearn.metrics.f1_score(k_y, k_predicted, average="macro", **keywords),
        ),
        (
            metrics.MatthewsCorrelation(),
            k_y,
            k_p,
            sklearn.metrics.matthews_corrcoef(k_y, k_predicted, **keywords),
        ),
        (
            metrics.QuadraticKappa(),
            k_y,
            k_p,
            sklearn.metrics.cohen_kappa_score(k_y, k_predicted, weights="quadratic", **keywords),
        ),
    ):
        assert metric.score(truth, prediction, weight) == pytest.approx(expected, rel=1e-12)
    # without a warning of classes that are never the label
    assert metrics.BalancedAccuracy().score(np.zeros(3), np.eye(3)) == pytest.approx(1 / 3)


def test_rows_without_weight_do_not_count_in_losses():
    metric = bo.SquaredError().metric
    assert metric.score([1, 2, 3], [1, 2, 1e200], [1, 1, 0]) == 0
    assert bo.Huber("auto").metric.score([1, 2, 9], [1, 3, 0], [1, 1, 0]) > 0


TWO = [[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]


@pytest.mark.parametrize("metric", BINARY, ids=repr)
def test_labels_that_are_no_classes(metric):
    for y, message in (
        ([0, 1, 7], r"class numbers 0 to 1, got 7.0 \(1 of 3"),
        ([0, 1, 0.5], "class numbers 0 to 1, got 0.5"),
        ([-1, 1, 0], r"labels -1 and \+1 only, got 0.0"),
        ([[1, 0], [3, -1], [0, 1]], r"in \[0, 1\], got 3.0"),
        ([[1, 0], [0, 0], [0, 1]], r"sum to 1, got 0.0 \(1 of 3"),
    ):
        with pytest.raises(ValueError, match=f"y_true must.*{message}"):
            metric.score(y, TWO)
    if not isinstance(metric, metrics.QuadraticKappa):  # which takes grades
        with pytest.raises(ValueError, match=r"y_true must be .*got 2.0"):
            metric.score([0, 1, 2], [0.1, 0.2, 0.3])


@pytest.mark.parametrize("metric", BINARY, ids=repr)
def test_both_ways_to_write_two_classes(metric):
    y, p = [1, 0, 0], np.asarray(TWO)
    expected = metric.score(y, p)
    assert metric.score([1, -1, -1], p) == expected
    assert metric.score([[0, 1], [1, 0], [1, 0]], p) == expected
    alone = metric.score(y, p[:, 1])
    assert metric.score([1, -1, -1], p[:, 1]) == alone
    if isinstance(metric, metrics.AUC | metrics.AveragePrecision):
        assert expected == alone == 1
        with pytest.raises(ValueError, match=r"y_pred must be in .*\(link=loss.link\)"):
            metric.score(y, 9 * p)


@pytest.mark.parametrize(
    ("metric", "one_class"),
    [
        (metrics.AUC(), sklearn.metrics.roc_auc_score),
        (metrics.AveragePrecision(), sklearn.metrics.average_precision_score),
    ],
    ids=["AUC", "AveragePrecision"],
)
@pytest.mark.parametrize("present", [[0, 1, 2], [0, 2]])
def test_ranking_of_k_classes_is_the_mean_over_those_there_are(metric, one_class, present):
    rng = np.random.default_rng(0)
    y, w = rng.choice(present, 50), rng.uniform(0, 2, 50)
    p = rng.dirichlet(np.ones(3) + 5 * np.eye(3)[1], 50)
    each = [one_class(y == c, p[:, c], sample_weight=w) for c in present]
    assert metric.score(y, p, w) == pytest.approx(np.mean(each), rel=1e-12)


def test_rows_without_weight_do_not_count():
    width = metrics.MeanIntervalWidth()
    assert width.score([1, 2], [[0, 1], [-np.inf, np.inf]], [1, 0]) == 1
    for metric in (metrics.AUC(), metrics.AveragePrecision()):
        with pytest.raises(ValueError, match="y_true must hold two classes, got 0 only"):
            metric.score([0, 1, 0], [0.1, 0.2, 0.3], [1, 0, 1])


@pytest.mark.parametrize("metric", [metrics.BrierScore(), metrics.ExpectedCalibrationError()])
def test_two_columns_are_those_of_two_classes(metric):
    y, p = [1, 0, 1, 1], np.asarray([0.2, 0.4, 0.9, 0.3])
    assert metric.score(y, np.column_stack([1 - p, p])) == pytest.approx(metric.score(y, p))


def test_brier_of_classes_is_the_sum_over_them():
    assert metrics.BrierScore().score([2, 0], [[0.2, 0.3, 0.5], [1, 0, 0]]) == pytest.approx(
        (0.2**2 + 0.3**2 + 0.5**2) / 2
    )
    assert metrics.BrierScore().score([0.25], [0.5]) == pytest.approx(0.25**2)


def test_kappa_of_grades():
    y = [0, 1, 2, 5]
    kappa = metrics.QuadraticKappa()
    assert kappa.score(y, [0.2, 1.4, 1.6, 9.0]) == pytest.approx(1)
    # the distance of 2 and 5 is three, although no grade lies between
    grades = np.asarray([0, 1, 2, 2])
    chance = np.mean((np.asarray(y)[:, None] - grades[None, :]) ** 2)
    expected = 1 - np.mean((y - grades) ** 2) / chance
    assert kappa.score(y, grades) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="y_true must hold two classes, got 1 only"):
        kappa.score([1, 1], [1, 0])
    with pytest.raises(ValueError, match=r"y_true must be class numbers 0 to 1, got 0\.5"):
        kappa.score([0.5, 1], [1, 0])


def test_calibration_error_by_hand():
    y = [0, 1, 1, 1]
    p = [0.1, 0.3, 0.7, 1.0]
    # bins below and above one half: .1 + .3 against 0 + 1, .7 + 1 against 2
    expected = (0.6 + 0.3) / 4
    assert metrics.ExpectedCalibrationError(n_bins=2).score(y, p) == pytest.approx(expected)
    rng = np.random.default_rng(4)
    p = rng.uniform(size=20_000)
    y = (rng.random(20_000) < p).astype(float)
    assert metrics.ExpectedCalibrationError().score(y, p) < 0.02
    rows = [[0.6, 0.4, 0], [0.7, 0.2, 0.1]]
    top = metrics.ExpectedCalibrationError(n_bins=1).score([0, 1], rows)
    assert top == pytest.approx(0.65 - 0.5)


def test_intervals_by_hand():
    y = [1.0, 5.0, 2.0, 0.0]
    interval = [[0, 2], [1, 4], [2, 2], [1, 3]]
    weight = [1, 1, 2, 1]
    assert metrics.IntervalCoverage().score(y, interval, weight) == pytest.approx(3 / 5)
    assert metrics.MeanIntervalWidth().score(y, interval, weight) == pytest.approx(7 / 5)
    score = metrics.IntervalScore(coverage=0.8).score(y, interval, weight)
    assert score == pytest.approx((7 + 10 * (1 + 1)) / 5)
    # XGBoost may hold a target once per output
    assert metrics.IntervalCoverage().score(np.column_stack([y, y]), interval, weight) == 3 / 5
    with pytest.raises(ValueError, match="one target per row"):
        metrics.IntervalCoverage().score(np.column_stack([y, np.zeros(4)]), interval)
    with pytest.raises(ValueError, match=r"y_pred must have shape \(n, 2\), got \(4,\)"):
        metrics.IntervalScore().score(y, y)


def test_interval_score_is_a_sum_of_pinball_losses():
    y, interval = rows(metrics.IntervalScore())
    pinball = [
        metrics.Pinball(q).score(y, bound) for q, bound in zip((0.1, 0.9), interval.T, strict=True)
    ]
    got = metrics.IntervalScore(coverage=0.8).score(y, interval)
    assert got == pytest.approx(sum(pinball) / 0.1, rel=1e-12)
    assert metrics.IntervalScore(coverage=0.8, lower=0.1).score(y, interval) == pytest.approx(got)


def test_interval_score_is_least_for_the_quantiles_that_leave_out_its_shares():
    y = np.random.default_rng(0).exponential(size=20_000)
    levels = np.linspace(0.01, 0.19, 19)
    for lower in (0.04, 0.15):
        metric = metrics.IntervalScore(coverage=0.8, lower=lower)
        scores = [
            metric.score(y, np.broadcast_to(np.quantile(y, [q, q + 0.8]), (20_000, 2)))
            for q in levels
        ]
        assert levels[np.argmin(scores)] == pytest.approx(lower)
    with pytest.raises(ValueError, match="IntervalScore: lower must be"):
        metrics.IntervalScore(coverage=0.8, lower=0.3)


def test_coverage_is_compared_with_what_is_promised():
    y, interval = np.arange(10.0), np.tile([-0.5, 6.5], (10, 1))
    metric = metrics.IntervalCoverage(coverage=0.8)
    assert metric.score(y, interval) == 0.7
    assert metric(y, interval) == pytest.approx(0.1)
    assert metric.name == "coverage_gap_0.8"


def test_crps_of_a_normal_distribution():
    from scipy.stats import norm

    levels = (np.arange(500) + 0.5) / 500
    y = np.linspace(-2, 2, 9)
    quantiles = np.tile(norm.ppf(levels), (9, 1))
    expected = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
    got = metrics.CRPS(levels).score(y, quantiles)
    assert got == pytest.approx(expected.mean(), rel=1e-3)
    # one level is the absolute error
    assert metrics.CRPS((0.5,)).score(y, np.zeros((9, 1))) == pytest.approx(np.abs(y).mean())


@pytest.mark.parametrize(
    ("quantiles", "error", "message"),
    [
        ((), ValueError, "hold at least 1 number"),
        ((0.5, 0.1), ValueError, r"be increasing, got \(0.5, 0.1\)"),
        ((0.5, 0.5), ValueError, "be increasing"),
        ((0, 0.5), ValueError, r"be in \(0, 1\), got 0.0"),
        ((0.2, 1.0), ValueError, r"be in \(0, 1\), got 1.0"),
        (0.5, TypeError, "be a sequence of numbers, got 0.5"),
        (("a", "b"), TypeError, r"be a sequence of numbers, got \('a', 'b'\)"),
    ],
)
def test_wrong_quantiles(quantiles, error, message):
    with pytest.raises(error, match=f"MeanPinball: quantiles must {message}"):
        metrics.MeanPinball(quantiles)


@pytest.mark.parametrize("metric", ALL, ids=repr)
def test_wrong_values(metric):
    y, y_pred = rows(metric)
    for name, arguments in (
        ("y_true", (np.where(np.arange(N) == 3, np.nan, y), y_pred)),
        ("y_pred", (y, np.where(y_pred == y_pred.flat[5], np.nan, y_pred))),
        ("y_true", (y[:-1], y_pred)),
        ("sample_weight", (y, y_pred, np.ones(N - 1))),
        ("sample_weight", (y, y_pred, np.zeros(N))),
        ("sample_weight", (y, y_pred, np.full(N, -1.0))),
    ):
        with pytest.raises(ValueError, match=name):
            metric.score(*arguments)


@pytest.mark.parametrize(
    "make",
    [
        lambda: metrics.IntervalCoverage(coverage=1.0),
        lambda: metrics.IntervalScore(coverage=90),
        lambda: metrics.ExpectedCalibrationError(n_bins=0),
        lambda: metrics.FBeta(beta=0),
        lambda: metrics.BalancedAccuracy(threshold=1),
        lambda: metrics.NDCG(k=0),
        lambda: metrics.NDCG(gain="none"),
    ],
)
def test_wrong_parameters(make):
    with pytest.raises(ValueError, match=r"must be"):
        make()


@pytest.mark.parametrize("metric", [*ALL, bo.Huber().metric], ids=repr)
def test_wrong_shapes(metric):
    k = 3 if metric in QUANTILE else 2 if metric in INTERVAL else None
    with pytest.raises(ValueError, match="y_true is empty"):
        metric.score([], np.zeros((0, k)) if k else [])
    with pytest.raises(ValueError, match=r"y_pred must have shape \(n,\) or \(n, k\), got \(\)"):
        metric.score(1.0, 2.0)
    with pytest.raises(ValueError, match=r"y_true of shape \(2, 3\) does not fit y_pred of shape"):
        metric.score(np.zeros((2, 3)), np.zeros((3, 2)))


@pytest.mark.parametrize("make", [metrics.LogLoss, metrics.Pinball, metrics.FBeta, metrics.NDCG])
@pytest.mark.parametrize("link", ["logit", bo.Exponential(), type(bo.Logistic().link), None])
def test_a_link_is_a_link(make, link):
    with pytest.raises(TypeError, match=f"{make.__name__}: link must be a link, such as loss.link"):
        make(link=link)


def test_the_metric_of_a_loss_has_no_other_link():
    with pytest.raises(TypeError, match="link"):
        metrics.LossMetric(bo.Logistic(), link=bo.Logistic().link)


@pytest.mark.parametrize("metric", ALL, ids=repr)
def test_names(metric):
    name = metric.__name__
    assert name == metric.name
    assert not any(c.isspace() or c == ":" for c in name)
    maximised = name.startswith(("auc", "map", "ndcg", "pre"))
    assert maximised == metric.higher_is_better
    # whose histories a metric of that name would share
    of_xgboost = "rmse rmsle mae mape mphe logloss error mlogloss merror auc aucpr pre quantile"
    of_lightgbm = (
        "l1 l2 rmse r2 quantile mape huber fair poisson gamma tweedie map auc cross_entropy"
        " average_precision binary_logloss binary_error multi_logloss multi_error"
    )
    assert name not in f"{of_xgboost} {of_lightgbm} expectile kullback_leibler".split()


def test_names_that_xgboost_would_misread():
    assert metrics.R2().name == "pre_r2"
    assert metrics.FBeta(beta=2.0).name == "pre_f_beta_2"
    assert metrics.NDCG(k=5).name == "ndcg_5"
    assert bo.MAPE(floor=1.0).metric.name == "mean_mape_1"

    class PreciseError(metrics.MAE):
        pass

    assert PreciseError().name == "mean_precise_error"
    del metrics.base._registry["PreciseError"]


NAMES = {
    "pre_f_beta_0.3": metrics.FBeta(0.3),
    "pre_f_beta_threshold_0.3": metrics.FBeta(threshold=0.3),
    "pre_f_beta_0.3_threshold_0.3": metrics.FBeta(beta=0.3, threshold=0.3),
    "pre_balanced_accuracy_0.3": metrics.BalancedAccuracy(threshold=0.3),
    "ndcg_3": metrics.NDCG(k=3),
    "ndcg_3_gain_linear": metrics.NDCG(k=3, gain="linear"),
    "mean_pinball": metrics.MeanPinball(),
    "mean_pinball_0.1_0.9": metrics.MeanPinball((0.1, 0.9)),
    "multi_quantile_0.2_0.8": bo.MultiQuantile((0.2, 0.8)).metric,
    "quantile_0.9": bo.Quantile(0.9).metric,
    "quantile_0.90000001": bo.Quantile(0.90000001).metric,
    "quantile_scale_0.9": bo.Quantile(scale=0.9).metric,
    "huber_auto": bo.Huber("auto").metric,
    "ldam_900_100": bo.LDAM((900, 100)).metric,
    "ldam_900_100_max_margin_2": bo.LDAM((900, 100), max_margin=2).metric,
    "asymmetric_huber_over_huber_2": bo.Asymmetric(bo.Huber(), bo.Huber(2)).metric,
    "asymmetric_huber_2_over_huber": bo.Asymmetric(bo.Huber(2), bo.Huber()).metric,
    "class_balanced_logistic_counts_3_4": bo.ClassBalanced(bo.Logistic(), (3, 4)).metric,
    "2_huber_2": (2 * bo.Huber(2)).metric,
}


def test_names_tell_parameters_apart():
    assert [metric.name for metric in NAMES.values()] == list(NAMES)


def test_names_of_many_numbers_are_short():
    levels = np.arange(1, 100) / 100
    others = np.where(levels == 0.5, 0.501, levels)
    names = {metrics.CRPS(x).name for x in (levels, others)}
    assert len(names) == 2
    assert all(name.startswith("crps_0.01_to_0.99_") and len(name) < 30 for name in names)


# Early stopping --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tasks():
    """Training and validation halves: so few rows that a booster soon overfits them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 5))
    signal = X[:, 0] + X[:, 1] ** 2
    y = np.exp(0.5 * signal + 0.5 * rng.normal(size=120))
    label = (signal + rng.normal(size=120) > 0.7).astype(float)
    return X, y, label, np.digitize(signal + rng.normal(size=120), [0, 1, 2]) * 1.0


def best(metric, history):
    """The round that early stopping must find."""
    assert np.ptp(history) > 0
    return int(np.argmax(history) if metric.higher_is_better else np.argmin(history))


def label_of(metric, tasks):
    _, y, label, grades = tasks
    return grades if metric in RANKING else label if metric in BINARY else y


@pytest.mark.parametrize("metric", ALL, ids=repr)
def test_early_stopping_in_xgb_train(metric, tasks):
    X, y = tasks[0], label_of(metric, tasks)
    parameters = {"nthread": 1, "disable_default_eval_metric": True, "eta": 0.5, "max_depth": 3}
    if metric in RANKING:
        parameters["objective"] = "rank:pairwise"
    elif metric in BINARY:
        parameters["objective"] = "binary:logistic"
    elif metric in INTERVAL or metric in QUANTILE:
        levels = QUANTILES if metric in QUANTILE else (0.1, 0.9)
        parameters |= {"objective": "reg:quantileerror", "quantile_alpha": list(levels)}
    group = {"group": [20, 20, 20]} if metric in RANKING else {}
    train = xgb.DMatrix(X[:60], y[:60], nthread=1, **group)
    valid = xgb.DMatrix(X[60:], y[60:], nthread=1, **group)
    history = {}
    booster = xgb.train(
        parameters,
        train,
        15,
        evals=[(valid, "valid")],
        custom_metric=metric,
        early_stopping_rounds=50,
        evals_result=history,
        verbose_eval=False,
    )
    assert booster.best_iteration == best(metric, history["valid"][metric.name])


SOME = [
    metrics.R2(),
    metrics.MeanBiasError(),
    metrics.BrierScore(),
    metrics.FBeta(),
    metrics.AveragePrecision(),
    metrics.ExpectedCalibrationError(),
]


@pytest.mark.parametrize("metric", SOME, ids=repr)
def test_early_stopping_in_the_other_slots(metric, tasks):
    X, y = tasks[0], label_of(metric, tasks)
    classify = metric in BINARY
    weight = np.random.default_rng(1).uniform(0.5, 2, 60)
    pairs = X[60:], y[60:]

    model = (xgb.XGBClassifier if classify else xgb.XGBRegressor)(
        n_estimators=15, n_jobs=1, eval_metric=metric, early_stopping_rounds=50, max_depth=3
    )
    model.fit(X[:60], y[:60], eval_set=[pairs], sample_weight_eval_set=[weight], verbose=False)
    history = model.evals_result()["validation_0"][metric.name]
    assert model.best_iteration == best(metric, history)
    final = model.predict_proba(X[60:], iteration_range=(0, 15))[:, 1] if classify else None
    if classify:
        assert history[-1] == pytest.approx(metric.score(y[60:], final, weight), abs=2e-6)

    model = (lgb.LGBMClassifier if classify else lgb.LGBMRegressor)(
        n_estimators=15, n_jobs=1, min_child_samples=5, metric="None", verbose=-1
    )
    model.fit(
        X[:60],
        y[:60],
        eval_set=[pairs],
        eval_sample_weight=[weight],
        eval_metric=metric,
        callbacks=[lgb.early_stopping(50, verbose=False)],
    )
    history = model.evals_result_["valid_0"][metric.name]
    assert model.best_iteration_ == best(metric, history) + 1

    objective = "binary" if classify else "regression"
    parameters = {"objective": objective, "metric": "None", "verbose": -1, "num_threads": 1}
    data = lgb.Dataset(X[:60], y[:60], params={"verbose": -1, "min_data_in_leaf": 5})
    history = {}
    booster = lgb.train(
        {**parameters, "min_data_in_leaf": 5},
        data,
        15,
        valid_sets=[lgb.Dataset(*pairs, weight=weight, reference=data)],
        valid_names=["valid"],
        feval=metric,
        callbacks=[lgb.early_stopping(50, verbose=False), lgb.record_evaluation(history)],
    )
    assert booster.best_iteration == best(metric, history["valid"][metric.name]) + 1


def test_no_warnings_at_the_edges():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.FBeta().score([0, 0, 1], [0.1, 0.1, 0.1]) == 0
        assert metrics.MatthewsCorrelation().score([0, 0, 1], [0.1, 0.1, 0.1]) == 0
        assert metrics.BrierScore().score([1], [1]) == 0
        assert metrics.ExpectedCalibrationError().score([0, 1], [0, 1]) == 0


@pytest.mark.parametrize(
    "metric", [metrics.FBeta, metrics.BalancedAccuracy, metrics.MatthewsCorrelation]
)
def test_the_threshold_counts_in_two_columns_too(metric):
    rng = np.random.default_rng(0)
    p = rng.random(200)
    y = (rng.random(200) < p).astype(float)
    scores = [metric(threshold=t).score(y, p) for t in (0.2, 0.5)]
    columns = np.column_stack([1 - p, p])
    assert [metric(threshold=t).score(y, columns) for t in (0.2, 0.5)] == scores
    assert scores[0] != scores[1]


@pytest.mark.parametrize("metric", [metrics.LogLoss(), metrics.KLDivergence(), metrics.AUC()])
def test_probabilities_of_a_row_sum_to_one(metric):
    with pytest.raises(ValueError, match=r"each row of y_pred must sum to 1, got 1\.8"):
        metric.score([0, 1], [[0.9, 0.9], [0.5, 0.5]])


def test_a_metric_is_no_scorer(regression):
    X, y, _ = regression
    model = xgb.XGBRegressor(n_estimators=2, n_jobs=1).fit(X, y)
    with pytest.raises(TypeError, match=r"MAE is no scorer: pass sklearn.metrics.make_scorer"):
        metrics.MAE()(model, X, y)
    scorer = sklearn.metrics.make_scorer(metrics.MAE().score, greater_is_better=False)
    assert scorer(model, X, y) == -np.mean(np.abs(model.predict(X) - y))


@pytest.mark.parametrize(
    ("metric", "better", "worse"),
    [
        (metrics.MeanBiasError(), 5.0, -100.0),
        (metrics.RMSE(), 5.0, -100.0),
        (metrics.R2(), 5.0, -100.0),
        (metrics.IntervalCoverage(0.9), (2.0, 9.0), (5.0, 5.0)),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_the_scorer_that_an_error_advises_takes_the_better_model(metric, better, worse):
    y = np.random.default_rng(0).poisson(5, 500)
    X = np.zeros((500, 1))
    models = [
        DummyRegressor(strategy="constant", constant=c).fit(X, np.tile(np.c_[y], np.size(c)))
        for c in (better, worse)
    ]
    with pytest.raises(TypeError, match="is no scorer") as error:
        metric(models[0], X, y)
    advice = str(error.value).split("pass ")[1]
    scorer = eval(advice, {"sklearn": sklearn, "metric": metric})
    best, other = (scorer(model, X, y) for model in models)
    assert best > other


def test_metrics_of_classes_are_compared_by_probabilities():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    model = xgb.XGBClassifier(n_estimators=5, n_jobs=1).fit(X, y)
    p = model.predict_proba(X)[:, 1]
    for metric in (metrics.LogLoss(), metrics.AUC(), metrics.BrierScore(), metrics.FBeta()):
        with pytest.raises(TypeError, match="is no scorer") as error:
            metric(model, X, y)
        scorer = eval(str(error.value).split("pass ")[1], {"sklearn": sklearn, "metric": metric})
        sign = 1 if metric.higher_is_better else -1
        assert scorer(model, X, y) == pytest.approx(sign * metric.score(y, p))
    with pytest.raises(TypeError, match=r"pass boostobj.LossScorer\(Logistic\(\)\)"):
        bo.Logistic().metric(model, X, y)


def test_the_unit_of_weights_does_not_matter():
    rng = np.random.default_rng(0)
    y, p, weight = rng.integers(0, 2, 300), rng.random(300), rng.random(300) + 0.1
    for metric in (metrics.MatthewsCorrelation(), metrics.QuadraticKappa(), metrics.BrierScore()):
        expected = metric.score(y, p, weight)
        for unit in (1e-200, 1e200):
            assert metric.score(y, p, unit * weight) == pytest.approx(expected, rel=1e-9)


def test_matthews_of_a_single_class_is_zero_without_a_warning():
    assert metrics.MatthewsCorrelation().score([0, 0, 0], [0.1, 0.2, 0.3]) == 0


def test_a_mean_of_values_that_are_all_finite_is_finite():
    # whose sum overflows
    y = np.linspace(-1e4, 1e4, 2000)
    assert np.isfinite(bo.Linex().metric.score(y, y + 1e3))


@pytest.mark.parametrize("score", [-np.inf, np.inf])
def test_ndcg_takes_equal_infinities_for_ties(score):
    expected = metrics.NDCG().score([1, 0], [3, 3])
    for y in ([1, 0], [0, 1]):
        assert metrics.NDCG().score(y, [score, score]) == pytest.approx(expected, rel=1e-12)


def test_the_mean_bias_is_positive_where_too_much_is_predicted():
    metric = metrics.MeanBiasError()
    assert metric.score([1, 2], [2, 4]) == 1.5
    assert metric.score([1, 2], [0, 0]) == -1.5
    assert metric(np.array([1.0, 2.0]), np.zeros(2)) == 1.5


def test_what_lies_on_an_edge():
    assert metrics.BalancedAccuracy().score([0, 1], [0.5, 0.6]) == 1
    assert metrics.ExpectedCalibrationError(n_bins=1).score([0, 1], [1.0, 0.5]) == 0.25
    assert metrics.QuadraticKappa().score([1, 2, 2], [0, 2, 3]) == 1
    assert np.isfinite(metrics.KLDivergence().score([1, 0], [0.0, 0.5]))
    assert metrics.AUC().score([0, 1], [[0.1], [0.9]]) == 1


def test_uneven_levels_weigh_by_what_they_stand_for():
    assert metrics.CRPS((0.1, 0.5, 0.9)).score([0.0], [[1.0, 0.0, 0.0]]) == pytest.approx(0.54)


def test_an_interval_has_two_columns():
    for metric in (
        metrics.IntervalCoverage(),
        metrics.MeanIntervalWidth(),
        metrics.IntervalScore(),
    ):
        with pytest.raises(ValueError, match=r"y_pred must have shape \(n, 2\), got \(1, 3\)"):
            metric.score([0.0], [[-1.0, 0.0, 1.0]])


def test_metrics_do_not_share_a_history_with_the_engines_own():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 2))
    y = np.exp(X[:, 0])
    for name, metric in (("mape", metrics.MAPE()), ("poisson", bo.Poisson().metric)):
        found = lgb.cv(
            {"objective": name, "verbose": -1, "num_threads": 1},
            lgb.Dataset(X, y),
            2,
            nfold=2,
            stratified=False,
            feval=metric,
        )
        assert {key.removeprefix("valid ") for key in found} == {
            f"{x}-{what}" for x in (name, metric.name) for what in ("mean", "stdv")
        }
