"""The losses as a table, read off the classes."""

from __future__ import annotations

from boostobj._registry import all_losses, snake_case
from boostobj.base import Loss


def built_in_losses() -> list[type[Loss]]:
    """The registered losses that belong to this package, sorted by name."""
    return [cls for cls in all_losses().values() if cls.__module__.startswith("boostobj.")]


def markdown_table() -> str:
    """The table of the README: one row a loss.

    Returns
    -------
    str
        Markdown.
    """
    rows = ["| loss | value of a row | link | Hessian | built-in |", "|---|---|---|---|---|"]
    for cls in built_in_losses():
        loss = cls.examples()[0]
        code = [
            f"`{cls.__name__}`",
            f"`{cls.formula}`",
            snake_case(type(loss.link).__name__).replace("_", " "),
        ]
        others = ", ".join(f"`{name}`" for name in cls.builtin.values())
        cells = [cell.replace("|", r"\|") for cell in (*code, loss.curvature, others)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def plain_table() -> str:
    """The losses for a terminal: name and what it is.

    Returns
    -------
    str
        One line a loss.
    """
    losses = built_in_losses()
    width = max(len(cls.__name__) for cls in losses)
    lines = [f"{cls.__name__:<{width}}  {(cls.__doc__ or '').splitlines()[0]}" for cls in losses]
    return "\n".join(lines) + "\n"
