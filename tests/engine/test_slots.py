"""The same object in every slot trains the same model, weights included."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from threadpoolctl import threadpool_limits

import boostobj
from boostobj.catalogue import built_in_losses
from boostobj.groups import GroupLoss
from boostobj.losses.embedding import EmbeddingLoss
from boostobj.losses.percentage import PercentageLoss
from boostobj.testing import _families as families
from tests.engine import slots
from tests.losses.test_composition import COMBINATIONS

EVERY = [loss for cls in built_in_losses() for loss in cls.examples()]
EVERY += [boostobj.OneVsRest(boostobj.SquaredHinge()), *COMBINATIONS]
EVERY += [boostobj.Softmax() + 2 * boostobj.LDAMSoftmax((80, 120, 100))]

LOSSES = [
    boostobj.SquaredError(),
    boostobj.AbsoluteError(),
    boostobj.Huber(),
    boostobj.PseudoHuber(),
    boostobj.LogCosh(),
    boostobj.Quantile(0.9),
    boostobj.Logistic(),
    boostobj.CrossEntropy(),
    boostobj.Softmax(),
]


def targets(loss, y):
    if isinstance(loss, boostobj.Softmax):
        return np.digitize(y, [-1, 1])
    if loss.link == boostobj.links.Logit():
        return (y > 0).astype(float)
    return y


def learnable(loss, n=240):
    """Rows of the loss's kind whose features tell the target: X, y, weight and group.

    The combinations get no weights, so that no slot does without them unseen.
    """
    rng = np.random.default_rng(0)
    y, _ = families.sample(loss, n)
    if isinstance(loss, PercentageLoss | boostobj.SquaredLogError):
        y = 1 + np.abs(y)  # nobody wants percentages or logarithms of nearly nothing
    X = rng.normal(size=(n, 4))
    signal = X[:, 0] + np.sin(2 * X[:, 1]) + 0.3 * rng.normal(size=n)
    if isinstance(loss, EmbeddingLoss):
        # The first row of a tuple is of one of two sorts; the last of the other one, or alike.
        group = np.full(n // loss.tuple_size, loss.tuple_size)
        other = loss.tuple_size == 3 or y[:: loss.tuple_size] == 1
        sort = np.repeat(rng.choice([-1, 1], len(group))[:, None], loss.tuple_size, axis=1)
        sort[:, -1] *= np.where(other, -1, 1)
        X[:, 0] = sort.ravel() + 0.5 * X[:, 0]
    else:
        y = np.sort(y)[np.argsort(np.argsort(signal))]
        group = np.tile([4, 8, 12], n // 24) if isinstance(loss, GroupLoss) else None
    each = np.ones(n, dtype=int) if group is None else group
    weight = None if loss in COMBINATIONS else np.repeat(rng.uniform(0.2, 3, len(each)), each)
    return X, y, weight, group


@pytest.fixture
def rounds_seen(monkeypatch):
    """What went to the boosters, round by round, which a booster takes in without a check."""
    seen = []
    objective = boostobj.engine.objective

    def watched(*args):
        seen.append(objective(*args))
        return seen[-1]

    monkeypatch.setattr(boostobj.engine, "objective", watched)
    return seen


@pytest.mark.filterwarnings("ignore:'force_all_finite' was renamed:FutureWarning")
@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("loss", EVERY, ids=repr)
def test_every_loss_learns_the_same_in_every_slot(loss, engine, rounds_seen):
    X, targets, w, group = learnable(loss)
    kinds = [targets]
    if targets.max() <= 1 and np.any(targets != np.round(targets)):
        kinds.append(np.round(targets))  # a classifier takes no shares of classes
    for y in kinds:
        start = np.zeros((len(y), 2))
        if not isinstance(loss, EmbeddingLoss):
            start = boostobj.init_scores(loss, y, w)
        given = {"start": start, "group": group, "rounds": 50}
        margins = {"train": slots.NATIVE[engine](loss, X, y, w, **given)}
        for name, train in slots.wrappers(engine, loss, y).items():
            margins[name] = train(loss, X, y, w, **given)
        assert len(rounds_seen) == 50 * len(margins)
        for gradient, hessian in rounds_seen:
            assert np.all(np.isfinite(gradient))
            assert np.all(np.isfinite(hessian))
            assert np.all(hessian > 0)
        rounds_seen.clear()
        constant = loss.metric.score(y, start, w, group)
        for name, raw in margins.items():
            np.testing.assert_allclose(raw, margins["train"], rtol=1e-6, atol=1e-6, err_msg=name)
            score = loss.metric.score(y, raw, w, group)
            assert score < constant - 0.02 * abs(constant), name


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_weight_of_two_is_a_row_twice(loss, regression):
    X, y, w = regression
    y, w = targets(loss, y), np.ceil(w)
    twice = np.repeat(np.arange(len(y)), w.astype(int))
    # no histogram whose borders move with the number of rows
    params = {"tree_method": "exact", "max_depth": 3}
    weighted = slots.xgb_train(loss, X, y, w, **params)
    repeated = slots.xgb_train(loss, X[twice], y[twice], None, **params)
    np.testing.assert_allclose(repeated, weighted[twice], rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("loss", [boostobj.Huber(), boostobj.Softmax()], ids=repr)
def test_cross_validation_takes_loss_and_metric(loss, regression):
    X, y, w = regression
    y = targets(loss, y)
    outputs = {"num_class": 3} if loss == boostobj.Softmax() else {}
    folds = [(np.arange(200, 600), np.arange(200)), (np.arange(400), np.arange(400, 600))]
    history = xgb.cv(
        {"nthread": 1, "disable_default_eval_metric": True, **outputs},
        xgb.DMatrix(X, y, weight=w),
        5,
        folds=folds,
        obj=loss,
        custom_metric=loss.metric,
    )
    assert history[f"test-{loss.metric.name}-mean"].is_monotonic_decreasing
    history = lgb.cv(
        {"objective": loss, "verbose": -1, "num_threads": 1, "metric": "None", **outputs},
        lgb.Dataset(X, y, weight=w),
        5,
        folds=folds,
        feval=loss.metric,
    )
    assert list(history) == [f"valid {loss.metric.name}-mean", f"valid {loss.metric.name}-stdv"]
    assert np.all(np.diff(history[f"valid {loss.metric.name}-mean"]) < 0)


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
def test_several_targets_are_as_many_losses(strategy, regression):
    X, y, w = regression
    Y = np.column_stack([y, -3 * y + 1])
    data = xgb.DMatrix(X, label=Y, weight=w)
    params = {"nthread": 1, "multi_strategy": strategy}
    both = xgb.train(params, data, slots.ROUNDS, obj=boostobj.AbsoluteError()).predict(data)
    assert both.shape == Y.shape
    if strategy == "one_output_per_tree":
        alone = slots.xgb_train(boostobj.AbsoluteError(), X, Y[:, 1], w)
        np.testing.assert_allclose(both[:, 1], alone, rtol=1e-5, atol=1e-5)
    assert np.all(np.abs(both - Y).mean(axis=0) < 0.6 * np.abs(Y).mean(axis=0))


def test_soft_labels_train_where_the_engine_carries_them(regression):
    X, y, w = regression
    soft = boostobj.Softmax().link.inverse(np.column_stack([0 * y, y, -y]))
    data = xgb.DMatrix(X, label=soft, weight=w)
    raw = xgb.train({"nthread": 1}, data, 30, obj=boostobj.Softmax()).predict(data)
    metric = boostobj.metrics.KLDivergence(link=boostobj.Softmax().link)
    assert metric.score(soft, raw, w) < 0.3 * metric.score(soft, np.zeros_like(raw), w)


def test_margin_labels_of_either_coding_train_the_same(regression):
    X, y, w = regression
    y = (y > 0).astype(float)
    for train in (slots.xgb_train, slots.lgb_train):
        zero_one = train(boostobj.Logistic(), X, y, w)
        np.testing.assert_array_equal(train(boostobj.Logistic(), X, 2 * y - 1, w), zero_one)


@pytest.mark.parametrize("name", ["num_threads", "n_jobs"])
def test_the_number_of_threads_may_be_none(name, regression):
    X, y, _ = regression
    loss = boostobj.Huber()
    with threadpool_limits(1):
        predicted = [
            lgb.train(
                {"objective": loss, "verbose": -1, name: threads}, lgb.Dataset(X, y), 3
            ).predict(X)
            for threads in (None, 1)
        ]
    np.testing.assert_allclose(*predicted)
