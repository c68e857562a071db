"""The losses by name."""

from __future__ import annotations

import difflib
import re
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boostobj.base import Loss

#: Usual names of losses that are neither theirs nor those of an engine's objective.
_SHORT_NAMES = {
    "bce": "cross_entropy",
    "l1": "absolute_error",
    "l2": "squared_error",
    "log_loss": "cross_entropy",
    "logloss": "cross_entropy",
    "mae": "absolute_error",
    "mean_absolute_error": "absolute_error",
    "mean_squared_error": "squared_error",
    "mse": "squared_error",
    "pinball": "quantile",
    "rmse": "squared_error",
}

#: Classes by name.
LOSSES: dict[str, type[Loss]] = {}


def get_loss(name: str, /, **parameters: Any) -> Loss:
    """Make a loss from its name.

    Parameters
    ----------
    name : str
        The class's name in snake case, such as "huber" or "log_cosh".
    **parameters
        The loss's parameters.

    Returns
    -------
    Loss

    Raises
    ------
    TypeError, ValueError
        If no loss has that name, or a parameter is not what it should be.

    Examples
    --------
    >>> get_loss("quantile", quantile=0.9)
    Quantile(quantile=0.9, scale=None)
    """
    if name not in LOSSES:
        meant = _meant(str(name))
        hint = f"; did you mean {meant!r}?" if meant else "."
        raise ValueError(f"no loss has the name {name!r}{hint} There are {sorted(LOSSES)}")
    cls = LOSSES[name]
    needed = [x.name for x in fields(cls) if x.default is MISSING]  # type: ignore[arg-type]
    missing = [x for x in needed if x not in parameters]
    if missing:
        raise TypeError(
            f"{cls.__name__} needs {' and '.join(missing)}: make an instance, such as "
            f"{cls.examples()[0]!r}"
        )
    return cls(**parameters)


def _meant(name: str) -> str | None:
    """The loss that may have been meant by an engine's or another short name, or a misspelt one."""
    known = {x: n for n, cls in sorted(LOSSES.items()) for x in cls.builtin.values()}
    known |= _SHORT_NAMES
    near = difflib.get_close_matches(name, LOSSES, n=1)
    return known.get(name.lower()) or next(iter(near), None)


def all_losses() -> dict[str, type[Loss]]:
    """All registered losses, yours included.

    Returns
    -------
    dict of str to type
        Name to class, sorted by name.
    """
    return dict(sorted(LOSSES.items()))


def register(registry: dict[str, Any], name: str, cls: type) -> None:
    """Enter a class by its name, unless that belongs to one of this package."""
    taken = registry.get(name, cls)
    # What is defined again in its own module, as by a reload, takes its own place.
    if taken.__module__.startswith("boostobj.") and taken.__module__ != cls.__module__:
        raise ValueError(
            f"{cls.__module__}.{cls.__name__}: the name {name!r} belongs to "
            f"{taken.__module__}.{taken.__name__}, give the class another one"
        )
    registry[name] = cls


def snake_case(name: str) -> str:
    """``LogCosh`` to ``log_cosh``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
