"""The README's code runs and its table is the one the classes give."""

from __future__ import annotations

import re
from pathlib import Path

import boostobj
from boostobj.catalogue import markdown_table

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_python_blocks_run_in_order():
    scope: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) >= 6
    for block in blocks:
        exec(compile(block, "README.md", "exec"), scope)


def test_table_of_losses_is_fresh():
    table = README.split("<!-- losses -->\n")[1].split("<!-- /losses -->")[0]
    assert table == markdown_table(), "paste the output of: python -m boostobj list --markdown"


def test_two_commands_and_no_more():
    commands = re.findall(r"^python3 -m venv .*$", README, flags=re.MULTILINE)
    assert [("demo" in c, "pytest" in c) for c in commands] == [(True, False), (False, True)]


def test_every_public_name_exists():
    assert len(set(boostobj.__all__)) == len(boostobj.__all__)
    for name in boostobj.__all__:
        assert getattr(boostobj, name) is not None
