"""Formulas of losses and links that are made of others."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from boostobj.base import Loss
    from boostobj.links import Link


def spelled_out(loss: Loss | Link) -> str:
    """The formula of a loss or link in parentheses, with its parameters' values for their names."""
    formula = loss.formula
    for field in fields(loss):  # type: ignore[arg-type]
        value = getattr(loss, field.name)
        if isinstance(value, float):
            value = float(value)  # NumPy's number is written with its type
        if isinstance(value, (int, float, tuple)) or value is None:
            text = repr(value) if not isinstance(value, float) or value >= 0 else f"({value!r})"
            formula = substitute(formula, field.name, text)
    return f"({formula})"


def substitute(formula: str, name: str, text: str) -> str:
    """A formula with `text` for every occurrence of a name."""
    return re.sub(rf"\b{name}\b", lambda _: text, formula)
