"""One point, far away and with the wrong label, tilts a linear separator, or does not.

A loss is a function, with no need of a booster: here its derivatives drive gradient descent on a
plane. The squared loss of the margin grows with the square of the distance of the wrong point, the
truncated one is flat beyond its clip. It is not convex, so that the way matters: short steps from
zero reach a solution without the wrong point, full Newton steps would start with it. Leverage
still has a limit: 30 units away, the wrong point turns the truncated loss as well.

Run: ``python examples/mislabelled_point.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, save, table

from boostobj import SquaredError, TruncatedSquared
from boostobj.plots import COLORS


def fit(loss, X, y, steps: int = 3000):
    """Gradient descent on the coefficients of a linear margin, with steps that cannot overshoot."""
    Z = np.column_stack([X, np.ones(len(X))])
    w = np.zeros(Z.shape[1])
    squares = np.sum(Z**2, axis=1)
    for _ in range(steps):
        gradient, hessian = loss.gradient_hessian(y, Z @ w)
        w -= Z.T @ gradient / np.sum(hessian * squares)
    return w


def main(output: Path = OUTPUT, n: int = 60, distance: float = 12.0):
    """Fit a separator with and without the wrong point.

    Returns
    -------
    dict
        Error on the other points and turn of the separator in degrees, by loss.
    """
    rng = np.random.default_rng(3)
    y = np.repeat([-1.0, 1.0], n // 2)
    X = rng.normal(size=(n, 2)) + np.outer(y, [1.5, 1.5])
    far = np.vstack([X, [distance, -0.2 * distance]])
    labels = np.append(y, -1.0)  # by its place it would be positive
    # With labels -1 and 1, squared error is the square of the margin's distance from 1.
    losses = {"squared": SquaredError(), "truncated squared": TruncatedSquared(clip=2.0)}
    results, lines = {}, {}
    for name, loss in losses.items():
        clean, w = fit(loss, X, y), fit(loss, far, labels)
        cosine = clean[:2] @ w[:2] / np.linalg.norm(clean[:2]) / np.linalg.norm(w[:2])
        results[name] = {
            "error before": float(np.mean(np.sign(X @ clean[:2] + clean[2]) != y)),
            "error after": float(np.mean(np.sign(X @ w[:2] + w[2]) != y)),
            "turned by, degrees": float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))),
        }
        lines[name] = clean, w
    print(f"{n} points in two classes and one wrong label {distance:g} units away:")
    table(
        ["loss", *next(iter(results.values()))],
        [[name, *row.values()] for name, row in results.items()],
    )

    made, panels = figure(13, 4.4, 1, 2, sharex=True, sharey=True)
    at = np.asarray([-6.0, distance + 2])
    for panel, (name, (clean, w)) in zip(panels[0], lines.items(), strict=True):
        panel.plot(*far[labels < 0].T, "o", color=COLORS[1], ms=6)
        panel.plot(*X[y > 0].T, "^", color=COLORS[0], ms=6)
        for each, line, label in ((clean, "--", "without"), (w, "-", "with the wrong label")):
            panel.plot(at, -(each[0] * at + each[2]) / each[1], line, color="black", label=label)
        panel.annotate("wrong label", far[-1], (-2, 12), textcoords="offset points", ha="center")
        panel.set(title=name, xlim=at, ylim=(-6, 6), xlabel="x₁")
    panels[0, 0].set_ylabel("x₂")
    panels[0, 0].legend(loc="upper right")
    save(made, output, "mislabelled_point")
    return results


if __name__ == "__main__":
    main()
