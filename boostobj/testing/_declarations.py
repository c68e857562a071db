"""What a class declares must be of its kind before anything can be checked."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from boostobj._domains import Domain
from boostobj.base import Loss
from boostobj.links import Link
from boostobj.testing import _families as families
from boostobj.testing._trial import require

#: Attributes of a loss that a parameter may be as well, as it says the same.
_SAID_BY_PARAMETERS = {"curvature", "formula", "link", "max_delta_step", "unit_curvature"}


def require_declarations(loss: Loss) -> None:
    """Require a formula, a link and a domain, and parameters with names of their own."""
    formula: Any = getattr(loss, "formula", None)
    require(
        isinstance(formula, str),
        f"no usable formula: the class attribute 'formula' must be a string, got {formula!r}",
    )
    link: Any = loss.link
    wanted = "must be an instance of a Link, such as links.Logit()"
    if isinstance(link, type):
        wanted += f", not its class: write {link.__name__}()"
    elif callable(link):
        wanted += ": decorate the method with @property"
    require(isinstance(link, Link), f"no usable link: it {wanted}, got {link!r}")
    domain: Any = loss._domain
    require(
        isinstance(domain, Domain),
        f"no usable _domain: it must be one such as Interval(0, 1), got {domain!r}",
    )
    variables = families.variables(loss, 1, [1], lambda raw: raw)
    for name in [field.name for field in fields(loss)]:  # type: ignore[arg-type]
        taken = hasattr(Loss, name) and name not in _SAID_BY_PARAMETERS
        require(
            not taken,
            f"parameter name {name!r} is taken by an attribute of every loss; give it "
            "another one, or no annotation if it is that attribute",
        )
        require(
            name not in variables,
            f"parameter name {name!r} is taken by a variable of the family's formulas: "
            f"{', '.join(variables)}; give it another one",
        )
