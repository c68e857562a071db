"""The command line: ``boostobj`` or ``python -m boostobj``."""

from __future__ import annotations

import argparse
import ast
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import boostobj
from boostobj._registry import all_losses, get_loss, snake_case
from boostobj._typing import NumpyArray
from boostobj.base import Loss
from boostobj.catalogue import markdown_table, plain_table

if TYPE_CHECKING:
    from boostobj.plots import LossDisplay


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the program's name; by default those of the process.

    Returns
    -------
    int
        The exit status.
    """
    parser = _parser()
    chosen = vars(parser.parse_args(arguments))
    command = chosen.pop("command")
    try:
        _COMMANDS[command](**chosen)
    except (ImportError, argparse.ArgumentError) as error:
        parser.error(str(error))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="boostobj", description="Objectives for gradient boosting."
    )
    parser.add_argument("--version", action="version", version=f"boostobj {boostobj.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="all losses")
    listing.add_argument("--markdown", action="store_true", help="as the README's table")

    show = commands.add_parser("show", help="one loss: formula, parameters, curvature, curves")
    show.add_argument("name", help="such as log_cosh or LogCosh")
    show.add_argument("parameters", nargs="*", metavar="parameter=value", help="such as scale=2")
    _add_picture(show, None)

    plot = commands.add_parser("plot", help="a picture of one or more losses")
    plot.add_argument("names", nargs="+", metavar="name", help="such as huber log_cosh")
    _add_picture(plot, Path("boostobj_losses.png"))

    demo = commands.add_parser("demo", help="compare on 60,000 flights, draw")
    demo.add_argument(
        "--output", type=_picture, default=Path("boostobj_demo.png"), help="the picture"
    )
    demo.add_argument("--rounds", type=_count, default=150, help="boosting rounds (150)")

    bench = commands.add_parser("bench", help="how long losses take to answer a booster")
    bench.add_argument(
        "names", nargs="*", metavar="name", help="losses, by default all but those of groups"
    )
    bench.add_argument("--rows", type=_count, default=1_000_000, help="rows (1,000,000)")
    bench.add_argument("--repeat", type=_count, default=5, help="repetitions (5)")
    return parser


def _add_picture(command: argparse.ArgumentParser, output: Path | None) -> None:
    command.add_argument(
        "--range",
        dest="ends",
        nargs=2,
        type=float,
        metavar=("LOW", "HIGH"),
        help="ends of the axis",
    )
    command.add_argument(
        "--output", type=_picture, default=output, help=f"the picture ({output or 'none'})"
    )


def _list(*, markdown: bool) -> None:
    print(markdown_table() if markdown else plain_table(), end="")


def _show(
    name: str, parameters: list[str], ends: Sequence[float] | None, output: Path | None
) -> None:
    from boostobj.chart import text_chart
    from boostobj.plots import LossDisplay

    loss, axis = _loss(name, parameters), _axis(ends)
    built_in = ", ".join(f"{objective} ({engine})" for engine, objective in loss.builtin.items())
    facts = {
        "value": type(loss).formula,
        "link": repr(loss.link),
        "Hessian": loss.curvature,
        "built-in": built_in or "none",
        "metric": loss.metric.name,
    }
    print(f"{loss!r}\n")
    print("\n".join(f"{what:<10}{fact}" for what, fact in facts.items()))
    print(f"\n{inspect.getdoc(type(loss))}\n")
    try:
        display = LossDisplay.evaluate(loss, raw_prediction=axis)
    except ValueError as error:
        if ends is not None or output is not None:
            raise argparse.ArgumentError(None, f"no curves: {error}") from error
        print(f"No curves: {error}.")
        return
    (curve,) = display.curves
    curves = {"o": curve.hessian, ".": curve.gradient, "*": curve.value}
    print(text_chart(display.raw_prediction, curves), end="")
    print(f"{display.xlabel:^89}\n{'* value   . gradient   o Hessian':^89}".rstrip())
    if output is not None:
        _save(display.plot(), output)


def _plot(names: list[str], ends: Sequence[float] | None, output: Path) -> None:
    from boostobj.plots import LossDisplay

    losses = [_loss(name, []) for name in names]
    with _told(ValueError):
        display = LossDisplay.from_loss(losses, raw_prediction=_axis(ends))
    _save(display, output)


def _demo(output: Path, rounds: int) -> None:
    from boostobj.demo import main as run_demo  # pandas and engines load only here

    with _told(OSError):
        run_demo(output, rounds=rounds)


def _bench(names: list[str], rows: int, repeat: int) -> None:
    from boostobj.bench import main as run_bench
    from boostobj.bench import timed_losses

    chosen = [_loss(name, []) for name in names]
    with _told(TypeError):
        losses = timed_losses(chosen or None)
    run_bench(losses, rows=rows, repeat=repeat)


_COMMANDS: dict[str, Callable[..., None]] = {
    "list": _list,
    "show": _show,
    "plot": _plot,
    "demo": _demo,
    "bench": _bench,
}


def _loss(name: str, parameters: list[str]) -> Loss:
    """The loss of that name; without parameters its first example, as some need parameters."""
    if "=" in name:
        raise argparse.ArgumentError(None, f"takes names of losses only, got {name!r}")
    name = snake_case(name)
    if parameters or name not in all_losses():
        with _told(TypeError, ValueError):
            return get_loss(name, **dict(map(_parameter, parameters)))
    return all_losses()[name].examples()[0]


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"parameters look like delta=2, got {text!r}")
    for read in (ast.literal_eval, float):  # the latter for infinities
        try:
            return name, read(value)
        except (SyntaxError, ValueError):
            pass
    return name, value


def _count(text: str) -> int:
    """A positive whole number."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number > 0, got {text!r}")
    return int(text)


def _picture(text: str) -> Path:
    """A file in a folder that exists, as it is written last."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"must be a file, got the folder {text!r}")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
    return path if path.suffix else path.with_suffix(".png")


@contextmanager
def _told(*mistakes: type[Exception]) -> Iterator[None]:
    """Say what is wrong with what the user typed; any other error is ours."""
    try:
        yield
    except mistakes as error:
        raise argparse.ArgumentError(None, str(error)) from error


def _save(display: LossDisplay, output: Path) -> None:
    with _told(OSError, ValueError):  # not writable, no such format
        display.figure_.savefig(output, dpi=120)
    print(f"picture: {output}")


def _axis(ends: Sequence[float] | None) -> NumpyArray | None:
    if ends is None:
        return None
    low, high = ends
    if low == high or not np.isfinite([low, high]).all():
        raise argparse.ArgumentError(
            None, f"argument --range: must be two different finite numbers, got {low:g} {high:g}"
        )
    return np.linspace(low, high, 801)
