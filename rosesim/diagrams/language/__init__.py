"""The three languages: from texts to the records of `rosesim.diagrams.syntax`.

    lexicon <- tokens <- expected <- parser <- domain, style
    parser <- indices <- statements <- substance

Domain and Substance are checked here; Style is only parsed, for its meaning depends on what it is matched with.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rosesim.diagrams.language.domain import read_domain
    from rosesim.diagrams.language.style import read_style
    from rosesim.diagrams.language.substance import read_substance

__all__ = ["read_domain", "read_style", "read_substance"]


def __getattr__(name: str) -> Any:
    """A reader, loaded when it is asked for: who builds a diagram in Python needs none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{name.removeprefix('read_')}"), name)
