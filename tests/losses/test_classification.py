"""Losses of classes: what they have in common with each other and with the built-ins."""

from __future__ import annotations

import dataclasses

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

import boostobj as bo
from boostobj.base import own_margin
from boostobj.datasets import load_flights
from boostobj.metrics import LogLoss
from boostobj.testing import check_loss

# LightGBM 4.0 calls scikit-learn 1.6 by an old name.
pytestmark = pytest.mark.filterwarnings("ignore:'force_all_finite':FutureWarning")

ROUNDS = 50
COUNTS = (450, 150)

BINARY = [
    bo.Hinge(),
    bo.SquaredHinge(),
    bo.ModifiedHuber(),
    bo.TruncatedSquared(),
    bo.Exponential(),
    bo.Savage(),
    bo.CrossEntropy(positive_weight=3.0),
    bo.Focal(),
    bo.Focal(alpha=0.75, gamma=0.5),
    bo.LabelSmoothing(),
    bo.Poly1(),
    bo.Poly1(epsilon=4.0),
    bo.AsymmetricLoss(),
    bo.LDAM(COUNTS),
    bo.ClassBalanced(bo.Focal(), COUNTS),
]
MULTICLASS = [
    bo.KLDivergence(),
    bo.FocalSoftmax(),
    bo.FocalSoftmax(gamma=0.5, alpha=(1, 2, 3)),
    bo.LDAMSoftmax((300, 200, 100)),
    bo.OneVsRest(),
    bo.OneVsRest(bo.SquaredHinge()),
    bo.ClassBalanced(bo.Softmax(), (300, 200, 100)),
]


def _data(n_classes, n=600, seed=0):
    """Overlapping, unbalanced classes on four features, halves for training and validation."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(2 * n, 4))
    score = X[:, 0] + np.sin(2 * X[:, 1]) + 0.5 * X[:, 2] + rng.logistic(0, 0.5, 2 * n)
    y = np.digitize(score, [1.0] if n_classes == 2 else [-0.5, 1.0]).astype(float)
    return X[:n], y[:n], X[n:], y[n:]


@pytest.fixture(scope="module")
def two():
    return _data(2)


@pytest.fixture(scope="module")
def three():
    return _data(3)


def _xgb_train(loss, X, y, rounds=ROUNDS, **params):
    params = {"nthread": 1, "max_depth": 3, "eta": 0.1, **params}
    return xgb.train(params, xgb.DMatrix(X, y), rounds, obj=loss)


def _xgb_margins(booster, X):
    return booster.predict(xgb.DMatrix(X), output_margin=True)


def _lgb_train(loss, X, y, rounds=ROUNDS, **params):
    params = {"objective": loss, "verbose": -1, "num_threads": 1, "max_depth": 3, **params}
    return lgb.train(params, lgb.Dataset(X, y, init_score=bo.init_scores(loss, y)), rounds)


@pytest.mark.parametrize("loss", [*BINARY, *MULTICLASS], ids=repr)
def test_training_improves_the_own_metric_on_new_rows(loss, two, three):
    X, y, V, t = three if isinstance(loss, bo.MulticlassLoss) else two
    start = loss.init_score(y)
    k = {"num_class": len(start)} if np.ndim(start) else {}
    # a vector of start values needs XGBoost 3.1
    base = {} if k else {"base_score": start}
    ours = _xgb_margins(_xgb_train(loss, X, y, **k, **base), V)
    theirs = _lgb_train(loss, X, y, **k).predict(V, raw_score=True) + start
    constant = loss.metric.score(t, np.broadcast_to(start, ours.shape))
    assert loss.metric.score(t, ours) < 0.95 * constant
    assert loss.metric.score(t, theirs) < 0.95 * constant


def test_the_start_value_is_the_link_of_the_positives(two):
    """Every loss whose link estimates the probability starts at that of the labels."""
    y = two[1]
    losses = [bo.Exponential(), bo.Savage(), bo.SquaredHinge(), bo.ModifiedHuber(), bo.Focal()]
    for loss in [*losses, bo.Focal(alpha=0.7, gamma=0.5), bo.Focal(alpha=0.9, gamma=5)]:
        assert float(loss.link.inverse([loss.init_score(y)])[0]) == pytest.approx(y.mean())


@pytest.mark.parametrize(
    "loss",
    [
        bo.Logistic(),
        bo.CrossEntropy(),
        bo.Focal(),
        bo.Savage(),
        bo.Exponential(),
        2 * bo.Logistic() + bo.Logistic(),
        2 * bo.CrossEntropy() + bo.CrossEntropy(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_a_missing_class_has_a_share_of_one_in_ten_million(loss, label):
    several = bo.Softmax(2), bo.OneVsRest(loss, n_classes=2)
    shares = [float(loss.link.inverse([loss.init_score([label, label])])[0])]
    shares += [float(x.link.inverse([x.init_score([label, label])])[0, 1]) for x in several]
    np.testing.assert_allclose(np.abs(label - np.asarray(shares)), 1e-7, rtol=1e-4)


def test_exponential_recovers_half_the_log_odds():
    """Rows of one feature value and a share of positives of 20 %."""
    x, y = np.repeat([[0.0], [1.0]], 500, axis=0), np.tile([1.0, 0, 0, 0, 0], 200)
    y[500:] = 1 - y[500:]
    booster = _xgb_train(bo.Exponential(), x, y, 200, eta=0.3, reg_lambda=0, base_score=0)
    margins = _xgb_margins(booster, np.asarray([[0.0], [1.0]]))
    np.testing.assert_allclose(margins, np.log([0.25, 4]) / 2, rtol=1e-4)
    np.testing.assert_allclose(bo.Exponential().link.inverse(margins), [0.2, 0.8], rtol=1e-4)


def test_focal_without_focus_is_half_of_cross_entropy(two):
    X, y, _, _ = two
    loss, half = bo.Focal(alpha=0.5, gamma=0), 0.5 * bo.CrossEntropy()
    raw = np.linspace(-40, 40, len(y))
    for got, expected in zip(
        (loss.value(y, raw), *loss.gradient_hessian(y, raw)),
        (half.value(y, raw), *half.gradient_hessian(y, raw)),
        strict=True,
    ):
        np.testing.assert_array_equal(got, expected)
    trees = [_xgb_train(x, X, y).get_dump(with_stats=True) for x in (loss, half)]
    assert trees[0] == trees[1]
    np.testing.assert_allclose(loss.link.inverse(raw), bo.links.Logit().inverse(raw), rtol=1e-12)


def test_focal_probabilities_are_calibrated(two):
    """With the link of the loss, a focused model has the log loss of the built-in."""
    X, y, V, t = two
    builtin = _xgb_train(None, X, y, objective="binary:logistic", base_score=y.mean())
    reference = LogLoss().score(t, builtin.predict(xgb.DMatrix(V)))
    for loss in (bo.Focal(), bo.Focal(alpha=0.5, gamma=1.0)):
        raw = _xgb_margins(_xgb_train(loss, X, y, base_score=loss.init_score(y)), V)
        assert LogLoss(link=loss.link).score(t, raw) < 1.03 * reference
        # which the sigmoid would miss
        assert LogLoss(link=bo.links.Logit()).score(t, raw) > 1.1 * reference


@pytest.fixture(scope="module")
def late():
    """Eight draws of 3,000 flights to train on and as many others to stop by."""
    X, y = load_flights("late")
    codes = {name: X[name].cat.codes for name in X.select_dtypes("category")}
    X, y = X.assign(**codes).to_numpy(float), y.to_numpy(float)
    draws = [np.random.default_rng(seed).permutation(len(y))[:6000] for seed in range(8)]
    return [(X[d[:3000]], y[d[:3000]], X[d[3000:]], y[d[3000:]]) for d in draws]


def _xgb_stopped(loss, start, X, y, V, t):
    """Best log loss and its round in XGBoost, of its own objective without a loss."""
    own = {"objective": "binary:logistic", "eval_metric": "logloss"}
    params = {"nthread": 1, "max_depth": 4, "eta": 0.1, "base_score": start}
    booster = xgb.train(
        params | ({"disable_default_eval_metric": True} if loss else own),
        xgb.DMatrix(X, y),
        150,
        obj=loss,
        custom_metric=LogLoss(link=loss.link) if loss else None,
        evals=[(xgb.DMatrix(V, t), "valid")],
        early_stopping_rounds=20,
        verbose_eval=False,
    )
    return booster.best_score, booster.best_iteration


def _lgb_stopped(loss, start, X, y, V, t):
    """The same in LightGBM, whose own objective has its own start."""
    own = {"objective": "binary", "metric": "binary_logloss"}
    params = {"num_threads": 1, "verbose": -1, "num_leaves": 15, "max_depth": 4}
    scores = [np.full(len(y), start) if loss else None for y in (y, t)]
    data = lgb.Dataset(X, y, init_score=scores[0])
    booster = lgb.train(
        params | ({"objective": loss, "metric": "None"} if loss else own),
        data,
        150,
        feval=LogLoss(link=loss.link) if loss else None,
        valid_sets=[lgb.Dataset(V, t, init_score=scores[1], reference=data)],
        callbacks=[lgb.early_stopping(20, verbose=False)],
    )
    ((score,),) = (found.values() for found in booster.best_score.values())
    return score, booster.best_iteration


@pytest.mark.parametrize("stopped", [_xgb_stopped, _lgb_stopped])
def test_focal_stops_soon_and_where_the_builtin_does(stopped, late):
    """By log loss on flights late or not. One draw tells little: they scatter by 1 %."""
    loss = bo.Focal()
    excess, rounds, unstarted = [], [], []
    for X, y, V, t in late:
        reference, _ = stopped(None, y.mean(), X, y, V, t)
        score, best = stopped(loss, loss.init_score(y), X, y, V, t)
        excess.append(score / reference - 1)
        rounds.append(best)
        unstarted.append(stopped(loss, 0.0, X, y, V, t)[1])
    assert np.mean(excess) < 0.005
    assert np.mean(rounds) <= np.mean(unstarted)


def test_focal_surrogate_bounds_the_second_derivative():
    loss = bo.Focal(alpha=0.3, gamma=2.0)
    raw = np.linspace(-8, 8, 401)
    y = np.ones_like(raw)
    _, hessian = loss.gradient_hessian(y, raw)
    step = 1e-5
    slopes = [loss.gradient_hessian(y, raw + s)[0] for s in (-step, step)]
    second = (slopes[1] - slopes[0]) / (2 * step)
    assert second.min() < -1e-3
    assert np.all(hessian >= second)
    assert hessian[-1] == pytest.approx(second[-1], rel=0.01)


def test_asymmetric_loss_without_clip_is_focal():
    rng = np.random.default_rng(0)
    y, raw = np.tile([0.0, 1.0], 50), 3 * rng.normal(size=100)
    loss = bo.AsymmetricLoss(gamma_positive=1.5, gamma_negative=1.5, clip=0)
    focal = 2 * bo.Focal(alpha=0.5, gamma=1.5)
    np.testing.assert_allclose(loss.value(y, raw), focal.value(y, raw), rtol=1e-12)
    np.testing.assert_allclose(
        loss.gradient_hessian(y, raw), focal.gradient_hessian(y, raw), rtol=1e-12
    )


def test_asymmetric_loss_drops_easy_negatives():
    gradient, hessian = bo.AsymmetricLoss(clip=0.05).gradient_hessian([0, 0, 1], [-4.0, 0, -4])
    assert gradient[0] == 0 < gradient[1]
    assert gradient[2] < 0
    assert np.all(hessian > 0)
    assert hessian[0] < 1e-4 * hessian[1:].min()


@pytest.mark.parametrize(("share", "start"), [(0.5, 0.771), (0.97, 3.892), (0.99, 4.595)])
def test_asymmetric_loss_starts_where_rows_still_pull(share, start):
    """Beyond 96 % of positives the best constant is infinity, where training would stand still."""
    y = np.repeat([1, 0], [round(1000 * share), round(1000 * (1 - share))])
    loss = bo.AsymmetricLoss()
    assert loss.init_score(y) == pytest.approx(start, abs=1e-3)
    total = 500 * loss + bo.CrossEntropy()
    grid = np.linspace(-5, 20, 501)
    means = [total.metric.score(y, np.full(len(y), constant)) for constant in grid]
    best = total.metric.score(y, np.full(len(y), total.init_score(y)))
    assert best <= min(means) * (1 + 1e-12)


def test_hinge_starts_where_all_rows_pull():
    """Just before the kink of the larger class, in float32 as well."""
    for y, side in ([1, 1, 0], 1), ([0, 1, 0], -1):
        start = np.float32(bo.Hinge().init_score(y))
        assert start == pytest.approx(side, abs=1e-6)
        gradient, _ = bo.Hinge().gradient_hessian(np.float32(y), np.full(3, start))
        assert np.all(gradient != 0)
    assert bo.Hinge().init_score([1, 0]) == 0


def test_logistic_is_cross_entropy(two):
    X, y, _, _ = two
    trees = [_xgb_train(x, X, y).get_dump() for x in (bo.Logistic(), bo.CrossEntropy())]
    assert trees[0] == trees[1]


def test_positive_weight_is_scale_pos_weight(two):
    X, y, V, _ = two
    ours = _xgb_margins(_xgb_train(bo.CrossEntropy(positive_weight=3.0), X, y, base_score=0), V)
    params = {"objective": "binary:logistic", "scale_pos_weight": 3, "base_score": 0.5}
    np.testing.assert_allclose(ours, _xgb_margins(_xgb_train(None, X, y, **params), V), atol=1e-4)


def test_label_smoothing_is_cross_entropy_of_soft_labels():
    y, raw = np.asarray([0, 1, 0.3]), np.asarray([-2.0, 0.5, 7])
    soft = 0.8 * y + 0.1
    for got, expected in zip(
        bo.LabelSmoothing(0.2).gradient_hessian(y, raw),
        bo.CrossEntropy().gradient_hessian(soft, raw),
        strict=True,
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "loss",
    [
        bo.CrossEntropy(positive_weight=1e-5),
        bo.LabelSmoothing(1e-3),
        bo.OneVsRest(bo.Focal()),
    ],
    ids=repr,
)
def test_parameters_near_an_edge_cost_no_precision(loss):
    check_loss(loss)


def test_ldam_of_two_classes_is_ldam_softmax():
    rng = np.random.default_rng(0)
    y, raw = np.tile([0.0, 1.0], 20), rng.normal(size=40)
    two = bo.LDAMSoftmax(COUNTS).gradient_hessian(y, np.column_stack([0 * raw, raw]))
    one = bo.LDAM(COUNTS).gradient_hessian(y, raw)
    np.testing.assert_allclose([x[:, 1] for x in two], one, rtol=1e-12)


def test_truncated_squared_lets_wrong_labels_go():
    """Of 100 rows of one kind, 30 have the wrong label; they count while the margin is small."""
    y = np.repeat([1.0, 0.0], [70, 30])
    assert bo.TruncatedSquared(clip=3).init_score(y) == pytest.approx(0.4)
    start = bo.TruncatedSquared(clip=1.01).init_score(y)
    assert start == pytest.approx(1e-4)
    assert np.all(bo.TruncatedSquared(clip=1.01).gradient_hessian([0, 1], [start, start])[0] != 0)
    gradient, hessian = bo.TruncatedSquared().gradient_hessian([1, 1], [0.0, -5.0])
    assert gradient[1] == 0
    assert hessian[1] < 0.01 * hessian[0]


@pytest.mark.parametrize("clip", [1.2, 1.5, 1.8])
@pytest.mark.parametrize("share", [0.05, 0.4])
def test_truncated_squared_learns_a_rare_class(clip, share):
    # it would be cheaper to let the rarer class go from the start
    X = np.random.default_rng(0).normal(size=(600, 2))
    y = (X[:, 0] > np.quantile(X[:, 0], 1 - share)).astype(float)
    loss = bo.TruncatedSquared(clip)
    raw = _xgb_train(loss, X, y, base_score=loss.init_score(y)).predict(xgb.DMatrix(X))
    assert np.mean((raw > 0) == y) > 0.98


def test_classes_of_equal_weight_are_a_tie_of_the_hinge():
    for k in range(20, 60):
        y = np.repeat([0.0, 1.0], [1000, k])
        assert bo.Hinge().init_score(y, len(y) / 2 / np.bincount(y.astype(int))[y.astype(int)]) == 0


def test_rows_that_a_hinge_leaves_alone_hold_back_a_fifth():
    gradient, hessian = bo.Hinge().gradient_hessian([1, 1], [0.5, 1.5])
    assert gradient.tolist() == [-1, 0]
    assert hessian[1] == pytest.approx(hessian[0] / 5)


def test_class_balanced_weights_are_those_of_effective_numbers():
    loss = bo.ClassBalanced(bo.Logistic(), counts=[900, 100], beta=0.99)
    number = (1 - 0.99 ** np.asarray([900, 100])) / (1 - 0.99)
    np.testing.assert_allclose(loss.weights, 2 / number / np.sum(1 / number))
    y, raw = np.asarray([-1, 1]), np.asarray([0.3, 0.3])
    np.testing.assert_allclose(
        loss.value(y, raw), loss.weights * bo.Logistic().value(y, raw), rtol=1e-12
    )
    alike = bo.ClassBalanced(bo.Logistic(), counts=[900, 100], beta=0)
    np.testing.assert_array_equal(alike.value(y, raw), bo.Logistic().value(y, raw))


def test_kl_divergence_is_softmax_less_the_entropy(three):
    rng = np.random.default_rng(0)
    y, raw = rng.dirichlet(np.ones(3), 50), rng.normal(size=(50, 3))
    entropy = -np.sum(y * np.log(y), axis=1)
    np.testing.assert_allclose(
        bo.KLDivergence().value(y, raw), bo.Softmax().value(y, raw) - entropy, rtol=1e-12
    )
    np.testing.assert_array_equal(
        bo.KLDivergence().gradient_hessian(y, raw), bo.Softmax().gradient_hessian(y, raw)
    )


def test_focal_softmax_without_focus_is_softmax():
    rng = np.random.default_rng(0)
    raw = 3 * rng.normal(size=(60, 3))
    for y in (rng.integers(0, 3, 60), rng.dirichlet(np.ones(3), 60)):
        np.testing.assert_allclose(
            bo.FocalSoftmax(gamma=0).gradient_hessian(y, raw),
            bo.Softmax().gradient_hessian(y, raw),
            rtol=1e-12,
        )


@pytest.mark.parametrize("alpha", [1e-9, 1e9])
def test_the_start_of_classes_does_not_depend_on_a_common_factor(alpha):
    y = np.repeat([0, 1, 2], [70, 25, 5])
    start = bo.FocalSoftmax(2.0, (alpha,) * 3).init_score(y)
    np.testing.assert_allclose(start, bo.FocalSoftmax(2.0).init_score(y), rtol=1e-6)


def test_focal_softmax_of_two_classes_is_focal():
    rng = np.random.default_rng(0)
    y, raw = np.tile([0.0, 1.0], 20), rng.normal(size=40)
    two = bo.FocalSoftmax(alpha=(0.7, 0.3)).gradient_hessian(y, np.column_stack([0 * raw, raw]))
    one = bo.Focal(alpha=0.3).gradient_hessian(y, raw)
    np.testing.assert_allclose([x[:, 1] for x in two], one, rtol=1e-10)


@pytest.mark.parametrize("loss", [bo.Logistic(), bo.Exponential()], ids=repr)
def test_one_vs_rest_is_k_separate_models(loss, three):
    X, y, V, _ = three
    together = _xgb_margins(_xgb_train(bo.OneVsRest(loss), X, y, num_class=3, base_score=0), V)
    for k in range(3):
        alone = _xgb_margins(_xgb_train(loss, X, (y == k).astype(float), base_score=0), V)
        np.testing.assert_allclose(together[:, k], alone, rtol=1e-6, atol=1e-6)


def test_one_vs_rest_probabilities_sum_to_one():
    raw = np.asarray([[0.0, 1, 2], [-1e4, -2e4, -3e4], [30, 30, -30], [-9, -9, -9]])
    for base in (bo.Logistic(), bo.Exponential(), bo.SquaredHinge()):
        for dtype in (np.float32, np.float64):
            p = bo.OneVsRest(base).link.inverse(raw.astype(dtype))
            assert p.dtype == dtype
            np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(p[3], 1 / 3)


@pytest.mark.parametrize("loss", [*BINARY, *MULTICLASS], ids=repr)
def test_float32_far_away(loss):
    """Finite and silent at margins that no model has."""
    raw = np.asarray([0, 1e-30, 1, 1e4, 1e6, 1e9], dtype=np.float32)
    raw = np.concatenate([raw, -raw])
    if isinstance(loss, bo.MulticlassLoss):
        raw = np.stack(np.meshgrid(raw, raw, raw), axis=-1).reshape(-1, 3)
        labels = [np.full(len(raw), k, dtype=np.float32) for k in range(3)]
        labels.append(np.full(raw.shape, 1 / 3, dtype=np.float32))
    else:
        labels = [np.zeros_like(raw), np.ones_like(raw)]
    with np.errstate(all="raise", under="ignore"):
        for y in labels:
            gradient, hessian = loss.gradient_hessian(y, raw)
            p = loss.link.inverse(raw)
            for x in (loss.value(y, raw), gradient, hessian, p):
                assert x.dtype == np.float32
                assert np.all(np.isfinite(x))
            assert np.all(hessian > 0)
            assert np.all((p >= 0) & (p <= 1))


@pytest.mark.parametrize("loss", [bo.Exponential(), bo.Savage(), bo.Focal()], ids=repr)
def test_the_largest_margins_are_silent(loss):
    raw = np.asarray([3e38, -3e38], dtype=np.float32)
    with np.errstate(all="raise", under="ignore"):
        p = loss.link.inverse(raw)
        if not isinstance(loss, bo.Exponential):
            loss.gradient_hessian([1, 0], raw)
    np.testing.assert_array_equal(p, [1, 0])


def test_start_values_take_labels_as_the_loss_does():
    loss = bo.Softmax(n_classes=3)
    labels = [0, 1, 2, 2]
    np.testing.assert_array_equal(loss.init_score(np.c_[labels]), loss.init_score(labels))
    with pytest.raises(ValueError, match=r"y_true must have shape \(n,\) or \(n, 3\), got \(4, 4"):
        loss.init_score(np.eye(4))
    with pytest.raises(ValueError, match=r"at most 10000 classes, got 20240101\.0"):
        bo.Softmax().init_score([0, 1, 20240101])


def test_class_balanced_changes_its_loss_whole():
    loss = dataclasses.replace(bo.ClassBalanced(bo.Logistic(), (1, 2)), loss=bo.Softmax())
    assert loss == bo.ClassBalanced(bo.Softmax(), (1, 2))


def test_class_balanced_of_less_than_a_row():
    weights = bo.ClassBalanced(bo.Logistic(), (1e-17, 7), 0.999).weights
    assert weights[0] == pytest.approx(2)
    assert weights[1] == pytest.approx(2e-17 / 7, rel=0.01)


def test_class_balanced_is_final():
    class Mine(bo.ClassBalanced):
        pass

    with pytest.raises(TypeError, match="Mine: ClassBalanced cannot be subclassed"):
        Mine(bo.Logistic(), (1, 2))


def test_own_margin_takes_both_label_codes():
    raw = np.asarray([1.0, 2.0])
    for negative in (0, -1):
        np.testing.assert_array_equal(own_margin(np.asarray([1, negative]), raw), [1, -2])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bo.Focal(alpha=1.0), r"Focal: alpha must be in \(0, 1\), got 1.0"),
        (lambda: bo.Focal(gamma=-1), "Focal: gamma must be finite and >= 0, got -1"),
        (lambda: bo.Poly1(epsilon=-2), "Poly1: epsilon must be finite and >= -1"),
        (lambda: bo.TruncatedSquared(clip=1), "TruncatedSquared: clip must be finite and > 1"),
        (lambda: bo.AsymmetricLoss(clip=2), "AsymmetricLoss: clip must be in"),
        (lambda: bo.LabelSmoothing(1.5), "LabelSmoothing: smoothing must be in"),
        (lambda: bo.LDAM((5, 0)), r"LDAM: counts must be finite and > 0, got 0.0 \(1 of 2"),
        (lambda: bo.LDAM((5, 3, 2)), "LDAM: counts must hold 2 numbers.*LDAMSoftmax"),
        (lambda: bo.FocalSoftmax(alpha=(1, -1)), "FocalSoftmax: alpha must be finite and > 0"),
        (lambda: bo.ClassBalanced(bo.Logistic(), (5, 3), beta=1), "beta must be < 1"),
        (lambda: bo.ClassBalanced(bo.Logistic(), (5, 3, 2)), "counts must hold 2 numbers"),
        (lambda: bo.ClassBalanced(bo.Logistic(), (3, -1)), "^ClassBalanced: counts must be finite"),
        (lambda: bo.ClassBalanced(bo.Softmax(4), (5, 3, 2)), "counts must hold 4 numbers"),
    ],
)
def test_wrong_values_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bo.Focal(alpha="x"), "Focal: alpha must be a number"),
        (lambda: bo.FocalSoftmax(alpha=0.25), "FocalSoftmax: alpha must be a sequence of numbers"),
        (lambda: bo.LDAM(None), "LDAM: counts must be a sequence of numbers"),
        (lambda: bo.OneVsRest(bo.Huber()), "OneVsRest: loss must be a two-class loss"),
        (lambda: bo.OneVsRest(bo.Poisson()), "OneVsRest: loss must be a two-class loss"),
        (
            lambda: bo.ClassBalanced(None, (5, 3)),
            "ClassBalanced: loss must be a loss of two or k classes",
        ),
    ],
)
def test_wrong_types_are_named(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_poly1_without_its_first_term_does_not_cancel():
    raw = np.asarray([15, 30], dtype=np.float32)
    miss = 1 / (1 + np.exp(raw.astype(float)))
    loss = bo.Poly1(epsilon=-1.0)
    gradient, _ = loss.gradient_hessian(np.ones_like(raw), raw)
    np.testing.assert_allclose(gradient, -(miss**2), rtol=1e-5)
    # miss**2/2 + miss**3/3 + …
    np.testing.assert_allclose(loss.value([1, 1], raw), miss**2 / 2, rtol=1e-5)


def test_divergence_is_never_negative():
    p = np.random.default_rng(0).dirichlet(np.ones(3), 1000).astype(np.float32)
    assert np.all(bo.KLDivergence().value(p, np.log(p)) >= 0)


def test_softmax_of_the_largest_margins():
    raw = np.asarray([[3e38, -3e38, 0]], dtype=np.float32)
    for result in (bo.Softmax().value([0], raw), *bo.Softmax().gradient_hessian([1], raw)):
        assert np.all(np.isfinite(result))


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_classes_that_a_row_is_not_in_cost_nothing_however_far():
    loss = bo.OneVsRest(bo.Exponential())
    for far in (1e19, 3e38):
        raw = np.asarray([[far, -far, 0]], np.float32)
        assert loss.value([0], raw) == pytest.approx(1.0)
        gradient, hessian = loss.gradient_hessian([0], raw)
        np.testing.assert_allclose(gradient, [[0, 0, 1]], atol=1e-6)
        assert np.all(np.isfinite(hessian))


def test_class_balanced_one_vs_rest_is_a_model_per_class():
    rng = np.random.default_rng(0)
    y, raw = rng.integers(0, 3, 50), rng.normal(size=(50, 3))
    got, expected = bo.ClassBalanced(bo.OneVsRest(), (9, 9, 9))(y, raw), bo.OneVsRest()(y, raw)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_labels_may_be_smoothed_away():
    assert bo.LabelSmoothing(1.0).init_score([0, 1, 1]) == pytest.approx(0, abs=1e-6)
