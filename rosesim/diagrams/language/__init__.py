"""The three languages: from texts to the records of `rosesim.diagrams.syntax`.

    lexicon <- tokens <- expected <- parser <- domain, style
    parser <- indices <- statements <- substance

Domain and Substance are checked here; Style is only parsed, for its meaning depends on what it is matched with.
"""

from rosesim.diagrams.language.domain import read_domain
from rosesim.diagrams.language.style import read_style
from rosesim.diagrams.language.substance import read_substance

__all__ = ["read_domain", "read_style", "read_substance"]
