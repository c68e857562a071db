"""Label-distribution-aware margin losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from boostobj._arrays import array_namespace, as_array_like
from boostobj._checks import check_number, check_numbers
from boostobj._math import sigmoids, softplus
from boostobj._typing import Array
from boostobj.base import BinaryLoss, MulticlassLoss, own_margin
from boostobj.links import Logit
from boostobj.losses.softmax import Softmax


def _margins(counts: Sequence[float], max_margin: float) -> tuple[float, ...]:
    """Margins in proportion to ``counts**(-1/4)``, the largest of them `max_margin`."""
    rarest = min(counts)
    return tuple(max_margin * (rarest / count) ** 0.25 for count in counts)


@dataclass(frozen=True)
class LDAM(BinaryLoss):
    """Logistic loss that asks of each row a margin, the larger the rarer its class.

    A row of class c costs ``log(1 + exp(d - m))`` with ``m`` the margin of its class and
    ``d = max_margin*(min(counts)/counts[c])**(1/4)``.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link: logit; a score,
    since the classes' margins differ.
    Curvature: exact.

    Parameters
    ----------
    counts : sequence of 2 numbers
        Rows of the negative and of the positive class in training, such as
        ``numpy.bincount(y)``, > 0.
    max_margin : float, default=0.5
        The margin of the rarer class, in units of `raw_prediction`, > 0.

    Raises
    ------
    TypeError
        If `counts` is not a sequence of numbers, or `max_margin` is not a number.
    ValueError
        If `counts` does not hold 2 finite numbers > 0, or `max_margin` is not finite and > 0.

    References
    ----------
    Cao, Wei, Gaidon, Arechiga, Ma (2019). Learning imbalanced datasets with
    label-distribution-aware margin loss. NeurIPS. Their factor `s` on normalised outputs is no
    parameter of a booster, whose margins have no bound: multiply `max_margin` by it.
    """

    counts: Sequence[float]
    max_margin: float = 0.5

    formula = (
        "log(1 + exp(max_margin*(min(counts)/counts[1])**0.25 - raw)) if y > 0"
        " else log(1 + exp(max_margin*(min(counts)/counts[0])**0.25 + raw))"
    )
    link = Logit()

    def __post_init__(self) -> None:
        check_numbers(self, "counts", length=2)
        if len(self.counts) > 2:
            raise ValueError(
                f"LDAM: counts must hold 2 numbers, got {self.counts!r}; "
                "LDAMSoftmax takes more classes"
            )
        check_number(self, "max_margin", low=0)

    @classmethod
    def examples(cls) -> tuple[LDAM, ...]:
        """A rare positive class, and a rare negative one."""
        return cls(counts=(900, 100)), cls(counts=(30, 500), max_margin=2.0)

    def _gap(self, y: Array, raw: Array) -> Array:
        negative, positive = _margins(self.counts, self.max_margin)
        share = array_namespace(raw).astype(y > 0, raw.dtype)
        return own_margin(y, raw) - (positive * share + negative * (1 - share))

    def _value(self, y: Array, raw: Array) -> Array:
        return softplus(-self._gap(y, raw))

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        gap = self._gap(y, raw)
        hit, miss = sigmoids(gap)
        return own_margin(y, -miss), hit * miss


@dataclass(frozen=True)
class LDAMSoftmax(MulticlassLoss):
    """Softmax cross-entropy that asks of each row a margin, the larger the rarer its class.

    It is `Softmax` at margins from which that of the row's class was taken away,
    ``d[k] = max_margin*(min(counts)/counts[k])**(1/4)``; a soft label takes away its share.

    Domain: `y_true` class numbers 0 to k-1 of shape (n,), or one-hot or soft labels of shape
    (n, k); margins (n, k). Link: softmax; scores, since the classes' margins differ.
    Curvature: the diagonal of the exact Hessian.

    Parameters
    ----------
    counts : sequence of k numbers
        Rows of each class in training, such as ``numpy.bincount(y)``, > 0.
    max_margin : float, default=0.5
        The margin of the rarest class, in units of `raw_prediction`, > 0.

    Raises
    ------
    TypeError
        If `counts` is not a sequence of numbers, or `max_margin` is not a number.
    ValueError
        If `counts` holds fewer than 2 numbers or one that is not finite and > 0, or `max_margin` is
        not finite and > 0.

    References
    ----------
    See `LDAM`.
    """

    counts: Sequence[float]
    max_margin: float = 0.5

    formula = (
        "sum(y_k*(log(sum(exp(v - max_margin*(min(counts)/m)**0.25*t)"
        " for v, m, t in zip(raw, counts, y))) - u + max_margin*(min(counts)/n)**0.25*y_k)"
        " for y_k, u, n in zip(y, raw, counts))"
    )

    def __post_init__(self) -> None:
        check_numbers(self, "counts", length=2)
        check_number(self, "max_margin", low=0)

    @classmethod
    def examples(cls) -> tuple[LDAMSoftmax, ...]:
        """Three classes, the last of them rare."""
        return (cls(counts=(500, 300, 20)),)

    @property
    def n_classes(self) -> int:  # type: ignore[override]
        """As many as there are counts."""
        return len(self.counts)

    def _shifted(self, y: Array, raw: Array) -> Array:
        margins = _margins(self.counts, self.max_margin)
        return raw - y * as_array_like(margins, raw)

    def _value(self, y: Array, raw: Array) -> Array:
        return Softmax()._value(y, self._shifted(y, raw))

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        return Softmax()._gradient_hessian(y, self._shifted(y, raw))
