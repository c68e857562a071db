"""Progress of a long fit: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

_WIDTH = 30


class Progress:
    """Counts rounds and shows the metric of the loss.

    Parameters
    ----------
    total : int
        Rounds to come.
    metric : str
        Name of what is shown.
    verbose : int
        0 is silent, 1 a bar in a terminal and ten lines elsewhere, k > 1 a line every k rounds.
    """

    def __init__(self, total: int, metric: str, verbose: int) -> None:
        self.total = total
        self.metric = metric
        self.bar = verbose == 1 and sys.stdout.isatty()
        self.every = 1 if self.bar else -(-total // 10) if verbose == 1 else int(verbose)
        self.round = 0

    @property
    def due(self) -> bool:
        """Whether this round's metric is to be shown."""
        last = self.round == self.total
        return self.every > 0 and self.round > 0 and (self.round % self.every == 0 or last)

    def show(self, score: float) -> None:
        """Show the metric of this round."""
        text = self._text(self.round, score)
        if self.bar:
            done = "#" * (_WIDTH * self.round // self.total)
            print(f"\r[{done:<{_WIDTH}}] {text}", end="", flush=True)
        else:
            print(text, flush=True)

    def show_best(self, scores: Sequence[float]) -> None:
        """Show the best of all rounds, where training may have stopped between two lines."""
        if self.every:
            best = int(np.argmin(scores))
            print(f"best: {self._text(best + 1, scores[best])}", flush=True)

    def _text(self, number: int, score: float) -> str:
        return f"{number}/{self.total}  {self.metric} {score:.6g}"

    def close(self) -> None:
        """End the line of the bar."""
        if self.bar and self.round:
            print()
