"""Type names shared by the package."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

#: An array of the array API standard (NumPy's, array-api-strict's, CuPy's ...).
Array: TypeAlias = Any
#: Anything `numpy.asarray` turns into numbers: a list, a pandas or polars series, an array.
ArrayLike: TypeAlias = Any
NumpyArray: TypeAlias = NDArray[Any]

#: What a loss hands to the booster as its Hessian, see `boostobj.base.Loss.curvature`.
Curvature: TypeAlias = Literal["exact", "majorizer", "smoothed"]
