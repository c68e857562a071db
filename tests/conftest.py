"""Data and engines shared by the tests."""

from __future__ import annotations

import os

# Before anything loads OpenMP: the suite may share its processors.
os.environ.setdefault("OMP_NUM_THREADS", "2")
# scikit-learn's checks ask for it, before anything imports SciPy.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import array_api_strict as xp
import numpy as np
import pytest


@pytest.fixture
def device(monkeypatch):
    """A device whose arrays come to NumPy on request only, as those of a GPU do."""

    def to_device(x, to, stream=None):
        return xp.asarray(x._array, device=xp.Device("CPU_DEVICE" if to == "cpu" else to))

    monkeypatch.setattr(type(xp.asarray(0)), "to_device", to_device)
    return xp.Device("device1")


@pytest.fixture(scope="session")
def regression():
    """600 rows with a non-linear signal, heavy-tailed noise, missing values and weights."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    y = 2 * X[:, 0] + np.sin(3 * X[:, 1]) + rng.standard_t(3, 600)
    X[rng.random(X.shape) < 0.05] = np.nan
    return X, y.astype(np.float32).astype(np.float64), rng.uniform(0.2, 3, 600)
