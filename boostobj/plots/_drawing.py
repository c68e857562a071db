"""Colours, lines and axes of all pictures."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray

#: Colours that colour-blind readers tell apart (Okabe, Ito 2008), by contrast on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9", "#999999")

#: Dashes; dots are for the exact second derivative.
_LINES: tuple[Any, ...] = ("-", "--", "-.", (0, (5, 1, 1, 1, 1, 1)))


def styles() -> Iterable[tuple[str, Any]]:
    """Pairs of colour and dashes, told apart in grey as well, without end."""
    return (
        (COLORS[i % len(COLORS)], _LINES[(i + i // len(COLORS)) % len(_LINES)]) for i in count()
    )


def as_panels(ax: Any, n: int) -> NumpyArray:
    """Axes as an array; new ones in a row if there are none."""
    if ax is not None:
        return np.ravel(np.asarray(ax, dtype=object))
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install matplotlib") from None

    _, axes = plt.subplots(1, n, figsize=(4.4 * n, 3.6), squeeze=False, layout="constrained")
    return np.ravel(axes)


def just_panels(ax: Any, n: int) -> NumpyArray:
    """`as_panels`, so many of them; ValueError if others are given."""
    panels = as_panels(ax, n)
    if len(panels) != n:
        raise ValueError(f"ax must be {n} axes, got {len(panels)}")
    return panels


def plain(text: str) -> str:
    """A user's text, whose dollars begin no formula."""
    return text.replace("$", r"\$")
