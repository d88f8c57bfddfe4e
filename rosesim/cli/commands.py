"""All commands: importing their modules adds them to the application."""

from rosesim.cli import about, check, diagram, export, new, train, watch
from rosesim.cli.app import app

__all__ = ["about", "app", "check", "diagram", "export", "new", "train", "watch"]
