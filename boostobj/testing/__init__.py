"""Check a loss: yours or ours.

`check_loss` tries everything a loss promises: its values and derivatives against its ``formula``
in high precision, what it declares its curvature to be, weights, start value, metric, link,
error messages, copies, and the callback that the boosters get.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from boostobj.base import Loss, PointwiseLoss

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
        If checks fail. It names the loss and says of each of them, in a line, a faulty point of
        ordinary size, what the loss gives there and what it should.
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
        lines = [f"check {name!r}: {_told(loss, failure)}" for name, failure in failures.items()]
        first = next(iter(failures.values()))
        raise AssertionError(f"{loss!r} fails " + "\nIt also fails ".join(lines)) from first


def _told(loss: Loss, failure: Exception) -> str:
    """What a failure says, and what is behind it if that says little."""
    kind = "" if isinstance(failure, AssertionError) else f"{type(failure).__name__}: "
    hint = next((hint for part, hint in _HINTS.items() if part in str(failure)), "")
    if isinstance(loss, PointwiseLoss) and "RuntimeWarning" in str(failure):
        hint += f"; `_domain` says what targets are: {loss._domain}"
    return f"{kind}{failure}{hint}"


#: What is behind the messages of Python and NumPy that say little.
_HINTS = {
    "overflow encountered in exp": "; end the argument, as with numpy.exp(numpy.minimum(x, "
    "numpy.log(numpy.finfo(x.dtype).max) - 2))",
    "truth value of an array": "; branch elementwise, as with numpy.where",
    "read-only": "; a method must not write into its arguments",
}
