"""Every loss at a glance: value, gradient and Hessian.

Regression losses along the residual, a panel each; losses of two classes along the margin, all in
one, with the zero-one loss that they stand in for. Gradient and Hessian are what a booster gets
when its residuals are spread along the axis; where the exact derivatives are others, they are
dotted.

Run: ``python examples/loss_gallery.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, save, table

import boostobj
from boostobj.plots import LossDisplay

CLASSES = (
    "Logistic",
    "Exponential",
    "Hinge",
    "SquaredHinge",
    "ModifiedHuber",
    "TruncatedSquared",
    "Savage",
    "Focal",
)


def main(output: Path = OUTPUT, columns: int = 5):
    """Draw both pictures, and print how hard an outlier pulls.

    Returns
    -------
    dict
        "pull": gradient at residuals 1, 10, 100 by loss; "two classes": gradient at margin 0.
    """
    regression = {
        type(loss).__name__: loss
        for cls in boostobj.all_losses().values()
        if issubclass(cls, boostobj.ResidualLoss) and cls.__module__.startswith("boostobj.losses.")
        for loss in cls.examples()[:1]
        if cls is not boostobj.Asymmetric
    }
    at = np.asarray([1.0, 10.0, 100.0])
    # Linex grows like exp(r): it is drawn, but no robust loss.
    pulls = {
        name: loss.gradient_hessian(np.zeros(3), at)[0]
        for name, loss in regression.items()
        if name != "Linex"
    }
    print("How hard a row pulls on the model: the gradient by its residual.")
    order = sorted(pulls, key=lambda name: -abs(pulls[name][-1]))
    table(
        ["loss", *(f"r = {r:g}" for r in at)],
        [[name, *map(float, pulls[name])] for name in order],
        digits=2,
    )

    rows = -(-len(regression) // columns)
    made, panels = figure(3.1 * columns, 2.6 * rows, rows, columns, sharex=True)
    for panel in panels.flat[len(regression) :]:
        panel.set_axis_off()
    for panel, (name, loss) in zip(panels.flat, regression.items(), strict=False):
        LossDisplay.from_loss({name: loss}, ax=panel)
        panel.set(ylim=(-2, 4.5), xlabel="")
    legend = {}
    for panel in panels.flat:
        legend |= {line.get_label(): line for line in panel.get_lines()}
    made.legend(legend.values(), legend, loc="outside upper center", ncols=len(legend))
    made.supxlabel("residual: prediction - target", fontsize=13)
    save(made, output, "regression_losses")

    two_classes = [getattr(boostobj, name)() for name in CLASSES]
    made, panels = figure(15, 5, 1, 3)
    LossDisplay.from_loss(two_classes, raw_prediction=np.linspace(-3, 3, 601), ax=panels[0])
    handles, labels = panels[0, 0].get_legend_handles_labels()
    panels[0, 0].get_legend().remove()
    made.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    for panel, limits in zip(panels[0], ((-0.1, 5), (-5, 2), (0, 3)), strict=True):
        panel.set_ylim(*limits)
    save(made, output, "two_class_losses")
    at_zero = {
        type(loss).__name__: float(loss.gradient_hessian([1.0], [0.0])[0][0])
        for loss in two_classes
    }
    return {"pull": pulls, "two classes": at_zero}


if __name__ == "__main__":
    main()
