"""The command line: what it prints, what it draws and what it refuses."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

mpl.use("Agg")

import boostobj
from boostobj import cli, demo
from boostobj.bench import main as bench
from boostobj.catalogue import built_in_losses, markdown_table
from boostobj.chart import text_chart
from boostobj.groups import GroupLoss


def run(capsys, *words):
    assert cli.main(words) == 0
    return capsys.readouterr().out


def test_list_names_every_loss(capsys):
    lines = run(capsys, "list").splitlines()
    assert [line.split()[0] for line in lines] == [cls.__name__ for cls in built_in_losses()]
    assert run(capsys, "list", "--markdown") == markdown_table()


@pytest.mark.parametrize("name", ["huber", "Huber"])
def test_show_tells_what_a_loss_is(capsys, name):
    out = run(capsys, "show", name, "delta=2")
    assert out.startswith("Huber(delta=2.0)\n")
    assert f"value     {boostobj.Huber.formula}\n" in out
    assert "Hessian   majorizer\n" in out
    assert "Where squared turns into absolute" in out
    assert out.count("|") > 15
    assert "residual: prediction - target" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("cls", built_in_losses(), ids=lambda cls: cls.__name__)
def test_show_knows_every_loss(capsys, cls):
    out = run(capsys, "show", cls.__name__)
    assert inspect.getdoc(cls) in out
    assert f"value     {cls.formula}\n" in out
    assert ("* value" in out) is not ("No curves" in out)


def test_show_and_plot_draw(capsys, tmp_path):
    picture = tmp_path / "a.png"
    assert f"picture: {picture}" in run(
        capsys, "show", "log_cosh", "hessian='exact'", "--output", str(picture)
    )
    assert picture.read_bytes().startswith(b"\x89PNG")
    both = tmp_path / "b.png"
    run(capsys, "plot", "huber", "log_cosh", "--range", "-9", "9", "--output", str(both))
    assert both.stat().st_size > 10_000


def test_a_picture_without_a_suffix_is_named_as_it_is_written(capsys, tmp_path):
    out = run(capsys, "plot", "huber", "--output", str(tmp_path / "loss"))
    assert f"picture: {tmp_path / 'loss.png'}" in out
    assert (tmp_path / "loss.png").exists()


def test_a_word_needs_no_quotes(capsys):
    assert "Hessian   exact" in run(capsys, "show", "log_cosh", "hessian=exact")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "hubber"], "did you mean 'huber'"),
        (["show", "huber", "delta"], "look like delta=2, got 'delta'"),
        (["show", "class_balanced", "loss=focal"], "ClassBalanced needs counts: make an instance"),
        (["plot", "huber", "delta=2"], "takes names of losses only, got 'delta=2'"),
        (["plot", "huber", "--output", "."], "must be a file, got the folder '.'"),
        (["show", "huber", "delta=-1"], "delta must be finite and > 0, got -1"),
        (["show", "huber", "gamma=1"], "unexpected keyword argument 'gamma'"),
        (["plot", "huber", "logistic"], "one axis in common"),
        (["plot", "huber", "--range", "1", "1"], "two different finite numbers, got 1 1"),
        (["show", "huber", "--range", "1", "1"], "two different finite numbers, got 1 1"),
        (["show", "huber", "--range", "0", "nan"], "--range: must be two different finite"),
        (["show", "triplet", "--range", "0", "1"], "no curves: Triplet(margin=1.0) has no curve"),
        (["show", "triplet", "--output", "z.png"], "no curves: Triplet(margin=1.0) has no curve"),
        (["bench", "pairwise_hinge", "--rows", "10"], "sizes of groups"),
        (["bench", "huber", "--rows", "0"], "--rows: must be a whole number > 0, got '0'"),
        (["bench", "huber", "--repeat", "-1"], "--repeat: must be a whole number > 0, got '-1'"),
        (["demo", "--rounds", "many"], "--rounds: must be a whole number > 0, got 'many'"),
        (["demo", "--output", "/nowhere/a.png"], "--output: there is no folder '/nowhere'"),
        (["plot", "huber", "--output", "a.txt"], "Format 'txt' is not supported"),
        ([], "required: COMMAND"),
        (["train"], "invalid choice: 'train'"),
    ],
)
def test_mistakes_are_explained(capsys, words, message):
    with pytest.raises(SystemExit, match="2"):
        cli.main(words)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("error", [TypeError, ValueError, OSError])
def test_our_own_mistakes_are_not_the_users(monkeypatch, error):
    def broken(*args, **kwargs):
        raise error("broken")

    monkeypatch.setattr("boostobj.bench.main", broken)
    with pytest.raises(error, match="broken"):
        cli.main(["bench", "huber"])


def test_bench_times_what_it_is_asked_for(capsys):
    out = run(capsys, "bench", "huber", "softmax", "--rows", "500", "--repeat", "1")
    assert re.search(r"^Huber +[\d.]+ +[\d.]+$", out, flags=re.MULTILINE)
    assert re.search(r"^Softmax +[\d.]+ +[\d.]+  for 3 outputs$", out, flags=re.MULTILINE)


def test_bench_leaves_only_losses_of_groups_out(capsys):
    timed = bench(rows=50, repeat=1)
    assert all(nanoseconds > 0 for nanoseconds in timed.values())
    grouped = {cls.__name__ for cls in built_in_losses() if issubclass(cls, GroupLoss)}
    assert len(timed) == len(built_in_losses()) - len(grouped)
    assert not grouped & {name.split("(")[0] for name in timed}


def test_demo_trains_every_slot_and_draws(capsys, tmp_path):
    picture = tmp_path / "demo.png"
    for engine in ("xgboost", "lightgbm"):  # whose threads are to be limited
        pytest.importorskip(engine)
    with threadpool_limits(1):
        results = demo.main(picture, rounds=2, n_rows=1000)
    out = capsys.readouterr().out
    for task, runs in results.items():
        assert task in out
        assert len({run.slot for run in runs}) == 4
        assert all(np.isfinite(run.score) for run in runs)
    assert picture.stat().st_size > 10_000


def test_demo_passes_its_options_on(monkeypatch, tmp_path):
    seen = {}
    monkeypatch.setattr(demo, "main", lambda output, rounds: seen.update(o=output, r=rounds))
    assert cli.main(["demo", "--rounds", "7", "--output", str(tmp_path / "a.png")]) == 0
    assert seen == {"o": tmp_path / "a.png", "r": 7}


def test_charts_put_the_last_curve_on_top():
    x = np.linspace(0, 4, 5)
    chart = text_chart(x, {".": np.zeros(5), "*": x}, width=5, height=5)
    assert [line.split("|")[1] for line in chart.splitlines()[:5]] == [
        "    *",
        "   *",
        "  *",
        " *",
        "*....",
    ]
    assert chart.splitlines()[5].split() == ["0", "4"]
    flat = text_chart(x, {"*": np.ones(5)}, width=5, height=2)
    assert "*****" in flat


def test_the_module_is_a_program():
    result = subprocess.run(
        [sys.executable, "-m", "boostobj", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for command in ("list", "show", "plot", "demo", "bench"):
        assert command in result.stdout
