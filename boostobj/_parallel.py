"""Row-wise work in cache-sized chunks, on threads where rows are many.

Every element is computed from its own row alone and sums run over whole arrays, so that neither
the size of a chunk nor the number of threads changes a bit of any result.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import is_numpy_array

from boostobj._checks import as_count
from boostobj._typing import Array, NumpyArray

#: Numbers per chunk: few enough that temporaries stay in a core's cache, many enough that NumPy's
#: calls cost little beside its work.
CHUNK = 1 << 17

#: Fewer chunks than this are not worth starting a thread for: between NumPy's calls threads wait
#: for the interpreter, and on two cores those of the engine still spin when a round begins.
MIN_CHUNKS_PER_THREAD = 8

#: Until a process has freed a block of this size, glibc gives the temporaries of every round back
#: to the system, and asking for them anew, page by page, takes as long as computing with them.
LARGE_BLOCK = 1 << 24

_explicit_threads: int | None = None


@cache
def keep_freed_memory() -> None:
    """Free a block, untouched, that is so large that glibc keeps smaller ones for later."""
    np.empty(LARGE_BLOCK, dtype=np.uint8)


def set_num_threads(n_threads: int | None) -> None:
    """Set how many threads evaluate a loss, for all losses of this process.

    Parameters
    ----------
    n_threads : int or None
        A positive number, or None for the default: the number that the booster's data set was
        made with, else ``OMP_NUM_THREADS``, else the processors this process may use.

    Raises
    ------
    TypeError
        If it is neither an integer nor None.
    ValueError
        If the number is not positive.
    """
    global _explicit_threads  # noqa: PLW0603 (a setting of the process)
    _explicit_threads = None if n_threads is None else as_count(n_threads, "n_threads", low=1)


def get_num_threads(requested: int | None = None) -> int:
    """How many threads evaluate a loss.

    Parameters
    ----------
    requested : int, optional
        What the engine asks for; values below one mean no wish.

    Returns
    -------
    int
        The explicit setting of `set_num_threads`, else `requested`, else the default.
    """
    if _explicit_threads is not None:
        return _explicit_threads
    if requested is not None and requested > 0:
        return requested
    from_environment = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if from_environment.isdigit() and int(from_environment) > 0:
        return int(from_environment)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def by_row(function: Callable[..., Sequence[Array]], *inputs: Array) -> tuple[Array, ...]:
    """``function(*inputs)``, of NumPy arrays in chunks.

    Parameters
    ----------
    function : callable
        Computes each row from the same row of its arguments. It is called with one row first.
    *inputs : arrays with equally many rows
        Of any dimensions.
    """
    if not all(map(is_numpy_array, inputs)):
        return tuple(function(*inputs))
    if max(x.size for x in inputs) <= CHUNK:
        # in the memory order of a chunk, on which sums depend
        return tuple(function(*rows_of(inputs)))
    one = function(*(x[:1] for x in inputs))
    outputs = [np.empty((len(inputs[0]), *x.shape[1:]), x.dtype) for x in one]

    def fill(rows: slice) -> None:
        for out, result in zip(outputs, function(*rows_of(inputs, rows)), strict=True):
            out[rows] = result

    each_chunk(fill, inputs)
    return tuple(outputs)


def rows_of(arrays: Sequence[NumpyArray], rows: slice = slice(None)) -> list[NumpyArray]:
    """Some rows of each array, with contiguous columns.

    Sums over the few outputs of a row take a tenth of the time that way.
    """
    return [np.asfortranarray(x[rows]) for x in arrays]


def each_chunk(
    work: Callable[[slice], Any], inputs: Sequence[NumpyArray], requested: int | None = None
) -> list[Any]:
    """Call `work` with slices that cover all rows, of at most `CHUNK` numbers of an input each.

    Parameters
    ----------
    work : callable
        Computes each row on its own.
    inputs : sequence of arrays with equally many rows
        What it reads.
    requested : int, optional
        How many threads the engine asks for, see `get_num_threads`.

    Returns
    -------
    list
        What `work` returned for each.
    """
    n_rows = len(inputs[0])
    step = max(1, CHUNK * n_rows // max(1, *(x.size for x in inputs)))
    chunks = [slice(start, start + step) for start in range(0, n_rows, step)]
    keep_freed_memory()
    n_threads = len(chunks) // MIN_CHUNKS_PER_THREAD
    if n_threads > 1:
        n_threads = min(n_threads, get_num_threads(requested))
    if n_threads < 2:
        return [work(rows) for rows in chunks]
    warnings = np.geterr()  # a setting of each thread

    def run(rows: slice) -> Any:
        with np.errstate(**warnings):
            return work(rows)

    with ThreadPoolExecutor(n_threads, thread_name_prefix="boostobj") as pool:
        return list(pool.map(run, chunks))
