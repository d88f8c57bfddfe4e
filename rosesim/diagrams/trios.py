"""Trios: the files of a diagram as an index lists them, or as they are named one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.labels import Labels, Table
from rosesim.diagrams.layout import Diagram, read, text_of


@dataclass(frozen=True, slots=True)
class Trio:
    """The files of one diagram, and the seed of its start."""

    name: str
    domain: Path
    substance: Path
    styles: tuple[Path, ...]
    variation: str = ""
    hidden: tuple[str, ...] = ()
    """Kinds of warnings that are not shown."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where images are looked for: beside the styles in order, then beside the substance."""
        return tuple(dict.fromkeys(file.parent for file in (*self.styles, self.substance)))

    def read(self, *, variation: str | None = None, labels: Labels | None = None) -> Diagram:
        """The diagram."""
        return read(
            text_of(self.domain),
            text_of(self.substance),
            [text_of(s) for s in self.styles],
            variation=self.variation if variation is None else variation,
            labels=labels,
            folder=self.folders,
        )


def from_index(index: Path, wanted: str, folder: Path | None = None) -> Trio:
    """Entry `wanted` of an index file: a JSON list of objects with id, domain, substance, style, variation.

    Paths are relative to `folder` (by default `files` beside the index, or the index's own folder). Raises
    DiagramError if there is no such entry.
    """
    entries = _json(index)
    folder = folder or (index.parent / "files" if (index.parent / "files").is_dir() else index.parent)
    if isinstance(entries, dict):
        return _trio(entries, folder, index)
    for entry in entries:
        if isinstance(entry, dict) and wanted in (entry.get("id"), str(entry.get("id", "")).replace("/", "__")):
            return _trio(entry, folder, index)
    raise DiagramError(Fault("FileError", f"{index} has no entry {wanted!r}; expected the id of one of its entries"))


def from_json(file: Path, folder: Path | None = None) -> Trio:
    """One trio's JSON file: an object with domain, substance, style (a path or a list) and variation."""
    return _trio(_json(file), folder or file.parent, file)


def reference_labels(file: Path) -> Table:
    """The label sizes that a reference file lists under "labels", to all digits where it also has the start."""
    data = _json(file)
    rows = [list(row) for row in data.get("labels", [])]
    exact: dict[str, dict[str, float]] = {}
    position = 0
    for path, what, count, *_ in data.get("inputs", []):
        if what in _SIZES:
            exact.setdefault(path, {})[what] = data["x0"][position]
        position += count
    for path, row in data.get("label_of", {}).items():
        for column, what in enumerate(_SIZES, start=3):
            rows[row][column] = exact.get(path, {}).get(what, rows[row][column])
    return Table.of(rows)


_SIZES = ("width", "height", "ascent", "descent")
"""Of a row, after kind, string and font."""


def _json(file: Path) -> Any:
    try:
        return json.loads(text_of(file).text)
    except json.JSONDecodeError as error:
        sentence = f"{file}:{error.lineno}:{error.colno} is not JSON: {error.msg}; expected an object or a list"
        raise DiagramError(Fault("FileError", sentence)) from None


def _trio(entry: Any, folder: Path, file: Path) -> Trio:
    missing = [k for k in ("domain", "substance", "style") if not isinstance(entry, dict) or k not in entry]
    if missing:
        sentence = f"{file} has no {' and no '.join(missing)}; expected the paths of domain, substance and style"
        raise DiagramError(Fault("FileError", sentence))
    styles: Sequence[str] = [entry["style"]] if isinstance(entry["style"], str) else entry["style"]
    name = str(entry.get("id", entry.get("name", file.stem)))
    variation = str(entry.get("variation", ""))
    return Trio(
        name,
        folder / entry["domain"],
        folder / entry["substance"],
        tuple(folder / s for s in styles),
        variation,
        tuple(map(str, entry.get("excludeWarnings", ()))),
    )
