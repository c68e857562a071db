"""How long a loss takes to answer a booster."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import numpy as np

from boostobj.base import Loss
from boostobj.catalogue import built_in_losses
from boostobj.engine import get_num_threads
from boostobj.groups import GroupLoss
from boostobj.plots import loss_label
from boostobj.testing._families import sample


def timed_losses(losses: Sequence[Loss] | None = None) -> Sequence[Loss]:
    """The losses to time, see `main`.

    Parameters
    ----------
    losses : sequence of Loss, optional
        By default the first example of every loss that needs no groups.

    Returns
    -------
    sequence of Loss
        `losses`, or the default.

    Raises
    ------
    TypeError
        If a loss needs groups, whose sizes decide.
    """
    if losses is None:
        return [cls.examples()[0] for cls in built_in_losses() if not issubclass(cls, GroupLoss)]
    for loss in losses:
        if isinstance(loss, GroupLoss):
            raise TypeError(f"{type(loss).__name__}: the time depends on the sizes of groups")
    return losses


def main(
    losses: Sequence[Loss] | None = None, *, rows: int = 1_000_000, repeat: int = 5
) -> dict[str, float]:
    """Time the callbacks and print a table.

    Parameters
    ----------
    losses : sequence of Loss, optional
        What to time, by default the first example of every loss that needs no groups.
    rows : int
        Rows, of float32 as XGBoost passes them.
    repeat : int
        Repetitions, of which the median counts.

    Returns
    -------
    dict of str to float
        Nanoseconds per row.

    Raises
    ------
    TypeError
        If a loss needs groups, whose sizes decide.
    """
    losses = timed_losses(losses)
    width = max(len(loss_label(loss)) for loss in losses)
    print(f"One answer to a booster: {rows:,} rows, {get_num_threads()} threads")
    print(f"{'loss':<{width}}  {'ms':>8}  {'ns per row':>10}")
    results = {}
    for loss in losses:
        y, raw = (x.astype(np.float32) for x in sample(loss, rows))
        loss(y, raw)
        times = []
        for _ in range(repeat):
            started = time.perf_counter()
            loss(y, raw)
            times.append(time.perf_counter() - started)
        seconds = statistics.median(times)
        results[loss_label(loss)] = 1e9 * seconds / rows
        outputs = f"  for {raw.shape[1]} outputs" if raw.ndim == 2 else ""
        print(
            f"{loss_label(loss):<{width}}  {1e3 * seconds:>8.2f}  "
            f"{1e9 * seconds / rows:>10.2f}{outputs}",
            flush=True,
        )
    return results
