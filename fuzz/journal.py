"""The record of a fuzz run: a line of JSON for each chunk, so that a run can be stopped at any time and continued."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CHANGED = "changed by "
"""Before the name of a pass: how many programs it changed."""


class Journal:
    """A folder with `journal.jsonl`, and in `running` the present program of each process."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.running = folder / "running"
        self.running.mkdir(parents=True, exist_ok=True)
        self.file = folder / "journal.jsonl"

    def add(self, entry: dict[str, Any]) -> None:
        """Append a finished chunk."""
        with self.file.open("a", encoding="utf-8") as f:
            if f.tell() and not self.file.read_bytes().endswith(b"\n"):
                f.write("\n")  # the last line was cut off
            f.write(json.dumps(entry) + "\n")

    def entries(self) -> list[dict[str, Any]]:
        """All finished chunks; a line that was cut off when a run was killed does not count."""
        if not self.file.exists():
            return []
        found: list[dict[str, Any]] = []
        for line in self.file.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def done(self, modes: bool, large: bool = False, wasm: bool = False) -> set[int]:
        """The numbers of the finished chunks."""
        asked = modes, large, wasm
        return {
            e["chunk"] for e in self.entries() if (e["modes"], e.get("large", False), e.get("wasm", False)) == asked
        }


def named(entry: dict[str, Any]) -> str:
    """A chunk and the row that it found, so that `fuzz.chunk.judge` can run it again."""
    kind = "large " * entry.get("large", False) + "wasm " * entry.get("wasm", False)
    return f"chunk {entry['chunk']}: {kind}row {entry['found']['row']}"


def report(entries: Iterable[dict[str, Any]]) -> str:
    """The counts and the disagreements, in Markdown."""
    count: Counter[str] = Counter()
    found: list[dict[str, Any]] = []
    for e in entries:
        count.update(e["counts"])
        if e["found"]:
            found.append(e)
    has = {k[4:]: n for k, n in count.items() if k.startswith("has ")}
    pairs = {k: n for k, n in count.items() if " in " in k and not _is_count(k)}
    fed = {k: n for k, n in count.items() if " of " in k and not _is_count(k)}
    lines = ["| what | programs |", "| --- | ---: |"]
    by_number = sorted(count.items(), key=lambda kn: -kn[1])
    lines += [f"| {k} | {n:,} |" for k, n in by_number if _is_count(k)]
    lines += ["", "| pass | changed programs |", "| --- | ---: |"]
    lines += [f"| {k.removeprefix(CHANGED)} | {n:,} |" for k, n in by_number if k.startswith(CHANGED)]
    rarest = sorted(has, key=has.__getitem__)[:3]
    lines += [
        "",
        f"{len(has)} operators and constructs, the rarest {', '.join(f'{k} ({has[k]:,})' for k in rarest)}; "
        f"{len(pairs)} pairs of one construct within another; {len(fed)} pairs of one taking another's result.",
        "",
        f"{len(found)} disagreements.",
    ]
    lines += [f"- {named(e)}: {e['found']['said']}" for e in found]
    return "\n".join(lines)


_COUNTS = (
    *("programs", "unoptimised", "optimised", "run twice", "reverse", "forward", "not ", "derivative", "second"),
    *("stopped", "in lanes", "in a batch", "in WebAssembly", "from the cache", "single", "debug"),
)


def _is_count(key: str) -> bool:
    """Whether a key counts programs by what was done with them, and not by their parts."""
    return key.startswith(_COUNTS) and not key.startswith(("not in", "not of"))
