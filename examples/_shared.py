"""What the examples share: a split of their rows, the look of their pictures, and a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

#: Where pictures go; git ignores it.
OUTPUT = Path(__file__).parent / "output"

#: The few pictures that the README shows.
PICTURES = Path(__file__).parent / "pictures"

#: Readable at half size.
STYLE = {
    "font.size": 13,
    "axes.titlesize": 14,
    "legend.fontsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "axes.axisbelow": True,
    "lines.linewidth": 2.2,
}


def held_out(X, y, groups, n: int):
    """Take `n` rows to train on and as many to test, no group in both."""
    groups = np.asarray(groups)
    rng = np.random.default_rng(0)
    names = rng.permutation(np.unique(groups))
    test = np.isin(groups, names[: len(names) // 2])
    parts = [rng.permutation(np.flatnonzero(part))[:n] for part in (~test, test)]
    return [(X.iloc[rows], y.iloc[rows].to_numpy(float)) for rows in parts]


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **kwargs: Any) -> Any:
    """Make a figure and its panels, in the gallery's look.

    Parameters
    ----------
    width, height : float
        Size in inches, at 100 dots per inch.
    rows, columns : int
        Panels.
    **kwargs
        For `matplotlib.figure.Figure.subplots`.

    Returns
    -------
    figure, panels
        The panels as an array of shape (rows, columns).
    """
    mpl.rcParams.update(STYLE)
    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made, made.subplots(rows, columns, squeeze=False, **kwargs)


def save(made: Figure, output: Path, name: str) -> Path:
    """Write a figure as ``output/name.png`` and say so."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{name}.png"
    made.savefig(path, dpi=100)
    with Image.open(path) as image:  # 256 colours are plenty, and a quarter of the size
        small = image.convert("RGB").quantize(256)
    small.save(path, optimize=True)
    print(f"picture: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return path


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], digits: int = 3) -> None:
    """Print rows in columns, numbers to so many digits behind the point."""
    text = [
        [f"{cell:,.{digits}f}" if isinstance(cell, float) else str(cell) for cell in row]
        for row in rows
    ]
    numeric = [
        all(isinstance(cell, int | float) for cell in column) for column in zip(*rows, strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(header, *text, strict=True)]
    for row in [list(header), *text]:
        cells = [
            f"{cell:>{width}}" if right else f"{cell:<{width}}"
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        print("  ".join(cells).rstrip())
    print()
