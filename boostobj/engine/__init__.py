"""How a loss meets a booster.

Four call signatures, two memory layouts and a handful of conventions end here; a loss knows none
of them. For every round the engine

1. reads targets, margins, weights, groups and threads off the call (`boostobj.engine.batch`),
2. evaluates the loss in chunks that fit the processor's cache, on threads where rows are many
   (`boostobj._parallel`),
3. scales regression losses to unit curvature, multiplies by the weights and hands the booster
   finite gradients and positive Hessians (`boostobj.engine.rounds`).
"""

from __future__ import annotations

from boostobj._parallel import get_num_threads, set_num_threads
from boostobj.engine.rounds import objective
from boostobj.engine.start import base_score, init_scores

__all__ = [
    "base_score",
    "get_num_threads",
    "init_scores",
    "objective",
    "set_num_threads",
]
