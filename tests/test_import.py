"""What `import boostobj` loads, and what is said where an engine is missing."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ["xgboost", "lightgbm", "matplotlib", "pandas", "sklearn", "scipy", "mpmath", "joblib"]


def python(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return result.stdout.strip()


def test_import_loads_nothing_heavy():
    code = f"import sys, boostobj; print([m for m in {HEAVY} if m in sys.modules])"
    assert python(code) == "[]"


def test_what_is_imported_on_first_use_can_be_found():
    code = (
        "import boostobj; print(set(boostobj.__all__) <= set(dir(boostobj)),"
        "boostobj.testing.check_loss.__name__, boostobj.plots.CoverageDisplay.__name__,"
        "'CoverageDisplay' in dir(boostobj.plots))"
    )
    assert python(code) == "True check_loss CoverageDisplay True"


def test_a_loss_works_where_no_engine_is_installed():
    code = (
        "import sys; sys.modules.update(xgboost=None, lightgbm=None)\n"
        "import boostobj; loss = boostobj.Huber()\n"
        "print(loss.init_score([1., 2., 30.]), loss([1., 5.], [0., 0.])[0].tolist())"
    )
    assert python(code).startswith("2.0")
