"""The conventions in which the engines differ."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, TypeAlias

from boostobj._sample import Cluster
from boostobj._typing import ArrayLike, NumpyArray

#: The names that the engines have for the number of threads.
THREAD_PARAMETERS = ("num_threads", "num_thread", "nthread", "nthreads", "n_jobs")

MetricResult: TypeAlias = float | tuple[str, float] | tuple[str, float, bool]


@dataclass(frozen=True)
class DatasetFields:
    """What a native data set holds beside the features."""

    label: ArrayLike | None
    weight: ArrayLike | None
    group: NumpyArray | None
    n_threads: int | None


class Adapter(Cluster, ABC):
    """One engine as a loss meets it. Importing an adapter does not import the engine."""

    name: str
    #: What the gain of a split that follows noise must not fall below.
    least_gain: float

    @abstractmethod
    def is_dataset(self, x: Any) -> bool:
        """Whether `x` is the engine's native data set."""

    @abstractmethod
    def read(self, dataset: Any) -> DatasetFields:
        """Read a native data set."""

    @abstractmethod
    def coupling(self, n_classes: int) -> float:
        """The factor on the diagonal Hessian of k coupled classes.

        A booster grows a tree per class as if the others stood still.
        """

    @abstractmethod
    def metric_result(
        self, name: str, value: float, higher_is_better: bool, native: bool
    ) -> MetricResult:
        """A metric's value in the form the slot wants."""
