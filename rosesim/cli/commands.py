"""All commands: importing their modules adds them to the application."""

from rosesim.cli import about, check, compare, diagram, export, identify, new, train, watch
from rosesim.cli.app import app

IN_ORDER_OF_USE = (
    "run",
    "train",
    "check",
    "bench",
    "export",
    "compare",
    "list",
    "info",
    "new",
    "diagram",
    "identify",
)
"""The commands as --help lists them."""

app.registered_commands.sort(key=lambda command: IN_ORDER_OF_USE.index(command.name or command.callback.__name__))  # pyright: ignore[reportOptionalMemberAccess] -- each has one

__all__ = ["about", "app", "check", "compare", "diagram", "export", "identify", "new", "train", "watch"]
