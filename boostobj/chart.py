"""Curves as text, for terminals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from boostobj._typing import NumpyArray


def text_chart(
    x: NumpyArray, curves: Mapping[str, NumpyArray], *, width: int = 61, height: int = 15
) -> str:
    """Draw curves with characters.

    Parameters
    ----------
    x : ndarray of shape (n,)
        The axis, increasing.
    curves : dict of str to ndarray of shape (n,)
        The ordinates by the character that draws them; later ones lie on top.
    width, height : int
        Size of the plane in characters.

    Returns
    -------
    str
        Lines with the range of both axes.

    Examples
    --------
    >>> print(text_chart(np.arange(5.0), {"*": np.arange(5.0)}, width=5, height=3), end="")
           4 |   **
             | **
           0 |*
              0   4
    """
    everything = np.concatenate(list(curves.values()))
    low, high = float(everything.min()), float(everything.max())
    span = (high - low) or 1.0
    plane = np.full((height, width), " ")
    at = np.linspace(x[0], x[-1], width)
    for mark, y in curves.items():
        row = np.rint((high - np.interp(at, x, y)) / span * (height - 1)).astype(int)
        plane[row, np.arange(width)] = mark
    labels = [""] * height
    labels[0], labels[-1] = f"{high:.4g}", f"{low:.4g}"
    lines = [
        f"{label:>12} |{''.join(row)}".rstrip() for label, row in zip(labels, plane, strict=True)
    ]
    left, right = f"{x[0]:g}", f"{x[-1]:g}"
    lines.append(" " * 14 + left + right.rjust(width - len(left)))
    return "\n".join(lines) + "\n"
