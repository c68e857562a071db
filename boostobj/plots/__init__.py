"""Pictures of losses and of what they make a booster do, in scikit-learn's manner.

A display computes in a class method, keeps what it drew and can draw it again::

    from boostobj import Huber, LogCosh
    from boostobj.plots import LossDisplay

    display = LossDisplay.from_loss([Huber(), LogCosh()])
    display.figure_.savefig("losses.png")

matplotlib is loaded on the first drawing only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boostobj.plots._drawing import COLORS
from boostobj.plots._losses import LossDisplay, loss_label
from boostobj.plots._rounds import RoundsDisplay

if TYPE_CHECKING:
    from boostobj.plots._intervals import CoverageDisplay, IntervalDisplay

__all__ = [
    "COLORS",
    "CoverageDisplay",
    "IntervalDisplay",
    "LossDisplay",
    "RoundsDisplay",
    "loss_label",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    # The displays of intervals stand on the estimators, which take long to import.
    if name in ("CoverageDisplay", "IntervalDisplay"):
        from boostobj.plots import _intervals

        return getattr(_intervals, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
