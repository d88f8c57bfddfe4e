"""The application that the commands add themselves to, and what it knows of them before they are imported."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Command(NamedTuple):
    """A command that may not be imported yet."""

    module: str
    line: str
    """What --help says of it: the first line of its docstring."""


COMMANDS = {
    "run": Command("watch", "Watch and steer a scene or a run in a window."),
    "train": Command("train", "Tune a scene by its gradient, into a run's folder."),
    "check": Command("check", "Is the gradient right, and over what distance is it of use?"),
    "bench": Command("check", "How long do a value and its gradient take, and compiling?"),
    "export": Command("export", "Pictures, tables, a web page or a package."),
    "compare": Command("compare", "The losses of several runs, as a table and in one picture."),
    "list": Command("about", "The installed scenes, one per line."),
    "info": Command("about", "What a scene can be given; what is installed."),
    "new": Command("new", "Start a scene of your own, as a package with tests."),
    "diagram": Command("diagram", "Lay a diagram out by optimisation."),
    "identify": Command("identify", "A robot's masses and frictions from recorded motion."),
}
"""All commands, in the order of use, as --help lists them."""


class Commands(TyperGroup):
    """The commands of `COMMANDS`. A module is imported when its command is used: all of them, with the scenes,
    optimisers and options that they name, would be half of what --help takes."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**given, "commands": {k: TyperCommand(k, help=c.line) for k, c in COMMANDS.items()}})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command itself, instead of the line about it."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, known if name is None else imported(name), rest


def imported(name: str) -> Any:
    """A command as typer makes it, from its module."""
    import_module(f"rosesim.cli.{COMMANDS[name].module}")
    info = next(i for i in app.registered_commands if name in (i.name, getattr(i.callback, "__name__", None)))
    return typer.main.get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,  # rich would take most of the time of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

EXIT_STATUS = "Exit status: 0 done, 1 a run or a check failed, 2 the command was wrong."


def _print_version(wanted: bool) -> None:
    if wanted:
        # Not imported: no layer imports the package's public surface, which defines the version.
        print(f"rosesim {sys.modules['rosesim'].__version__}")
        raise typer.Exit


@app.callback(epilog=EXIT_STATUS)
def everywhere(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks, and check every number; may stand anywhere.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print rosesim's version.")
    ] = False,
) -> None:
    """Differentiable simulation of things that move."""
