"""The list of checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boostobj.base import Loss
from boostobj.testing._trial import Trial

Check = Callable[[Trial], None]

#: Families and the check that applies to them.
checks: list[tuple[tuple[type[Any], ...], Check]] = []


def check(*families: type[Any]) -> Callable[[Check], Check]:
    """Register a check for losses of some families, by default of all."""

    def register(function: Check) -> Check:
        checks.append((families or (Loss,), function))
        return function

    return register
