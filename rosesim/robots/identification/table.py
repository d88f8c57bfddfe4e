"""A recorded motion in a file: a table of numbers with a head, separated by commas."""

from __future__ import annotations

import csv
import os
import re

import numpy as np
from numpy.typing import NDArray

from rosesim.robots.files.errors import RobotError, quoted
from rosesim.robots.files.source import read
from rosesim.robots.identification.record import Record

LARGEST_BYTES = 1 << 26
"""Of a record: six minutes of seven joints and their motors at a kilohertz. Parsed, it takes ten times as much."""
LONGEST_LINE = 100_000
"""Characters: a thousand numbers have 25 each."""
KINDS = {"q": "q", "v": "v", "ctrl": "ctrl", "sensor": "sensors", "act": "activation"}


def read_record(path: str | os.PathLike[str]) -> Record:
    """A record from a CSV file. Its first line names the columns: `time`, `q0`, `q1`, ..., `ctrl0`, ..., and where
    they were measured `v0`, ..., `sensor0`, ...; an empty cell was not measured. Of
    activations, `act0`, ..., the first row counts.

    Raises RobotError, with the file and the line, for a file that is no such table.

    >>> import pathlib, tempfile
    >>> from rosesim import robots
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "swing.csv"
    >>> _ = file.write_text("time,q0,ctrl0\\n0.0,0.1,1.0\\n0.01,,1.0\\n0.02,0.12,1.0\\n")
    >>> robots.read_record(file).q.tolist()
    [[0.1], [nan], [0.12]]
    """
    name = os.fspath(path)
    text = read(name, LARGEST_BYTES).decode("utf-8-sig", errors="replace")
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise RobotError(name, number, f"{len(line)} characters were found; expected at most {LONGEST_LINE:,}")
    rows = csv.reader(lines)
    head = [cell.strip() for cell in next(rows, [])]
    columns = _columns(name, head)
    cells: list[list[float]] = []
    for line, row in enumerate(rows, 2):
        if not row:
            continue
        if len(row) != len(head):
            raise RobotError(name, line, f"{len(row)} cells were found; expected {len(head)}, as the first line has")
        cells.append([_number(name, line, cell) for cell in row])
    table = np.reshape(np.array(cells, dtype=np.float64), (-1, len(head)))
    found: dict[str, NDArray[np.float64]] = {kind: table[:, places] for kind, places in columns.items()}
    times = found["time"][:, 0] if "time" in found else None
    active = found["activation"][0] if "activation" in found and len(table) else None
    return Record(found["q"], found.get("ctrl"), found.get("v"), found.get("sensors"), times, activation=active)


def _columns(file: str, head: list[str]) -> dict[str, list[int]]:
    """Where the columns of each kind are, by number."""
    where: dict[str, dict[int, int]] = {}
    for place, cell in enumerate(head):
        parts = re.fullmatch(r"(q|v|ctrl|sensor|act)(\d{1,4})", cell)
        if cell == "time":
            kind, number = "time", 0
        elif parts:
            kind, number = KINDS[parts[1]], int(parts[2])
        else:
            raise RobotError(
                file,
                1,
                f"the column {quoted(cell)} was found; expected time, q0, q1, ..., v0, ctrl0, sensor0, act0, ...",
            )
        if number in where.setdefault(kind, {}):
            raise RobotError(file, 1, f"the column {quoted(cell)} was found twice; expected it once")
        where[kind][number] = place
    if "q" not in where:
        raise RobotError(file, 1, "no column q0 was found; expected positions: time, q0, q1, ...")
    for kind, places in where.items():
        if sorted(places) != list(range(len(places))):
            raise RobotError(
                file, 1, f"the columns of {kind} have the numbers {sorted(places)}; expected 0, 1, ... without gaps"
            )
    return {kind: [places[k] for k in range(len(places))] for kind, places in where.items()}


def _number(file: str, line: int, cell: str) -> float:
    if not cell.strip():
        return np.nan
    try:
        found = float(cell.replace("_", "?"))  # Python alone takes 1_000 for a number
    except ValueError:
        found = np.inf
    if np.isinf(found):
        raise RobotError(file, line, f"{quoted(cell)} was found; expected a finite number, or nothing")
    return found
