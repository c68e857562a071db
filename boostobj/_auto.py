"""Parameters given as "auto": as wide as the residuals of the round.

Friedman sets the width of the Huber loss to a quantile of the present absolute residuals, so that
a fixed share of the rows counts as outliers, in any unit and at any stage of the fit.

References
----------
Friedman (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics
29(5), section 4.4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np

from boostobj._arrays import check_choice, check_number, weighted_quantile
from boostobj._typing import NumpyArray
from boostobj.base import Loss, Sample

LossT = TypeVar("LossT", bound=Loss)

#: A width in units of the target, or the one that the residuals suggest.
Width: TypeAlias = float | Literal["auto"]

#: The share of rows within the width.
SHARE = 0.9


def check_width(owner: Any, name: str) -> None:
    """Check a hyperparameter that is a positive number or "auto".

    Raises
    ------
    TypeError, ValueError
        If it is neither.
    """
    if isinstance(getattr(owner, name), str):
        check_choice(owner, name, ("auto",))
    else:
        check_number(owner, name, low=0)


def adapted(loss: LossT, name: str, sample: Sample) -> LossT:
    """The loss with its width read off the residuals, if that is "auto"."""
    if getattr(loss, name) != "auto":
        return loss
    width = sample.quantile(lambda y, raw: abs(raw - y), SHARE)
    # Residuals that are all zero have no width; any will do.
    return replace(loss, **{name: max(width, 1e-30)})  # type: ignore[type-var]


def init_score(loss: Any, name: str, y: NumpyArray, weight: NumpyArray) -> float:
    """The constant that is best under the width of its own residuals, found in turns."""
    constant = weighted_quantile(y, 0.5, weight)
    for _ in range(50):
        width = max(weighted_quantile(np.abs(y - constant), SHARE, weight), 1e-30)
        better = float(replace(loss, **{name: width})._init_score(y, weight))
        if abs(better - constant) <= 1e-9 * width:
            break
        constant = better
    return constant
