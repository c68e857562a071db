"""Sums and multiples of losses, and losses with two sides, are losses like any other."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

import boostobj as bo
from boostobj._registry import LOSSES
from boostobj.links import Logit
from boostobj.testing import check_loss

# LightGBM 4.0 calls scikit-learn 1.6 by an old name.
pytestmark = pytest.mark.filterwarnings("ignore:'force_all_finite':FutureWarning")

COMBINATIONS = [
    2 * bo.Huber() + 0.5 * bo.Quantile(0.9),
    1.5 * bo.AbsoluteError(),
    0.5 * bo.SquaredError() + 2 * bo.SquaredError(),
    bo.Huber(delta=0.5) + bo.Huber(delta=2.0),
    bo.Asymmetric(under=3 * bo.SquaredError(), over=bo.Huber() + bo.LogCosh()),
    2 * bo.Asymmetric(under=bo.Quantile(0.3), over=bo.PseudoHuber()),
    0.1 * bo.SquaredHinge() + bo.ModifiedHuber(),
    bo.Exponential() + bo.Savage(),
    3 * bo.Poly1(),
    bo.CrossEntropy() + 0.2 * bo.LabelSmoothing(),
    bo.Logistic() + bo.CrossEntropy(positive_weight=2),
    bo.Huber(delta="auto") + bo.SquaredError(),
    bo.EpsilonInsensitive(0.3) + bo.Huber(0.4),
    2 * bo.SMAPE(1.0),
    100 * bo.Poisson(),
    bo.Quantile(0.9) + 2 * bo.MAPE(),
    10 * bo.Linex(),
    2 * bo.PairwiseHinge(),
    bo.PairwiseHinge(0.5) + 0.3 * bo.PairwiseLogistic(),
    bo.MAPE(1.0) + bo.Huber(delta="auto"),
    bo.Softmax() + 2 * bo.FocalSoftmax(),
    2 * bo.OneVsRest(),
]


@pytest.mark.parametrize("loss", COMBINATIONS, ids=repr)
def test_check_loss(loss):
    check_loss(loss)


def test_repr_and_formula_read_like_the_expression():
    loss = 2 * bo.Huber() + 0.5 * bo.Quantile(0.9)
    assert repr(loss) == "2.0 * Huber(delta=1.0) + 0.5 * Quantile(quantile=0.9, scale=None)"
    assert loss.formula == (
        "2.0*(r**2/2 if abs(r) <= 1.0 else 1.0*(abs(r) - 1.0/2))"
        " + 0.5*((1 - 0.9)*r if r > 0 else -0.9*r)"
    )
    assert loss.metric.__name__ == "2_huber_plus_0.5_quantile_0.9"


def test_factors_multiply_and_sums_are_flat():
    a, b = bo.Huber(), bo.LogCosh()
    assert 2 * (3 * a) == 6 * a == a * 6 == np.float64(6) * a == np.int64(6) * a
    assert 2 * (a + b) == 2 * a + 2 * b
    assert (a + b) + a == a + (b + a)


@pytest.mark.parametrize("factor", [1e200, 1e-200])
def test_products_of_factors_stay_finite_and_positive(factor):
    with pytest.raises(ValueError, match=r"the factor of .* must be from 1e-20 to 1e\+20"):
        factor * (factor * bo.SquaredError())


def _balanced(clip, counts):
    return bo.ClassBalanced(bo.TruncatedSquared(clip), counts)


@pytest.mark.parametrize(
    ("loss", "k"),
    [
        (_balanced(1.2, (1, 1)) + _balanced(1.7, (1, 3)), None),
        (bo.OneVsRest(bo.TruncatedSquared(1.2)) + bo.OneVsRest(bo.TruncatedSquared(1.7)), 2),
    ],
    ids=["two", "k"],
)
@pytest.mark.parametrize("positives", [5, 6, 7])
def test_wrapped_losses_with_several_minima_start_at_the_best(loss, k, positives):
    y = np.repeat([1.0, 0.0], [positives, 10 - positives])
    best = loss.init_score(y)
    grid = np.linspace(-2, 2, 41)
    others = [[a] if k is None else [a, b] for a in grid for b in (grid if k else [0])]
    values = [
        np.mean(loss.value(y, np.tile(c, (10, 1)) if k else np.full(10, c[0])))
        for c in [np.atleast_1d(best), *others]
    ]
    assert values[0] <= min(values) + 1e-9


def test_values_and_derivatives_add_up():
    rng = np.random.default_rng(0)
    y, raw = rng.normal(size=50), rng.normal(size=50)
    a, b = bo.LogCosh(), bo.SquaredError()
    loss = 3 * a + 0.5 * b
    np.testing.assert_allclose(loss.value(y, raw), 3 * a.value(y, raw) + 0.5 * b.value(y, raw))
    for got, one, two in zip(
        *(x.gradient_hessian(y, raw) for x in (loss, a, b)),
        strict=True,
    ):
        np.testing.assert_allclose(got, 3 * one + 0.5 * two)


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (bo.SquaredError() + bo.LogCosh(hessian="exact"), "exact"),
        (bo.Huber() + bo.LogCosh(), "majorizer"),
        (bo.Huber() + bo.SquaredError(), "smoothed"),
        (2 * bo.Quantile(0.1), "smoothed"),
        (bo.Asymmetric(under=2 * bo.SquaredError(), over=bo.SquaredError()), "exact"),
        (bo.Asymmetric(under=bo.Huber(), over=bo.Huber()), "smoothed"),
    ],
    ids=repr,
)
def test_curvature_is_the_weakest_claim(loss, kind):
    assert loss.curvature == kind


def test_adaptive_losses_adapt_inside_a_combination():
    """A pinball loss alone and in a combination sees the same residual scale."""
    rng = np.random.default_rng(0)
    y, raw = rng.normal(size=80), np.zeros(80)
    quantile = bo.Quantile(0.8)
    for unit in (1e-3, 1.0, 1e5):
        target = unit * y
        gradient, hessian = quantile.gradient_hessian(target, raw)
        for loss, factor in (
            (3 * quantile, 3),
            (bo.Asymmetric(under=quantile, over=quantile), 1),
            (2 * bo.Asymmetric(under=quantile, over=quantile) + quantile, 3),
        ):
            got = loss.gradient_hessian(target, raw)
            np.testing.assert_allclose(got, (factor * gradient, factor * hessian))


@pytest.mark.parametrize(
    "loss",
    [
        bo.Huber(),
        bo.Quantile(0.8),
        bo.Expectile(0.9),
        bo.Logistic(),
        bo.Focal(),
        bo.Softmax(),
        bo.OneVsRest(),
    ],
    ids=repr,
)
def test_once_a_loss_trains_its_trees(loss):
    X, y = _rows(loss)
    k = {"num_class": 3} if isinstance(loss, bo.MulticlassLoss) else {}
    assert np.array_equal((1.0 * loss).init_score(y), loss.init_score(y))
    params = {"nthread": 1, **k}
    trees = [
        xgb.train(params, xgb.DMatrix(X, y), 10, obj=x).get_dump(with_stats=True)
        for x in (loss, 1.0 * loss)
    ]
    assert trees[0] == trees[1]
    margins = [
        lgb.train(
            {"objective": x, "verbose": -1, "num_threads": 1, **k}, lgb.Dataset(X, y), 10
        ).predict(X, raw_score=True)
        for x in (loss, 1.0 * loss)
    ]
    np.testing.assert_array_equal(*margins)


def _rows(loss, n=300):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    signal = 2 * X[:, 0] + np.sin(3 * X[:, 1]) + rng.standard_t(4, n) / 2
    if isinstance(loss, bo.MulticlassLoss):
        return X, np.digitize(signal, [-1.0, 1.0]).astype(float)
    if isinstance(loss, bo.ResidualLoss):
        return X, signal
    return X, (signal > 1).astype(float)


def test_a_combination_belongs_to_the_family_of_its_terms():
    for loss, family in (
        (2 * bo.Huber(), bo.ResidualLoss),
        (2 * bo.Hinge(), bo.BinaryLoss),
        (2 * bo.Focal(), bo.BinaryLoss),
        (bo.Poisson() + bo.Gamma(), bo.PointwiseLoss),
        (2 * bo.Softmax(3), bo.MulticlassLoss),
    ):
        assert isinstance(loss, family)
        assert loss.unit_curvature is (family is bo.ResidualLoss)
    assert (2 * bo.Softmax(3)).n_classes == 3
    assert (2 * bo.Softmax()).coupled_outputs
    assert not (2 * bo.OneVsRest()).coupled_outputs


@pytest.mark.parametrize(
    ("loss", "best"),
    [
        (bo.Asymmetric(under=bo.Tukey(2), over=bo.Tukey(2)), 0),
        (bo.Tukey(2) + 0.001 * bo.SquaredError(), 10),
        (3 * bo.Asymmetric(under=bo.Welsch() + bo.Huber(0.01), over=bo.Tukey(2)), 0),
    ],
    ids=repr,
)
def test_start_of_a_nonconvex_combination_is_the_best_of_all(loss, best):
    rng = np.random.default_rng(0)
    y = np.repeat([0.0, 10, 20], [60, 40, 59]) + 0.2 * rng.normal(size=159)
    start = loss.init_score(y)
    assert abs(start - best) < 0.1
    tried = [loss.metric(y, np.full(159, c)) for c in np.linspace(-1, 21, 500)]
    assert loss.metric(y, np.full(159, start)) <= min(tried)


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (bo.MAPE(floor=0.0355) + bo.SMAPE(floor=0.0355), [0.7635, -0.01036, 0.1742]),
        (2 * bo.SMAPE() + bo.SMAPE(floor=2), [0.1, 0.3, 4.0, 5.0, 90.0]),
        (0.1 * bo.SquaredHinge() + bo.TruncatedSquared(1.2), [0.0, 1.0]),
        # between the targets
        (bo.Welsch(0.3) + 0.01 * bo.SquaredError(), [-0.2, 0.0, 0.2, 3.8, 3.9, 4.1, 4.2]),
    ],
    ids=repr,
)
def test_start_of_any_combination_is_the_best_of_all(loss, y):
    y = np.asarray(y)

    def means(constants):
        every_pair = np.tile(y, len(constants)), np.repeat(constants, len(y))
        return loss.value(*every_pair).reshape(len(constants), len(y)).mean(axis=1)

    (ours,) = means([loss.init_score(y)])
    assert ours <= means(np.linspace(-5, 95, 50_001)).min() + 1e-6


def test_the_least_limit_of_leaves_holds_for_a_sum():
    assert (bo.Poisson(0.3) + bo.Gamma()).max_delta_step == 0.3
    assert (bo.Huber() + bo.SquaredError()).max_delta_step == 0


def test_domains_intersect():
    loss = bo.Poisson() + bo.Gamma()
    with pytest.raises(ValueError, match=r"y_true must be finite and > 0, got 0\.0"):
        loss.value([0.0], [1.0])
    with pytest.raises(ValueError, match=r"y_true must be finite and > 0, got 0\.0"):
        loss.init_score([0.0, 1.0])


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (bo.ClassBalanced(bo.Logistic(), (3, 1)), "ClassBalanced"),
        (bo.ClassBalanced(bo.Softmax(), (3, 1)), "ClassBalanced"),
        (2 * bo.Logistic(), "2.0 * Logistic()"),
    ],
    ids=repr,
)
def test_errors_name_what_the_user_wrote(loss, name):
    raw = np.zeros((2, 2)) if isinstance(loss, bo.MulticlassLoss) else np.zeros(2)
    for call in (loss.value, loss.gradient_hessian, loss, lambda y, _: loss.init_score(y)):
        with pytest.raises(ValueError, match=f"^{re.escape(name)}: y_true"):
            call([7, 0.5], raw)


def test_a_loss_of_ones_own_combines():
    @dataclass(frozen=True)
    class _Quartic(bo.ResidualLoss):
        def _value(self, r):
            return r**4

        def _gradient_hessian(self, r):
            return 4 * r**3, 12 * r**2 + 1

    loss = 2 * _Quartic() + bo.Huber()
    assert loss.value([0.0], [1.0])[0] == 2.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bo.Huber() + bo.Hinge(), "link"),
        (lambda: bo.Logistic() + bo.Exponential(), r"link Logit\(\), that of the other HalfLogit"),
        (lambda: bo.CrossEntropy() + bo.Poisson(), "link"),
        (lambda: bo.Softmax(3) + bo.Softmax(4), "numbers of classes differ"),
        (lambda: bo.Huber() + bo.Softmax(), "losses of such families do not add up"),
        (lambda: 2 * bo.Triplet(), "losses of such families cannot be multiplied"),
        (lambda: bo.Huber() + 1, "unsupported operand"),
        (lambda: "2" * bo.Huber(), "unsupported operand|can't multiply"),
        (lambda: bo.Huber() * bo.Huber(), "unsupported operand"),
        (lambda: bo.Asymmetric(bo.Huber(), bo.Hinge()), "Asymmetric: over must be a ResidualLoss"),
    ],
)
def test_what_does_not_combine_is_a_type_error(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_sums_of_a_list():
    losses = [bo.Huber(), bo.LogCosh(), bo.Quantile(0.9)]
    assert sum(losses) == losses[0] + losses[1] + losses[2]
    with pytest.raises(TypeError, match="unsupported operand"):
        0.5 + bo.Huber()


@pytest.mark.parametrize("factor", [0, -1.0, np.nan, np.inf])
def test_factors_are_positive(factor):
    with pytest.raises(ValueError, match=r"factor of Huber.* must be from 1e-20 to 1e\+20"):
        factor * bo.Huber()


@dataclass(frozen=True)
class Stepping(bo.MarginLoss):
    """A loss of two classes that says more than most."""

    width: float | None = None

    formula = "log(1 + exp(-m))"
    link = Logit()
    max_delta_step = 0.5
    unit_curvature = True
    unimodal = False

    def _value(self, m):
        return np.logaddexp(0, -m)

    def _gradient_hessian(self, m):
        p = 1 / (1 + np.exp(m))
        return -p, p * (1 - p)


@dataclass(frozen=True)
class Adapting(Stepping):
    formula = Stepping.formula

    def _adapted(self, sample):
        return self if self.width else replace(self, width=1.0)


for name in ("stepping", "adapting"):
    LOSSES.pop(name)


@pytest.mark.parametrize(
    "made",
    [2 * Stepping(), bo.OneVsRest(Stepping()), bo.ClassBalanced(Stepping(), (3, 4))],
    ids=lambda loss: type(loss).__name__,
)
def test_what_a_loss_says_holds_for_what_is_made_of_it(made):
    assert made.max_delta_step == 0.5
    assert made.unit_curvature is True
    assert made.unimodal is False
    assert made.curvature == "exact"


def test_classes_against_the_rest_share_one_loss():
    with pytest.raises(TypeError, match="OneVsRest: loss must not adapt to the rows"):
        bo.OneVsRest(Adapting())
    bo.OneVsRest(2 * Stepping())


@pytest.mark.parametrize(
    ("loss", "counts", "best"),
    [
        (bo.ClassBalanced(bo.Savage(), (999, 1)) + 0.001 * bo.Exponential(), (999, 1), -0.58),
        (
            bo.ClassBalanced(bo.LDAM((10**4, 1), 10.0), (999, 1)) + 0.1 * bo.Poly1(20.0),
            (900, 100),
            -1.8,
        ),
    ],
    ids=["Savage", "Poly1"],
)
def test_the_start_of_a_sum_is_the_best_of_several_minima(loss, counts, best):
    y = np.repeat([0.0, 1.0], counts)
    assert loss.init_score(y) == pytest.approx(best, abs=0.01)


@pytest.mark.parametrize(
    "loss", [bo.Asymmetric(bo.Linex(-0.5), bo.Linex(1.0)), bo.Linex(1.0) + bo.Linex(-1.0)]
)
def test_the_start_does_not_depend_on_the_order_of_rows(loss):
    # sums of the gradients of one side overflow
    y = np.random.default_rng(0).lognormal(8, 1, 3000)
    assert loss.init_score(np.sort(y)) == pytest.approx(loss.init_score(y), rel=1e-9)


def _one_vs_rest(clip, counts):
    return bo.ClassBalanced(bo.OneVsRest(bo.TruncatedSquared(clip)), counts)


@pytest.mark.parametrize("positives", [6, 7, 8])
def test_wrapped_losses_of_classes_with_several_minima_start_at_the_best(positives):
    loss = _one_vs_rest(1.2, (1, 1)) + _one_vs_rest(1.7, (1, 3))
    y = np.repeat([1.0, 0.0], [positives, 10 - positives])
    best = loss.init_score(y)
    grid = np.linspace(-2, 2, 41)
    tried = [best, *np.stack([grid, -grid]).T]
    values = [np.mean(loss.value(y, np.tile(c, (10, 1)))) for c in tried]
    assert values[0] <= min(values) + 1e-9
    assert np.allclose(loss.init_score([1.0, 0.0], [positives, 10 - positives]), best)


@pytest.mark.parametrize("loss", [bo.AbsoluteError(), bo.Quantile(0.9), bo.EpsilonInsensitive(0.3)])
def test_the_same_loss_on_both_sides_is_that_loss(loss):
    y, raw = np.random.default_rng(0).normal(size=(2, 200))
    for got, expected in zip(bo.Asymmetric(loss, loss)(y, raw), loss(y, raw), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_no_residual_is_on_the_side_under():
    loss = bo.Asymmetric(under=3 * bo.SquaredError(), over=bo.SquaredError())
    assert loss.gradient_hessian([1.0], [1.0])[1] == 6


def test_a_factor_trains_the_same_trees_of_any_loss():
    y, raw = np.random.default_rng(0).normal(size=(2, 200))
    for loss in (bo.Expectile(0.95), bo.AbsoluteError(), bo.Huber()):
        for got, expected in zip((100 * loss)(y, raw), loss(y, raw), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-5)
