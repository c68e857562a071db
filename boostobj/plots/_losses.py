"""Pictures of losses; see `boostobj.plots`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, TypeAlias, get_args

import numpy as np

from boostobj._arrays import title
from boostobj._domains import ClassLabels
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss, MulticlassLoss, ResidualLoss, Sample
from boostobj.losses.pairwise import PairLoss
from boostobj.plots._drawing import COLORS, as_panels, styles

Quantity: TypeAlias = Literal["value", "gradient", "hessian"]

_TITLES = {"value": "value", "gradient": "gradient", "hessian": "Hessian"}


@dataclass(frozen=True)
class LossCurve:
    """A loss along a line of margins.

    Attributes
    ----------
    label : str
        The name in legends.
    value : ndarray of shape (n,)
        The exact loss.
    gradient, hessian : ndarray of shape (n,)
        What a booster gets.
    slope, second_derivative : ndarray of shape (n,)
        The exact derivatives of the value, NaN where there is none.
    """

    label: str
    value: NumpyArray
    gradient: NumpyArray
    hessian: NumpyArray
    slope: NumpyArray
    second_derivative: NumpyArray


class LossDisplay:
    """Value, gradient and Hessian of losses along one axis.

    Gradient and Hessian are those that a booster really gets; where the exact derivatives are
    others, they are dotted. Losses that adapt to the present residuals do so as if these were
    spread evenly along the axis. Losses of two classes have the zero-one loss under them.

    Use `from_loss` to make one.

    Parameters
    ----------
    curves : sequence of LossCurve
        The losses.
    raw_prediction : ndarray of shape (n,)
        The margins of the axis.
    xlabel : str
        What they are.
    zero_one : bool, default=False
        Whether to draw the zero-one loss under the values.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes
        One for each quantity, or a single one.
    figure_ : matplotlib Figure
        The figure.
    """

    def __init__(
        self,
        curves: Sequence[LossCurve],
        *,
        raw_prediction: NumpyArray,
        xlabel: str,
        zero_one: bool = False,
    ) -> None:
        self.curves = curves
        self.raw_prediction = raw_prediction
        self.xlabel = xlabel
        self.zero_one = zero_one

    @classmethod
    def from_loss(
        cls,
        loss: Loss | Iterable[Loss] | Mapping[str, Loss],
        *,
        y_true: float | None = None,
        raw_prediction: ArrayLike | None = None,
        quantities: Sequence[Quantity] = ("value", "gradient", "hessian"),
        ax: Any = None,
    ) -> Self:
        """Evaluate losses along a line of margins and draw them.

        Parameters
        ----------
        loss : Loss, list of Loss or dict of str to Loss
            What to draw; the keys of a dict are the names in the legend. Losses of k classes
            vary the margin of the row's class, all others being zero; losses of groups that of
            the better one of two rows.
        y_true : float, optional
            The target. By default 0 for losses of the residual, so that the axis is the
            residual, and of k classes, and 1 for all others.
        raw_prediction : array-like of shape (n,), optional
            The margins. By default from -4 to 4 around the one that predicts the target, around
            zero for classes; of other losses of the target's unit, up to four times the target.
        quantities : sequence of {"value", "gradient", "hessian"}, optional
            What to draw.
        ax : matplotlib Axes or sequence of them, optional
            See `plot`.

        Returns
        -------
        LossDisplay

        Raises
        ------
        TypeError
            If `loss` is no loss, or `quantities` is a single name.
        ValueError
            If losses of different families have no axis in common, a target is outside a loss's
            domain, a loss cannot be drawn along a line, a quantity is unknown, or the margins or
            axes do not fit.
        """
        display = cls.evaluate(loss, y_true=y_true, raw_prediction=raw_prediction)
        return display.plot(ax, quantities=quantities)

    @classmethod
    def evaluate(
        cls,
        loss: Loss | Iterable[Loss] | Mapping[str, Loss],
        *,
        y_true: float | None = None,
        raw_prediction: ArrayLike | None = None,
    ) -> Self:
        """Evaluate losses along a line of margins, without drawing and without matplotlib.

        Parameters
        ----------
        loss, y_true, raw_prediction
            As in `from_loss`.

        Returns
        -------
        LossDisplay

        Raises
        ------
        TypeError
            If `loss` is no loss.
        ValueError
            If losses of different families have no axis in common, a target is outside a loss's
            domain, a loss cannot be drawn along a line, or the margins are not two or more
            different finite numbers.
        """
        named = _named(loss)
        first = next(iter(named.values()))
        if len({_axis_kind(each) for each in named.values()}) > 1:
            kinds = ", ".join(
                f"{type(each).__name__}: {_axis_kind(each)}" for each in named.values()
            )
            raise ValueError(f"loss must hold losses with one axis in common, got {kinds}")
        target = _default_target(first) if y_true is None else float(y_true)
        if raw_prediction is None:
            x = _default_axis(first, target)
        else:
            x = np.unique(np.asarray(raw_prediction, dtype=np.float64))
        if x.ndim != 1 or len(x) < 2 or not np.all(np.isfinite(x)):
            raise ValueError(
                f"raw_prediction must hold two or more different finite numbers, got {x!r}"
            )
        curves = [_curve(each, label, target, x) for label, each in named.items()]
        return cls(
            curves,
            raw_prediction=x,
            xlabel=_xlabel(first, target),
            zero_one=_axis_kind(first) == "two classes" and target == 1,
        )

    def plot(
        self, ax: Any = None, *, quantities: Sequence[Quantity] = ("value", "gradient", "hessian")
    ) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of them, optional
            One for each quantity; by default those of a new figure. All quantities of one loss
            may share one.
        quantities : sequence of {"value", "gradient", "hessian"}, optional
            What to draw.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If `quantities` is a single name and no sequence of them.
        ValueError
            If a quantity is unknown, or axes do not fit the quantities.
        """
        if isinstance(quantities, str):
            raise TypeError(f"quantities must be a sequence of names, got {quantities!r}")
        quantities = tuple(quantities)
        unknown = [q for q in quantities if q not in get_args(Quantity)]
        if unknown or not quantities:
            raise ValueError(f"quantities must be of {get_args(Quantity)}, got {quantities!r}")
        panels = as_panels(ax, len(quantities))
        if len(panels) == 1 and len(quantities) > 1:
            if len(self.curves) > 1:
                raise ValueError(
                    f"ax: {len(self.curves)} losses with {len(quantities)} quantities need "
                    f"{len(quantities)} axes, got 1"
                )
            self._plot_together(panels[0], quantities)
        elif len(panels) == len(quantities):
            for panel, quantity in zip(panels, quantities, strict=True):
                self._plot_quantity(panel, quantity)
            if len(self.curves) > 1:
                panels[0].legend(fontsize="small")
        else:
            raise ValueError(
                f"ax must be {len(quantities)} axes or a single one, got {len(panels)}"
            )
        for panel in panels:
            panel.set_xlabel(self.xlabel)
        self.ax_ = panels
        self.figure_ = panels[0].figure
        return self

    def _plot_quantity(self, panel: Any, quantity: Quantity) -> None:
        """All losses in one panel, told apart by colour and dashes."""
        if quantity == "value" and self.zero_one:
            step = (self.raw_prediction < 0).astype(float)
            panel.plot(self.raw_prediction, step, color="#BBBBBB", lw=3, label="zero-one")
        dotted = False
        for curve, (color, line) in zip(self.curves, styles(), strict=False):
            y = getattr(curve, quantity)
            panel.plot(self.raw_prediction, y, ls=line, color=color, lw=1.8, label=curve.label)
            exact = _exact(curve, quantity)
            dotted = dotted or exact is not None
            if exact is not None:
                panel.plot(self.raw_prediction, exact, ":", color=color, lw=1.4)
        panel.set_title(_TITLES[quantity] + (" (dotted: exact)" if dotted else ""))

    def _plot_together(self, panel: Any, quantities: Sequence[Quantity]) -> None:
        """One loss in one panel, its quantities told apart."""
        (curve,) = self.curves
        for quantity, color, line in zip(quantities, COLORS, ("-", "--", "-"), strict=False):
            y = getattr(curve, quantity)
            panel.plot(self.raw_prediction, y, line, color=color, lw=1.8, label=_TITLES[quantity])
            exact = _exact(curve, quantity)
            if exact is not None:
                label = f"exact {_TITLES[quantity]}"
                panel.plot(self.raw_prediction, exact, ":", color=color, lw=1.4, label=label)
        panel.set_title(curve.label)


def loss_label(loss: Loss) -> str:
    """A loss's class and those of its parameters that are not default.

    Parameters
    ----------
    loss : Loss
        The loss.

    Returns
    -------
    str

    Examples
    --------
    >>> loss_label(Huber(delta=2.0)), loss_label(Huber())
    ('Huber(delta=2.0)', 'Huber')
    """
    if title(loss) != type(loss).__name__:
        return repr(loss)
    changed = [
        f"{f.name}={getattr(loss, f.name)!r}"
        for f in fields(loss)  # type: ignore[arg-type]
        if getattr(loss, f.name) != f.default
    ]
    return f"{type(loss).__name__}({', '.join(changed)})" if changed else type(loss).__name__


def _named(loss: Any) -> dict[str, Loss]:
    if isinstance(loss, Mapping):
        named = dict(loss)
    else:
        one = isinstance(loss, Loss | str) or not isinstance(loss, Iterable)
        losses = [loss] if one else list(loss)
        named = {loss_label(x) if isinstance(x, Loss) else repr(x): x for x in losses}
    for each in named.values():
        if not isinstance(each, Loss):
            raise TypeError(f"loss must hold instances of Loss, got {each!r}")
    if not named:
        raise ValueError("loss must hold at least one loss, got none")
    return named


def _axis_kind(loss: Loss) -> str:
    """What the axis of a loss means, in a word."""
    if isinstance(loss, PairLoss):
        return "two rows of a group"
    if isinstance(loss, MulticlassLoss):
        return "k classes"
    if isinstance(loss, ResidualLoss):
        return "residual"
    if loss.link.gives_probabilities:
        return "two classes"
    return type(loss.link).__name__.lower() + " link"


def _default_target(loss: Loss) -> float:
    return 0.0 if isinstance(loss, ResidualLoss | MulticlassLoss) else 1.0


def _default_axis(loss: Loss, y_true: float) -> NumpyArray:
    """Margins around the one that predicts the target, or around zero where none does."""
    if _axis_kind(loss) == "identity link" and y_true > 0:
        # of relative errors predictions had better be positive as well
        return np.linspace(0, 4 * y_true, 801)[1:]
    y = np.asarray([y_true])
    centred = _axis_kind(loss) == "residual" or _axis_kind(loss).endswith("link")
    inside = centred and bool(np.all(loss.link.domain.contains(y)))
    return (float(loss.link.link(y)[0]) if inside else 0.0) + np.linspace(-4, 4, 801)


def _xlabel(loss: Loss, y_true: float) -> str:
    kind = _axis_kind(loss)
    if kind == "residual" and y_true == 0:
        return "residual: prediction - target"
    if kind == "k classes" or (kind == "two classes" and y_true == 1):
        return "margin of the row's own class"
    if kind == "two rows of a group":
        return "score of the better row - score of the other"
    what = "prediction" if kind in ("residual", "identity link") else "margin"
    return f"{what} (target {y_true:g})"


def _curve(loss: Loss, label: str, y_true: float, x: NumpyArray) -> LossCurve:
    """Evaluate a loss at margins `x`, to which it adapts, if it does, once."""
    if not isinstance(loss, PairLoss):
        loss = loss._adapted(Sample(*_rows(loss, y_true, x)))
    step = 1e-4 * (x[-1] - x[0])
    value = _value(loss, y_true, x)
    below, above = _value(loss, y_true, x - step), _value(loss, y_true, x + step)
    second = (below - 2 * value + above) / step**2
    # A slope that changes by as much within so short a step jumps there.
    second[np.abs(second) * step > 0.003 * np.ptp(np.diff(value) / np.diff(x))] = np.nan
    return LossCurve(label, value, *_derivatives(loss, y_true, x), second)


def _value(loss: Loss, y_true: float, x: NumpyArray) -> NumpyArray:
    if isinstance(loss, PairLoss):
        y, raw, group = _pairs(x)
        shares: NumpyArray = np.asarray(loss.value(y, raw, group)).reshape(-1, 2).sum(axis=1)
        return shares
    value: NumpyArray = np.asarray(loss.value(*_rows(loss, y_true, x)))
    return value if value.ndim == 1 else value[:, 0]


def _derivatives(
    loss: Loss, y_true: float, x: NumpyArray
) -> tuple[NumpyArray, NumpyArray, NumpyArray]:
    """Gradient and Hessian as a booster gets them, and the exact gradient."""
    if isinstance(loss, PairLoss):
        y, raw, group = _pairs(x)
        gradient, hessian = (np.asarray(d)[::2] for d in loss.gradient_hessian(y, raw, group))
        return gradient, hessian, gradient
    y, raw = _rows(loss, y_true, x)
    # as in a first round: the targets differ, and the margins do not
    sample = Sample(y - raw, 0 * raw) if isinstance(loss, ResidualLoss) else Sample(y, raw)
    gradient, hessian = loss._boosting(sample)(y, raw)
    slope, _ = loss.gradient_hessian(y, raw)
    hessian = np.maximum(hessian, np.finfo(np.float64).tiny)
    if raw.ndim == 1:
        return gradient, hessian, slope
    own = int(y_true)
    return gradient[:, own], hessian[:, own], slope[:, own]


def _rows(loss: Loss, y_true: float, x: NumpyArray) -> tuple[NumpyArray, NumpyArray]:
    """Targets and margins of one row for each place on the axis."""
    if not isinstance(loss, MulticlassLoss):
        if loss.joint_outputs:
            raise ValueError(f"{loss!r} has no curve along one margin")
        return np.full(len(x), y_true), x
    raw = np.zeros((len(x), loss.n_classes or 3))
    ClassLabels(raw.shape[1]).check(np.asarray([y_true]), "y_true", title(loss))
    raw[:, int(y_true)] = x
    return np.full(len(x), y_true), raw


def _pairs(x: NumpyArray) -> tuple[NumpyArray, NumpyArray, NumpyArray]:
    """Two rows for each place on the axis, the first one better and with that score."""
    raw = np.column_stack([x, np.zeros(len(x))]).ravel()
    return np.tile([1.0, 0.0], len(x)), raw, np.full(len(x), 2)


def _exact(curve: LossCurve, quantity: str) -> NumpyArray | None:
    """The exact derivative, if what a booster gets is visibly another one."""
    if quantity == "value":
        return None
    used = getattr(curve, quantity)
    exact = curve.slope if quantity == "gradient" else curve.second_derivative
    gap = np.abs(used - exact)
    different = np.nanmax(gap) > 0.01 * np.max(np.abs(used))
    return exact if different else None
