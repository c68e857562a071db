"""Check a loss: yours or ours.

`check_loss` tries everything a loss promises: its values and derivatives against its ``formula``
in high precision, what it declares its curvature to be, weights, start value, metric, link,
error messages, copies, and the callback that the boosters get.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from boostobj.base import Loss

# They register their checks, which run in this order.
from boostobj.testing import _arguments, _derivatives, _groups, _interface, _refusals  # noqa: F401
from boostobj.testing._declarations import require_declarations
from boostobj.testing._registry import checks_of
from boostobj.testing._trial import Trial

__all__ = ["check_loss"]


def check_loss(loss: Loss) -> None:
    """Check that a loss keeps the promises of its family.

    Parameters
    ----------
    loss : Loss
        An instance of a class derived from one of the families of `boostobj.base`.

    Raises
    ------
    AssertionError
        If a check fails. It names the loss, the check, a faulty point of ordinary size, what the
        loss gives there and what it should, and the other checks that fail.
    TypeError
        If `loss` is no instance of a loss, such as its class, or its class no frozen dataclass.
    ImportError
        If mpmath is missing.

    Examples
    --------
    >>> check_loss(Huber(delta=1.5))
    """
    if not isinstance(loss, Loss):
        raise TypeError(f"check_loss: loss must be an instance of a Loss, got {loss!r}")
    parameters: Any = loss.__dataclass_params__  # type: ignore[attr-defined]
    if not parameters.frozen:
        name = type(loss).__name__
        raise TypeError(f"check_loss: {name} must be decorated with @dataclass(frozen=True)")
    try:
        require_declarations(loss)
        trial = Trial(loss)
    except SyntaxError as error:
        raise AssertionError(f"{loss!r}: no usable formula: {error}") from error
    except (AssertionError, NotImplementedError) as error:
        raise AssertionError(f"{loss!r}: {error}") from error
    failures: dict[str, Exception] = {}
    for check in checks_of(loss):
        try:
            # numpy's own settings, whatever the caller's
            with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
                warnings.simplefilter("error")
                check(trial)
        except Exception as failure:  # noqa: BLE001 (raised below)
            failures[check.__name__] = failure
    if failures:
        (name, first), *others = failures.items()
        kind = "" if isinstance(first, AssertionError) else f"{type(first).__name__}: "
        hint = next((hint for part, hint in _HINTS.items() if kind and part in str(first)), "")
        message = f"{loss!r} fails check {name!r}: {kind}{first}{hint}"
        if others:
            message += f"\nIt also fails {', '.join(repr(other) for other, _ in others)}."
        raise AssertionError(message) from first


#: What is behind the messages of Python and NumPy that say little.
_HINTS = {
    "truth value of an array": "; branch elementwise, as with numpy.where",
    "read-only": "; a method must not write into its arguments",
}
