"""The list of checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boostobj.base import Loss
from boostobj.groups import GroupLoss
from boostobj.testing._trial import Trial

Check = Callable[[Trial], None]
Families = tuple[type[Any], ...]

_checks: list[tuple[Families, Families, Check]] = []


def check(*families: type[Any], groups: bool = False) -> Callable[[Check], Check]:
    """Register a check.

    Parameters
    ----------
    *families : type
        The families it applies to, by default all.
    groups : bool, default=False
        Whether it applies to losses whose rows depend on each other as well.
    """

    def register(function: Check) -> Check:
        _checks.append((families or (Loss,), () if groups else (GroupLoss,), function))
        return function

    return register


def checks_of(loss: Loss) -> list[Check]:
    """The checks that apply to a loss."""
    return [
        function
        for families, others, function in _checks
        if isinstance(loss, families) and not isinstance(loss, others)
    ]
