"""The table of docs/gradients.md: the verdicts of `rosesim check` on each scene, at the start and the best params.

    python docs/figures/verdicts.py [SCENE ...] [--set FIELD=VALUE ...]

Prints a table in Markdown, with the scenes in their order here. Each is trained as published, except for the settings
in the table. If scenes are named, only those; `--set` goes with one scene and replaces the settings below.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from rosesim.checks.distance import OverDistance
from rosesim.scenes import configure, find_scene
from rosesim.scenes.check import GradientCheck, check_gradient
from rosesim.train import train

ROWS: list[tuple[str, list[str], int | None]] = [
    ("billiards", [], None),
    ("billiards", ["contact=published"], None),
    ("bounce", [], None),
    ("box_friction", [], None),
    ("box_friction", ["contact=exact"], None),
    ("diffmpm", ["steps=128", "n=32"], 5),
    ("diffmpm3d", ["steps=32", "n=32"], 3),
    ("diffmpm_simple", ["steps=256", "n=40", "side=20"], 10),
    ("electric", [], 2000),
    ("fly_by", [], None),
    ("growth", [], None),
    ("identify", [], None),
    ("mass_spring", [], None),
    ("mass_spring_simple", [], None),
    ("rigid_body", [], None),
    ("robot", [], 100),
    ("smoke", ["n=32", "steps=20"], None),
    ("volume_renderer", ["n=16", "pixels=32"], 10),
    ("water_renderer", ["n=64", "steps=64"], None),
    ("wave", ["n=64", "steps=64"], None),
    ("whip", [], None),
]
"""Settings and iterations (None: the published number) with which a scene takes less than a minute."""


def verdicts(check: GradientCheck) -> str:
    """The kinds of a check's verdicts, each once."""
    return ", ".join(dict.fromkeys(v.kind for v in check.report.verdicts))


def percents(found: OverDistance | None) -> str:
    """The signs that agree and what is explained, for the three steps, with the number of directions."""
    if found is None or not any(a.directions for a in found.at):
        return "nothing changes"
    same = ", ".join("-" if not a.directions else f"{100 * a.same_sign:.0f}" for a in found.at)
    explained = ", ".join("-" if not a.directions else f"{100 * a.explained:.0f}" for a in found.at)
    return f"{same} / {explained} ({max(a.directions for a in found.at)})"


def row(name: str, settings: list[str], iterations: int | None) -> str:
    """A line of the table."""
    scene, inputs = configure(find_scene(name), settings)
    start = check_gradient(scene, inputs)
    run: Any = train(scene, inputs=inputs, iterations=iterations)
    best = check_gradient(scene, inputs, params=run.best_params)
    how = " ".join(settings) + (f", {iterations} iterations" if iterations else "")
    cells = [
        f"`{name}`" + (f" ({how.strip(', ')})" if how else ""),
        verdicts(start),
        percents(start.over_distance),
        verdicts(best),
        percents(best.over_distance),
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", metavar="SCENE")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    parser.add_argument("--iterations", type=int)
    given = parser.parse_args()
    if unknown := set(given.scenes) - {name for name, _, _ in ROWS}:
        parser.error(f"no scene of the table is called {', '.join(sorted(unknown))}")
    if given.set and len(given.scenes) != 1:
        parser.error("--set goes with one scene")
    print("| scene | at the start | signs / explained, % | at the best params | signs / explained, % |")
    print("| --- | --- | --- | --- | --- |")
    for name, settings, iterations in ROWS:
        if given.scenes and name not in given.scenes:
            continue
        begun = time.perf_counter()
        print(row(name, given.set or settings, given.iterations or iterations), flush=True)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
        if given.set:
            return


if __name__ == "__main__":
    main()
