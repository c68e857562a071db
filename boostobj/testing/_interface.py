"""Checks of all that surrounds a loss's mathematics: what users and boosters call."""

from __future__ import annotations

import copy
import pickle
import sys
from functools import partial
from typing import Any
from unittest import mock

import numpy as np

from boostobj import _parallel, _sample
from boostobj._typing import NumpyArray
from boostobj.base import BinaryLoss, Loss, MarginLoss, PointwiseLoss, ResidualLoss, Sample
from boostobj.engine import lightgbm, xgboost
from boostobj.groups import GroupLoss
from boostobj.links import Identity, Log, Sorted
from boostobj.losses.multi_quantile import MultiQuantile
from boostobj.testing import _families as families
from boostobj.testing._registry import check
from boostobj.testing._trial import (
    DTYPES,
    ROUNDING,
    Trial,
    at,
    first_bad,
    parts,
    require,
    require_equal,
    require_error,
    rowwise,
)


@check(groups=True)
def copies(trial: Trial) -> None:
    """Copies, pickles and ``repr`` give an equal loss."""
    import boostobj

    loss = trial.loss
    scope = dict(vars(boostobj))
    for part in parts(loss):
        scope |= vars(sys.modules[type(part).__module__]) | {type(part).__name__: type(part)}
    for how, make in (
        ("hash(loss)", lambda: {loss: loss}[loss]),
        ("deepcopy", lambda: copy.deepcopy(loss)),
        ("pickle", lambda: pickle.loads(pickle.dumps(loss))),
        ("eval(repr(loss))", lambda: eval(repr(loss), scope)),
    ):
        try:
            twin = make()
            same = type(twin) is type(loss) and twin == loss and hash(twin) == hash(loss)
        except Exception as error:
            raise AssertionError(
                f"{how} fails with {type(error).__name__}: {error}{_remedy(error)}"
            ) from error
        require(same, f"{how}: got {twin!r}, which is not equal")


def _remedy(error: Exception) -> str:
    """What to do if a loss cannot be copied."""
    if "local object" in str(error):
        return "; define the class at the top of a module: boosters pickle it"
    if "unhashable" in str(error):
        return "; make it a tuple"
    return (
        "; it must give an equal loss: let parameters be numbers, strings, None, losses, links and "
        "tuples of them, and leave __repr__ to the dataclass"
    )


@check(groups=True)
def link(trial: Trial) -> None:
    """The link's formula is its inverse, and there and back is where it was."""
    loss, link = trial.loss, trial.loss.link
    _, moderate = families.sample(loss, 40)
    for dtype in DTYPES:
        info = np.finfo(dtype)
        eps, tiny, top = float(info.eps), float(info.smallest_normal), float(info.max)
        _, raw = trial.grid(dtype)
        raw = raw[(np.abs(raw) <= 1e4).reshape(len(raw), -1).all(axis=1)]
        got = rowwise(lambda _, raw: np.asarray(link.inverse(raw)), raw, raw)
        require(got.dtype == dtype, f"inverse gives {got.dtype} for margins of {raw.dtype}")
        require(got.shape == raw.shape, f"inverse gives {got.shape} for shape {raw.shape}")
        for row, p in zip(raw, got, strict=True):
            with trial.mpmath.workdps(50):
                mpf = trial.mpmath.mpf
                at = [mpf(float(x)) for x in row] if row.ndim else mpf(float(row))
                exact = np.asarray(trial.predict(at), dtype=object)
                # A prediction may saturate at the largest number.
                exact = np.asarray(np.clip(exact, mpf(-top), mpf(top)), dtype=np.float64)
            slack = ROUNDING * eps * (1 + np.abs(row).max()) * np.abs(exact) + 64 * tiny
            near = np.abs(p.astype(float) - exact) <= slack
            close = near | ((np.abs(exact) > top**0.99) & (p > top**0.99))
            require(
                np.all(close),
                f"inverse in {raw.dtype} at raw_prediction={row.tolist()}: "
                f"got {p.tolist()}, expected {exact.tolist()} by {link.formula!r}",
            )
        raw = moderate.astype(dtype)
        p = link.inverse(raw)
        # A prediction may saturate where the link ends.
        inside = link.domain.contains(p).reshape(len(p), -1).all(axis=1)
        raw, p = raw[inside], p[inside]
        back_again = link.link(p)
        # what one step of rounding of the prediction does to the margin
        step = np.abs(link.link(np.nextafter(p, dtype(0.5))) - back_again)
        for what, back, there, rounding in (
            ("inverse(link(y_pred))", link.inverse(back_again), p, 0.0),
            ("link(inverse(raw_prediction))", back_again, raw, step),
        ):
            if raw.ndim == 2 and there is raw:
                continue  # k margins may be determined up to a constant only
            slack = ROUNDING * rounding + 1e4 * eps * (1 + np.abs(there))
            bad = ~(np.abs(back - there) <= slack)
            if there is raw:
                # From where a link is flat there is no way back.
                bad &= link.inverse(raw * dtype(1.01)) != p
            for i in first_bad(bad):
                raise AssertionError(
                    f"{what} in {raw.dtype}: got {back[i].tolist()}, expected {there[i].tolist()}"
                )
    for x in (-1.0, 0.0, 1.0, 2.0, np.nan, np.inf):
        wrong = np.full_like(moderate, x)
        if not np.all(link.domain.contains(wrong)):
            require_error(partial(link.link, wrong), "y_pred", f"link({x})")


@check(PointwiseLoss, MultiQuantile)
def prediction(trial: Trial) -> None:
    """Of targets that are all the same, that target is predicted, unless a link says otherwise."""
    loss = trial.loss
    y, _ = families.sample(loss, 60)
    if not isinstance(loss.link, Identity | Log | Sorted):
        return
    start = loss.init_score(np.repeat(y[:1], 5))
    predicted = np.asarray(loss.link.inverse(np.atleast_2d(start)))[0]
    require(
        np.allclose(predicted, y[0], rtol=1e-3, atol=1e-3),
        f"of targets that are all {y[0]:g} init_score predicts {predicted.tolist()} through the "
        f"link {loss.link!r}; a loss whose margins are no predictions defines its link",
    )


@check()
def init_score(trial: Trial) -> None:
    """No constant has a smaller weighted mean loss than the start value."""
    y, _ = families.sample(trial.loss, 60)
    weight = np.random.default_rng(1).integers(0, 4, 60).astype(float)
    weight[:10] = 1
    units = (1.0, 1e-6, 1e6) if trial.loss.link == Identity() else (1.0,)
    for unit in units:
        if trial.loss._domain.contains(unit * y).all():
            require_minimum(trial.loss, unit * y, weight)
    require_minimum(trial.loss, y, None)
    two_clusters = np.repeat([-5.0, 5.0], [35, 25]) + np.linspace(-1, 1, 60)
    if isinstance(trial.loss, ResidualLoss) and trial.loss._domain.contains(two_clusters).all():
        require_minimum(trial.loss, two_clusters, None)
    if isinstance(trial.loss, MarginLoss | BinaryLoss):
        for rare in (3, 7):
            require_minimum(trial.loss, np.repeat([0.0, 1.0], [rare, 10 - rare]), None, rtol=1e-6)
    same = np.repeat(y[:1], 5)
    start = trial.loss.init_score(same)
    require(np.all(np.isfinite(start)), f"for targets that are all {y[0]:g} it is {start}")


def require_minimum(
    loss: Loss, y: NumpyArray, weight: NumpyArray | None, rtol: float = 1e-9
) -> None:
    from scipy.optimize import minimize, minimize_scalar

    start = np.asarray(loss.init_score(y, weight), dtype=np.float64)
    # The best constant is that of the loss adapted to the residuals from it.
    fixed = loss._adapted(Sample(y, np.broadcast_to(start, (len(y), *start.shape)), weight))

    def mean_loss(constant: Any) -> float:
        raw = np.broadcast_to(constant, (len(y), *start.shape)).astype(np.float64)
        # an exponential loss is so large far off that the minimiser would overflow
        return min(float(np.average(fixed.value(y, raw), weights=weight)), 1e150)

    spread = float(np.std(y)) if loss.link == Identity() else 1.0
    steps = spread * np.asarray([1e-4, 1e-2, 0.1, 0.5, 1, 2, 4, 8, 16])
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((4, *start.shape)) if start.ndim else np.ones(1)
    tried = [start + s * d for s in [*-steps, *steps] for d in directions]
    best = min(tried, key=mean_loss)
    if start.ndim:
        found = minimize(mean_loss, best, method="Nelder-Mead", options={"maxiter": 40}).x
    else:
        bounds = (float(best) - spread, float(best) + spread)
        found = minimize_scalar(mean_loss, bounds=bounds, method="bounded").x
    best = min(best, found, key=mean_loss)
    # where no row pulls, nothing would be learnt
    pulls = [
        np.mean(np.abs(fixed.gradient_hessian(y, np.broadcast_to(c, (len(y), *start.shape)))[0]))
        for c in (start, best)
    ]
    if pulls[1] < 1e-3 * pulls[0]:
        return
    got, expected = mean_loss(start), mean_loss(best)
    require(
        got <= expected + rtol * abs(expected) + 1e-300,
        f"got {start.tolist()} of mean loss {got!r}, but {np.asarray(best).tolist()} "
        f"has {expected!r} ({'with' if weight is not None else 'without'} weights, "
        f"y_true from {y.min():g} to {y.max():g}); a loss with several minima has "
        "unimodal = False, one whose best constant is infinite an _init_score that ends somewhere",
    )


@check()
def weights(trial: Trial) -> None:
    """A row of weight two counts as two rows: for start value, metric and callback."""
    loss = trial.loss
    y, raw = (x.astype(np.float32) for x in families.sample(loss, 40))
    weight = np.random.default_rng(2).integers(0, 4, 40).astype(np.float32)
    weight[:10] += 1
    index = np.repeat(np.arange(40), weight.astype(int))
    for what, weighted, repeated in (
        ("init_score", loss.init_score(y, weight), loss.init_score(y[index])),
        ("metric", loss.metric.score(y, raw, weight), loss.metric.score(y[index], raw[index])),
    ):
        require(
            np.allclose(weighted, repeated, rtol=1e-6, atol=1e-6),
            f"{what} is {weighted} with weights, {repeated} with repeated rows",
        )
    for what, got, rows in zip(
        ("gradient", "hessian"), loss(y, raw, weight), loss(y[index], raw[index]), strict=True
    ):
        expected = np.zeros(raw.shape)
        np.add.at(expected, index, rows)
        bad = ~np.isclose(got, expected, rtol=1e-4, atol=1e-6)
        for i in first_bad(bad):
            raise AssertionError(
                f"callback's {what} {at(y[i], raw[i])} with weight {weight[i]:g}: "
                f"got {got[i]!s}, expected {expected[i]!s} as of repeated rows"
            )


@check(groups=True)
def metric(trial: Trial) -> None:
    """The metric is the weighted mean of the values, under a name that engines minimise."""
    loss = trial.loss
    y, raw = families.sample(loss, 42)
    weight = np.random.default_rng(3).uniform(0, 2, 42)
    for w in (None, weight):
        got = loss.metric(y, raw, w)
        fixed = loss._adapted(Sample(y, raw, w))
        expected = float(np.average(fixed.value(y, raw), weights=w))
        how = "without" if w is None else "with"
        require(
            np.isclose(got, expected, rtol=1e-12, atol=0),
            f"{how} weights: got {got!r}, expected the mean of value, {expected!r}",
        )
    name = loss.metric.__name__
    usable = not any(c.isspace() or c == ":" for c in name)
    require(usable, f"its name {name!r} has a space or a colon, on which XGBoost crashes")
    maximised = name.startswith(("auc", "map", "ndcg", "pre"))
    require(not maximised, f"XGBoost maximises a metric of the name {name!r}")


@check(MarginLoss, BinaryLoss)
def probability(trial: Trial) -> None:
    """The link of a two-class loss leads to probabilities, which `BoostClassifier` predicts."""
    link = trial.loss.link
    require(
        link.gives_probabilities,
        f"the link of a two-class loss must lead to probabilities, got {link!r} with predictions "
        f"{link.domain}; define link = links.Logit(), or one of domain Interval(0, 1) that turns "
        "its margins into them",
    )


@check(groups=True)
def callback(trial: Trial) -> None:
    """The boosters get their gradient and Hessian, up to one factor where that is declared."""
    loss = trial.loss
    y, raw = families.sample(loss, 60)
    for adapter, dtype, group in (
        (xgboost.ADAPTER, np.float32, ...),
        (lightgbm.ADAPTER, np.float64, None),
    ):
        margins = np.asfortranarray(raw.astype(dtype))
        g, h = loss(y.astype(np.float32), margins, None, group)
        for what, x in (("gradient", g), ("hessian", h)):
            require(x.dtype == np.float32, f"{what} for {adapter.name} is {x.dtype}")
            require(x.shape == raw.shape, f"{what} for {adapter.name} has shape {x.shape}")
        gradient, hessian = _for_boosters(loss, y.astype(np.float32), margins)
        # Each of several margins has a factor of its own. An exact Hessian may be zero.
        ratio = np.divide(h, hessian, out=np.full_like(h, np.nan), where=hessian > 0)
        factor = np.nanmedian(ratio, axis=0) if loss.unit_curvature else 1.0
        stretch = adapter.coupling(raw.shape[1]) if loss.coupled_outputs else 1.0
        least = loss._least_worth * factor * np.mean(hessian, axis=0)
        if loss.unit_curvature:
            worth = np.apply_along_axis(partial(mean_worth, loss), 0, hessian)
            mean = np.mean(h, axis=0, dtype=np.float64)
            require(
                np.all(mean > (1 - 1e-4) * worth),
                f"mean Hessian for {adapter.name} is {mean}, not {worth}",
            )
        for what, got, expected in (
            ("gradient", g, factor * gradient),
            ("hessian", h, np.maximum(factor * stretch * hessian, least)),
        ):
            # the difference of what pulls either way is as accurate as what pulls
            slack = 1e-6 * np.mean(np.abs(expected), axis=0)
            bad = ~np.isclose(got, expected, rtol=1e-5, atol=slack)
            for i in first_bad(bad):
                raise AssertionError(
                    f"{what} for {adapter.name} {at(y[i], raw[i])}: "
                    f"got {got[i]!s}, expected {expected[i]!s}"
                )


def mean_worth(loss: Loss, hessian: NumpyArray) -> float:
    """What rows of these Hessians count for on average."""
    mean = float(np.mean(hessian, dtype=np.float64))
    return loss._mean_worth(mean, float(np.mean((hessian / mean) ** 2, dtype=np.float64)))


def _for_boosters(loss: Loss, y: NumpyArray, raw: NumpyArray) -> tuple[NumpyArray, NumpyArray]:
    """What the engine starts from."""
    if isinstance(loss, GroupLoss):
        return loss._round_derivatives(y, raw, np.asarray([len(raw)]))
    return loss._boosting(Sample(y, raw))(y, raw)


@check(groups=True)
def threads(trial: Trial) -> None:
    """Neither chunks nor threads change a bit."""
    loss = trial.loss
    y, raw = families.sample(loss, 336)
    for dtype in DTYPES:
        whole, chunked = (
            results_in(loss, y.astype(dtype), raw.astype(dtype), chunk, n_threads)
            for chunk, n_threads in ((1 << 20, 1), (48, 2))
        )
        for what, expected in whole.items():
            require_equal(f"{what} in chunks and threads", y, raw, chunked[what], expected)


def results_in(
    loss: Loss, y: NumpyArray, raw: NumpyArray, chunk: int, n_threads: int
) -> dict[str, NumpyArray]:
    settings = {"CHUNK": chunk, "MIN_CHUNKS_PER_THREAD": 1, "_explicit_threads": n_threads}
    # rounds of few rows are not cut into chunks
    few = mock.patch.object(_sample, "SAMPLE_ROWS", 100)
    with few, mock.patch.multiple(_parallel, **settings):  # type: ignore[call-overload]
        results = loss.value(y, raw), *loss.gradient_hessian(y, raw), *loss(y, raw)
    names = "value", "gradient", "Hessian", "callback's gradient", "callback's Hessian"
    return dict(zip(names, results, strict=True))
