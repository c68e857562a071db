"""The sets of values that targets, predictions and parameters may take."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from boostobj._arrays import array_namespace, on_host
from boostobj._typing import Array


def describe_violations(x: Array, allowed: Array) -> str:
    """Name the first offending value and how many there are: ``-1.0 (3 of 10 values)``."""
    bad = on_host(x)[~on_host(allowed)]
    return f"{bad.flat[0]!s} ({bad.size} of {allowed.size} values)"


class Domain(ABC):
    """A set of values that a target or a prediction may take; ``str`` says which."""

    @abstractmethod
    def contains(self, y: Array) -> Array:
        """Elementwise membership; NaN and infinities are never members."""

    def check(self, y: Array, name: str, owner: str) -> None:
        """Raise a ValueError that names `owner`, `name`, the first offender and the set."""
        allowed = self.contains(y)
        if not array_namespace(y).all(allowed):
            raise ValueError(
                f"{owner}: {name} must be {self}, got {describe_violations(y, allowed)}"
            )


@dataclass(frozen=True)
class Interval(Domain):
    """The finite real numbers between two bounds.

    Parameters
    ----------
    low, high : float
        The bounds; infinite ones leave that side open.
    closed_low, closed_high : bool, default=True
        Whether the bounds themselves belong to it.
    """

    low: float = -math.inf
    high: float = math.inf
    closed_low: bool = True
    closed_high: bool = True

    def contains(self, y: Array) -> Array:
        """Elementwise membership; NaN and infinities are never members."""
        xp = array_namespace(y)
        inside = xp.isfinite(y)
        if self.low > -math.inf:
            inside = inside & ((y >= self.low) if self.closed_low else (y > self.low))
        if self.high < math.inf:
            inside = inside & ((y <= self.high) if self.closed_high else (y < self.high))
        return inside

    def __str__(self) -> str:
        if self.high < math.inf:
            left, right = "[" if self.closed_low else "(", "]" if self.closed_high else ")"
            return f"in {left}{self.low:g}, {self.high:g}{right}"
        if self.low > -math.inf:
            return f"finite and {'>=' if self.closed_low else '>'} {self.low:g}"
        return "finite"


@dataclass(frozen=True)
class NonZero(Domain):
    """The finite real numbers but zero."""

    def contains(self, y: Array) -> Array:
        """Elementwise membership; NaN and infinities are never members."""
        return array_namespace(y).isfinite(y) & (y != 0)

    def __str__(self) -> str:
        return "finite and not zero (a positive floor admits zeros)"


@dataclass(frozen=True)
class BinaryLabels(Domain):
    """Two classes, written 0 and 1 or -1 and +1, never mixed."""

    def contains(self, y: Array) -> Array:
        """Membership of each; a 0 is an offender where there is a -1."""
        xp = array_namespace(y)
        negative = -1.0 if xp.any(y == -1) else 0.0
        return (y == 1) | (y == negative)

    def __str__(self) -> str:
        return "labels 0 and 1 only, or labels -1 and +1 only"


@dataclass(frozen=True)
class ClassLabels(Domain):
    """Classes 0, 1, …, k-1 as numbers."""

    n_classes: int

    def contains(self, y: Array) -> Array:
        """Elementwise membership."""
        xp = array_namespace(y)
        return (y >= 0) & (y < self.n_classes) & (y == xp.floor(y))

    def __str__(self) -> str:
        return f"class numbers 0 to {self.n_classes - 1}"
