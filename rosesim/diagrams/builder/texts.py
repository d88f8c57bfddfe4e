"""Diagrams of the three languages in Python: `read` takes texts, `load` files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rosesim.diagrams import trios
from rosesim.diagrams.builder.mistakes import mistake
from rosesim.diagrams.builder.picture import Picture, laid_out
from rosesim.diagrams.labels import Labels, Measured
from rosesim.diagrams.language import read_domain, read_style, read_substance
from rosesim.diagrams.layout import Diagram, Text, of_syntax, text_of
from rosesim.diagrams.syntax import Domain, Style, Substance

if TYPE_CHECKING:
    from rosesim.diagrams.scalars import Scalar
    from rosesim.diagrams.values import Shape, Vector

PathLike = Path | str


@dataclass(frozen=True, slots=True)
class Texts:
    """A diagram that was read: three texts, parsed, and the seed that they come with."""

    domain: Domain
    substance: Substance
    style: Style
    seed: str
    labels: Labels
    folder: Path | Sequence[Path] | None

    def __repr__(self) -> str:
        return f"<Texts of {len(self.substance.objects)} objects>"

    def diagram(self, seed: str | None = None) -> Diagram:
        """The diagram that a layout starts from, its labels measured."""
        seed = self.seed if seed is None else seed
        return of_syntax(self.domain, self.substance, self.style, seed, self.labels, self.folder)

    def layout(
        self,
        seed: str | None = None,
        *,
        variations: int = 1,
        start: Picture | None = None,
        fixed: Iterable[str | Shape | Scalar | Vector] = (),
        steps: int | None = None,
    ) -> Picture:
        """Lay the diagram out, as `Canvas.layout` does. Shapes have their paths as names: "`a`.icon"."""
        seed = self.seed if seed is None else seed
        return laid_out(self.diagram(seed), seed, variations=variations, start=start, fixed=fixed, steps=steps)


def read(
    domain: str,
    substance: str,
    style: str | Sequence[str],
    *,
    seed: str = "",
    labels: Labels | None = None,
    folder: PathLike | None = None,
) -> Texts:
    """A diagram of three texts; several Style texts are joined in order.

    `seed` draws the start, `labels` measure texts and equations (by default the fonts of `rosesim[diagrams]`),
    relative images lie in `folder`. Raises DiagramError with all mistakes that were found together.

    >>> shops = read("type Shop", "Shop a, b", '''
    ... canvas { width = 200
    ...          height = 100 }
    ... forall Shop s { s.icon = Circle { r: 10 } }
    ... forall Shop s; Shop t { ensure disjoint(s.icon, t.icon, 30) }
    ... ''')
    >>> picture = shops.layout("a seed")
    >>> picture.verdict(), picture["`a`.icon"].r
    ('all 3 constraints hold', 10.0)
    """
    styles = [style] if isinstance(style, str) else list(style)
    names = ["style"] if len(styles) == 1 else [f"style {k}" for k in range(1, len(styles) + 1)]
    return _read(
        Text(domain, "domain"),
        Text(substance, "substance"),
        [Text(text, name) for text, name in zip(styles, names, strict=True)],
        seed,
        labels,
        None if folder is None else Path(folder),
    )


def load(
    file: PathLike,
    *,
    domain: PathLike | None = None,
    style: PathLike | Sequence[PathLike] | None = None,
    labels: Labels | None = None,
) -> Texts:
    """A diagram of files: a trio's .json, or a .substance file with its `domain` and `style` files.

    Raises DiagramError where a file cannot be read, and with all mistakes that were found together.

    >>> load("no-such-file.json")
    Traceback (most recent call last):
    rosesim...DiagramError: no-such-file.json cannot be read: No such file or directory; expected a text file
    """
    path = Path(file)
    if path.suffix == ".json":
        trio = trios.from_json(path)
    elif domain is None or style is None:
        raise mistake("FileError", f"{file} was given without domain and style; expected domain=FILE, style=FILE")
    else:
        styles = [style] if isinstance(style, Path | str) else style
        trio = trios.Trio(path.stem, Path(domain), path, tuple(map(Path, styles)))
    texts = text_of(trio.domain), text_of(trio.substance), [text_of(s) for s in trio.styles]
    return _read(*texts, trio.variation, labels, trio.folders)


def _read(
    domain: Text,
    substance: Text,
    styles: Sequence[Text],
    seed: str,
    labels: Labels | None,
    folder: Path | Sequence[Path] | None,
) -> Texts:
    checked = read_domain(domain.text, domain.file)
    objects = read_substance(substance.text, substance.file, checked)
    return Texts(checked, objects, read_style(list(styles)), seed, labels or Measured(), folder)
