"""Pictures of what boosting rounds do; see `boostobj.plots`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.plots._drawing import just_panels, styles


class RoundsDisplay:
    """What each boosting round did: its leaves, and how far they moved the predictions.

    An objective whose Hessian fades shows as trees with a single leaf, one whose Hessian is too
    large as steps that hardly move, one whose Hessian is too small as steps that explode.

    Use `from_estimator` to make one.

    Parameters
    ----------
    leaves, steps : dict of str to ndarray of shape (n_rounds,)
        By model and round: the number of leaves, and the largest less the smallest leaf value of
        one tree and output, in units of the margin; of linear trees, that of their constants.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes
        One for leaves, one for steps.
    figure_ : matplotlib Figure
        The figure.
    """

    def __init__(self, leaves: dict[str, NumpyArray], steps: dict[str, NumpyArray]) -> None:
        self.leaves = leaves
        self.steps = steps

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Read trained models and draw.

        Parameters
        ----------
        estimator : model or dict of str to model
            Fitted: a Booster of XGBoost or LightGBM, one of their scikit-learn wrappers, a
            `BoostRegressor` or a `BoostClassifier`. The keys of a dict are the names in the
            legend.
        ax : two matplotlib Axes, optional
            For leaves and steps; by default those of a new figure.

        Returns
        -------
        RoundsDisplay

        Raises
        ------
        TypeError
            If a model is none of these.
        ValueError
            If a model of XGBoost is linear, or has trees of several outputs, "multi_output_tree",
            before XGBoost 3.2, or if `ax` is not two axes.
        """
        models = estimator if isinstance(estimator, Mapping) else {"": estimator}
        read = {label: _rounds(model) for label, model in models.items()}
        display = cls(
            {label: leaves for label, (leaves, _) in read.items()},
            {label: steps for label, (_, steps) in read.items()},
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : two matplotlib Axes, optional
            For leaves and steps; by default those of a new figure.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `ax` is not two axes.
        """
        panels = just_panels(ax, 2)
        what = (("leaves", self.leaves), ("step: spread of leaf values", self.steps))
        for panel, (quantity, counts) in zip(panels, what, strict=True):
            for (label, y), (color, line) in zip(counts.items(), styles(), strict=False):
                rounds = np.arange(1, len(y) + 1)
                marker = "." if len(y) == 1 else None
                panel.plot(rounds, y, ls=line, marker=marker, color=color, lw=1.8, label=label)
            panel.set(xlabel="boosting round", title=quantity)
        if any(self.leaves):
            panels[0].legend(fontsize="small")
        # Steps that shrink over many powers of ten want a logarithm; steps of zero have none.
        if all(np.all(y > 0) for y in self.steps.values()):
            panels[1].set_yscale("log")
        else:
            linear = _smallest_positive(self.steps.values())
            panels[1].set_yscale("symlog", linthresh=linear, linscale=2)
        self.ax_ = panels
        self.figure_ = panels[0].figure
        return self


def _rounds(model: Any) -> tuple[NumpyArray, NumpyArray]:
    """Leaves and spread of leaf values by round."""
    booster = model
    for attribute in ("get_booster", "booster_"):
        if hasattr(booster, attribute):
            found = getattr(booster, attribute)
            booster = found() if callable(found) else found
    module = type(booster).__module__.split(".")[0]
    if module not in ("xgboost", "lightgbm") or not hasattr(booster, "trees_to_dataframe"):
        raise TypeError(
            "estimator must be a fitted model of XGBoost or LightGBM, a BoostRegressor or a "
            "BoostClassifier, such as those among models_ of a QuantileIntervalRegressor, got "
            f"{model!r}"
        )
    if module == "xgboost":
        trees = _xgboost_leaves(booster)
        per_round = max(len(trees) // max(booster.num_boosted_rounds(), 1), 1)
    else:
        table = booster.trees_to_dataframe()
        leaf = table[table["left_child"].isna()]
        trees = [values.to_numpy(float) for _, values in leaf.groupby("tree_index")["value"]]
        per_round = booster.num_model_per_iteration()
    first = np.arange(0, len(trees), per_round)
    leaves = np.add.reduceat([len(values) for values in trees], first)
    spread = np.maximum.reduceat([np.max(np.ptp(values, axis=0)) for values in trees], first)
    return leaves, spread


def _xgboost_leaves(booster: Any) -> list[NumpyArray]:
    """The values of each tree's leaves, (n, k) for k outputs."""
    # The estimators take long to import.
    from boostobj.estimators._xgboost import as_json, dart_weights

    try:
        trees = booster.get_dump()
    except ValueError as error:  # XGBoostError
        raise ValueError(
            "estimator: trees of several outputs (multi_output_tree) need XGBoost 3.2 or newer"
        ) from error
    leaves = [re.findall(r"^\t*\d+:leaf=\[?(.*?)\]?$", tree, re.MULTILINE) for tree in trees]
    if not all(leaves):
        raise ValueError("estimator must be a model of trees, got one of gblinear")
    # the dump leaves them out
    weights = dart_weights(as_json(booster)) or [1.0] * len(trees)
    return [
        weight * np.asarray([leaf.split(",") for leaf in tree], dtype=float)
        for weight, tree in zip(weights, leaves, strict=True)
    ]


def _smallest_positive(columns: Iterable[NumpyArray]) -> float:
    positive = np.concatenate([y[y > 0] for y in columns])
    return float(positive.min()) if len(positive) else 1.0
