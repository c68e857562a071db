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

from boostobj._arrays import title
from boostobj._checks import check_number
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
    value = getattr(owner, name)
    if not isinstance(value, str):
        check_number(owner, name, low=0)
    elif value != "auto":
        raise ValueError(f"{title(owner)}: {name} must be a number > 0 or 'auto', got {value!r}")


def adapted(loss: LossT, name: str, sample: Sample) -> LossT:
    """The loss with its width read off the residuals, if that is "auto"."""
    if getattr(loss, name) != "auto":
        return loss
    width = sample.extent(abs(sample.raw - sample.y), SHARE)
    # Any width will do for residuals that are all zero, and for NaN, which is refused later.
    return replace(loss, **{name: max(1e-30, width) if width > 0 else 1.0})  # type: ignore[type-var]
