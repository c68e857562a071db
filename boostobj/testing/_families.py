"""What differs from family to family: one implementation each of a few functions.

A new family registers its own with them; the checks need to know nothing else.
"""
# ruff: noqa: ARG001 (implementations for families share a signature)

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from itertools import product
from typing import Any

import numpy as np

from boostobj._domains import Domain
from boostobj._labels import label_rows
from boostobj._typing import NumpyArray
from boostobj.base import (
    Loss,
    MarginLoss,
    MulticlassLoss,
    PointwiseLoss,
    ResidualLoss,
    own_margin,
)
from boostobj.groups import GroupLoss
from boostobj.losses.embedding import Contrastive, EmbeddingLoss, Triplet
from boostobj.losses.multi_quantile import MultiQuantile
from boostobj.losses.pairwise import PairLoss
from boostobj.testing._formula import import_mpmath


@singledispatch
def variables(loss: Loss, y: Any, raw: Sequence[Any], link: Callable[[Any], Any]) -> dict[str, Any]:
    """The names in a formula of the family at one row of targets and margins, as mpf."""
    raise NotImplementedError(f"check_loss knows no family of {type(loss).__name__}")


@variables.register(ResidualLoss)
def _(loss: ResidualLoss, y: Any, raw: Sequence[Any], link: Any) -> dict[str, Any]:
    return {"r": raw[0] - y}


@variables.register(MarginLoss)
def _(loss: MarginLoss, y: Any, raw: Sequence[Any], link: Any) -> dict[str, Any]:
    return {"m": raw[0] if y > 0 else -raw[0]}


@variables.register(PointwiseLoss)
def _(loss: PointwiseLoss, y: Any, raw: Sequence[Any], link: Any) -> dict[str, Any]:
    return {"y": y, "raw": raw[0], "p": link(raw[0])}


@variables.register(MulticlassLoss)
@variables.register(GroupLoss)
@variables.register(MultiQuantile)
def _(loss: Loss, y: Any, raw: Sequence[Any], link: Any) -> dict[str, Any]:
    return {"y": y, "raw": raw, "p": link(raw)}


@singledispatch
def arguments(loss: Loss, y: NumpyArray, raw: NumpyArray) -> tuple[NumpyArray, ...]:
    """What the family hands to `_value` and `_gradient_hessian`."""
    return y, raw


@arguments.register(ResidualLoss)
def _(loss: ResidualLoss, y: NumpyArray, raw: NumpyArray) -> tuple[NumpyArray, ...]:
    return (raw - y,)


@arguments.register(MarginLoss)
def _(loss: MarginLoss, y: NumpyArray, raw: NumpyArray) -> tuple[NumpyArray, ...]:
    return (own_margin(y, raw),)


@arguments.register(MulticlassLoss)
def _(loss: MulticlassLoss, y: NumpyArray, raw: NumpyArray) -> tuple[NumpyArray, ...]:
    return label_rows(y, raw), raw


@singledispatch
def evaluate(
    loss: Loss,
    formula: Callable[[dict[str, Any]], Any],
    parameters: dict[str, Any],
    y: Any,
    raw: Sequence[Any],
    link: Callable[[Any], Any],
) -> Any:
    """The exact loss of one row, or of one group."""
    return formula({**parameters, **variables(loss, y, raw, link)})


@evaluate.register(GroupLoss)
def _(loss: GroupLoss, formula: Any, parameters: Any, y: Any, raw: Any, link: Any) -> Any:
    return len(raw) * formula({**parameters, **variables(loss, y, raw, link)})


@evaluate.register(PairLoss)
def _(loss: PairLoss, formula: Any, parameters: Any, y: Any, raw: Any, link: Any) -> Any:
    pairs = [(u, v) for (a, u), (b, v) in product(zip(y, raw, strict=True), repeat=2) if a > b]
    total = sum(formula({**parameters, "d": u - v}) for u, v in pairs)
    return total * len(raw) / len(pairs)


@evaluate.register(Triplet)
def _(loss: Triplet, formula: Any, parameters: Any, y: Any, raw: Any, link: Any) -> Any:
    anchor, positive, negative = np.reshape(raw, (3, -1)).tolist()
    points = {"anchor": anchor, "positive": positive, "negative": negative}
    return 3 * formula({**parameters, **points})


@evaluate.register(Contrastive)
def _(loss: Contrastive, formula: Any, parameters: Any, y: Any, raw: Any, link: Any) -> Any:
    one, other = np.reshape(raw, (2, -1))
    distance = import_mpmath().sqrt(sum((one - other) ** 2))
    return 2 * formula({**parameters, "y": y[0], "distance": distance})


@singledispatch
def grid(loss: Loss, branches: Callable[[float], list[float]]) -> tuple[NumpyArray, NumpyArray]:
    """Rows that are hard to compute, the more ordinary ones first.

    `branches` gives the branch points for a target.
    """
    rows = []
    for i, y in enumerate(grid_targets(loss)):
        raw = line(branches(y))
        # The first targets, at the edges of the domain, get all margins.
        rows.append(np.column_stack([np.full_like(raw, y), raw])[:: 1 if i < 2 else 4])
    return _ordinary_first(*np.concatenate(rows).T)


@grid.register(MulticlassLoss)
def _(loss: MulticlassLoss, branches: Any) -> tuple[NumpyArray, NumpyArray]:
    k = loss.n_classes or 3
    rng = np.random.default_rng(0)
    scales = np.repeat([0, 1e-6, 0.1, 1, 5, 20, 100, 400, 1e6], [1, 3, 3, 9, 4, 4, 4, 2, 2])
    raw = rng.standard_normal((len(scales), k)) * scales[:, None]
    far = np.zeros((4, k))
    far[[0, 1], 0] = 1e4, -1e4
    far[2] = 1e4
    far[3, :2] = 88, -17
    raw = single(np.vstack([raw, far]))
    y = np.eye(k)[rng.integers(0, k, len(raw))]
    y[::3] = rng.multinomial(64, np.ones(k) / k, len(y[::3])) / 64
    return _ordinary_first(y, raw)


@grid.register(MultiQuantile)
def _(loss: MultiQuantile, branches: Any) -> tuple[NumpyArray, NumpyArray]:
    margins = line([1.0])
    k = len(loss.quantiles)
    raw = np.column_stack([np.roll(margins, 7 * j) for j in range(k)])
    raw = np.vstack([raw, np.ones((1, k))])
    return _ordinary_first(np.resize([0.0, 1.0, -2.5], len(raw)), raw)


def _ordinary_first(y: NumpyArray, raw: NumpyArray) -> tuple[NumpyArray, NumpyArray]:
    """Rows whose margins are around one tell most; far off, most over- or underflows."""
    size = np.abs(raw).reshape(len(raw), -1).max(axis=1)
    order = np.argsort(np.abs(np.log(np.maximum(size, 1e-9))), kind="stable")
    return y[order], raw[order]


@singledispatch
def sample(loss: Loss, n: int, seed: int = 0) -> tuple[NumpyArray, NumpyArray]:
    """Ordinary rows."""
    rng = np.random.default_rng(seed)
    return targets(loss._domain, n, rng), single(1.5 * rng.standard_normal(n))


@sample.register(MulticlassLoss)
def _(loss: MulticlassLoss, n: int, seed: int = 0) -> tuple[NumpyArray, NumpyArray]:
    rng = np.random.default_rng(seed)
    k = loss.n_classes or 3
    y = np.minimum(rng.integers(0, 2 * k, n), k - 1).astype(float)
    y[:k] = np.arange(k)[:n]
    return y, single(1.5 * rng.standard_normal((n, k)))


@sample.register(MultiQuantile)
def _(loss: MultiQuantile, n: int, seed: int = 0) -> tuple[NumpyArray, NumpyArray]:
    rng = np.random.default_rng(seed)
    shape = n, len(loss.quantiles)
    return targets(loss._domain, n, rng), single(1.5 * rng.standard_normal(shape))


@sample.register(PairLoss)
def _(loss: PairLoss, n: int, seed: int = 0) -> tuple[NumpyArray, NumpyArray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 4, n).astype(float), single(1.5 * rng.standard_normal(n))


@sample.register(EmbeddingLoss)
def _(loss: EmbeddingLoss, n: int, seed: int = 0) -> tuple[NumpyArray, NumpyArray]:
    rng = np.random.default_rng(seed)
    alike = (rng.random(n // loss.tuple_size) < 0.5).astype(float)
    return np.repeat(alike, loss.tuple_size), single(1.5 * rng.standard_normal((n, 2)))


@grid.register(GroupLoss)
def _(loss: GroupLoss, branches: Any) -> tuple[NumpyArray, NumpyArray]:
    y, raw = sample(loss, 60)
    scale = single(np.repeat([1.0, 10.0, 1e-3, 1e-6, 1e4], 12))
    return y, single(raw.T * scale).T


@singledispatch
def wrong_targets(loss: Loss) -> list[float]:
    """Targets outside the domain that are wrong among any others."""
    probes = np.asarray([np.nan, np.inf, -np.inf, -1.0, -0.5, 0.0, 0.3, 1.5, 7.0, 1e6])
    return [x for x in probes.tolist() if not np.all(loss._domain.contains(np.asarray([x])))]


@wrong_targets.register(MulticlassLoss)
def _(loss: MulticlassLoss) -> list[float]:
    return [np.nan, np.inf, -1.0, 0.3]


def targets(domain: Domain, n: int, rng: np.random.Generator) -> NumpyArray:
    """Targets of the widest kind that the domain contains, none of which says too little."""
    gamma = rng.gamma(1.5, 2.0, n)
    labels = (rng.random(n) < 0.3).astype(float)
    counts = rng.poisson(2.0, n).astype(float)
    some = rng.random(n) < 0.3
    at_edges = np.where(some, labels, rng.random(n)), np.where(some, 0.0, gamma)
    kinds = [
        gamma - 2,
        _placed(domain, *at_edges),
        _placed(domain, rng.uniform(0.02, 0.98, n), gamma + 0.1),
        counts,
        # grades, from zero or one on
        *(start + np.minimum(counts, most) for most in (9, 7, 5, 4, 3, 2) for start in (0, 1)),
        labels,
    ]
    for y in map(single, kinds):
        # a bound may lie between two numbers of single precision
        if all(np.all(domain.contains(x)) for x in (y, y.astype(np.float32))):
            return y
    raise NotImplementedError(f"check_loss cannot draw targets that are {domain}")


def _placed(domain: Domain, share: NumpyArray, distance: NumpyArray) -> NumpyArray:
    """Shares of a domain between two bounds, or distances from the only one."""
    low, high = bounds(domain)
    if np.isinf(low):
        return high - distance
    return low + (distance if np.isinf(high) else (high - low) * share)


def bounds(domain: Domain) -> tuple[float, float]:
    """The least and the largest number that a domain may contain."""
    parts = getattr(domain, "domains", (domain,))
    low = max(getattr(part, "low", -np.inf) for part in parts)
    return low, min(getattr(part, "high", np.inf) for part in parts)


def grid_targets(loss: Loss) -> list[float]:
    """A few targets, the edges of the domain first."""
    if isinstance(loss, ResidualLoss) and loss._domain.contains(np.zeros(1)).all():
        return [0.0]  # so that the residual is the margin, to the last bit
    y = np.unique(targets(loss._domain, 200, np.random.default_rng(0)))
    spread = y[[len(y) // 3, len(y) // 2, 2 * len(y) // 3]]
    low, _ = bounds(loss._domain)
    # Differences from a bound cancel next to it, unless it is zero.
    edges = [low + 2.0**-22 * max(1, abs(low))] if low and np.isfinite(low) else []
    # there may be branches for whole numbers; at one, differences from exp(raw) cancel
    whole = [x for x in (0.0, 2.0, 3.0) if loss._domain.contains(np.asarray([x])).all()]
    return list(dict.fromkeys([*edges, y[0], y[-1], *spread, *whole]))


def line(branches: Sequence[float]) -> NumpyArray:
    """Margins of both signs: a dense logarithmic grid, far ones, and around branch points."""
    dense = np.geomspace(1e-6, 100, 64)
    near = [1e-100, 1e-30, 1e-20, 1e-12, 1e-9]
    far = [200, 350, 700, 750, 1e4, 1e6, 1e9, 1e15, 1e18, 1e100]
    magnitudes = single(np.concatenate([near, dense, far]))
    around = list(branches)
    for b, dtype in product(branches, (np.float32, np.float64)):
        here = np.asarray(b, dtype=dtype)
        around += [float(np.nextafter(here, to)) for to in (-np.inf, here, np.inf)]
    return np.unique(np.asarray([0.0, *magnitudes, *-magnitudes, *around], dtype=np.float64))


def single(x: NumpyArray) -> NumpyArray:
    """Doubles that are singles too, if they are within reach of them."""
    info = np.finfo(np.float32)
    rounded = np.clip(x, -info.max, info.max).astype(np.float32).astype(np.float64)
    inside = (np.abs(x) < info.max) & (np.abs(x) > info.smallest_normal)
    return np.where(inside | (x == 0), rounded, x)
