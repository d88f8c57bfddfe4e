"""`rosesim diagram`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rosesim.cli.app import app
from rosesim.cli.output import note
from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import check_target, fresh, write_beside

if TYPE_CHECKING:
    from rosesim.diagrams.errors import Fault
    from rosesim.diagrams.layout import Diagram, Layout
    from rosesim.diagrams.trios import Trio

Source = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="A .substance file (with --domain and --style), or a trio's .json."),
]
DomainFile = Annotated[Path | None, typer.Option("--domain", metavar="FILE", help="The Domain text.")]
StyleFiles = Annotated[
    list[Path] | None, typer.Option("--style", metavar="FILE", help="A Style text; several are joined in order.")
]
TrioName = Annotated[
    str | None, typer.Option("--trio", metavar="INDEX.json#ID", help="An entry of an index of trios.")
]
Files = Annotated[Path | None, typer.Option("--files", metavar="FOLDER", help="Where the paths of a trio begin.")]
LabelSizes = Annotated[
    Path | None,
    typer.Option("--labels", metavar="FILE.json", help='Label sizes from a table ("labels") instead of fonts.'),
]
InspectFile = Annotated[
    Path | None, typer.Option("--inspect", metavar="OUT.json", help="Write inputs, terms, energies and the end.")
]
SvgFile = Annotated[Path | None, typer.Option("--svg", metavar="OUT.svg", help="Write the picture.")]
PngFile = Annotated[Path | None, typer.Option("--png", metavar="OUT.png", help="Write the picture as pixels.")]
Seed = Annotated[str | None, typer.Option("--seed", metavar="WORD", help="The variation: another start.")]
Variations = Annotated[
    int, typer.Option("--variations", metavar="N", min=1, max=1000, help="Try N starts and keep the best end.")
]
Watch = Annotated[bool, typer.Option("--watch", help="Lay out again whenever a file is saved.")]
InWindow = Annotated[bool, typer.Option("--window", help="Open it in a window, to drag its shapes.")]


@app.command(short_help="Lay a diagram out by optimisation.")
def diagram(
    source: Source = None,
    domain: DomainFile = None,
    style: StyleFiles = None,
    trio: TrioName = None,
    files: Files = None,
    labels: LabelSizes = None,
    svg: SvgFile = None,
    png: PngFile = None,
    inspect: InspectFile = None,
    seed: Seed = None,
    variations: Variations = 1,
    watch: Watch = False,
    window: InWindow = False,
) -> None:
    """Lay a diagram out: what it is about (Domain, Substance) and how it looks (Style) become a picture."""
    if svg is None and png is None and inspect is None and not window:
        raise SceneError("diagram needs --svg FILE, --png FILE, --inspect FILE or --window")
    if window and watch:
        raise SceneError("--window and --watch were given; expected one of them")
    for suffix, file in ((".svg", svg), (".png", png), (".json", inspect)):
        if file is not None:
            check_target(file, suffix)
    found = named_files(source, domain, style or [], trio, files)

    if watch:
        _watch(found, labels, seed, lambda made, layout: _write(found.name, made, layout, svg, png, inspect))
        return
    began = time.perf_counter()
    made, layout, kept = _laid_out(found, labels, seed, variations)
    _write(found.name, made, layout, svg, png, inspect)
    _tell(found, layout, began, kept if variations > 1 else None)
    if window:
        _watch_window(found, made, seed, layout)


def watch_files(source: Path, domain: Path | None, styles: list[Path], seed: str | None) -> None:
    """Open a diagram's files in a window; where there is no display, write the picture beside where one stands."""
    from rosesim.view.display import NoDisplay

    found = named_files(source, domain, styles)
    made = found.read(variation=seed)
    try:
        _watch_window(found, made, seed, None)
    except NoDisplay as e:
        file = fresh(Path(f"{Path(found.name).name}.svg"))
        note(f"{e}: this writes {file} instead of opening a window")
        began = time.perf_counter()
        layout = made.layout()
        _write(found.name, made, layout, file, None, None)
        _tell(found, layout, began)


def _watch_window(trio: Trio, made: Diagram, seed: str | None, layout: Layout | None) -> None:
    from rosesim.diagrams.live import Live
    from rosesim.view.diagram import watch_diagram

    live = Live(made, trio.variation if seed is None else seed, layout)
    watch_diagram(live, Path(trio.name).name, Path.cwd())


MOST_WARNINGS = 8
"""Warnings that are shown; of the others the number."""


MOST_BROKEN = 5
"""Violated constraints that are shown, the worst first."""


def _tell(trio: Trio, layout: Layout, began: float, kept: str | None = None) -> None:
    """What a person should know: warnings, violated constraints where they were written, the verdict, `kept`."""
    told = [*(f for f in layout.problem.warnings if f.kind not in trio.hidden), *_misspelt(layout)]
    warnings = dict.fromkeys(map(str, told))
    for warning in list(warnings)[:MOST_WARNINGS]:
        note(f"warning: {warning}")
    if len(warnings) > MOST_WARNINGS:
        note(f"and {len(warnings) - MOST_WARNINGS} more warnings")
    for broken in layout.broken[:MOST_BROKEN]:
        if str(broken.term.place):
            note(f"{broken.term.place}: {broken}")
    of = "" if kept is None else f'; kept --seed "{kept}"'
    print(f"{trio.name}: {layout.verdict()}{of} ({1e3 * (time.perf_counter() - began):.0f} ms)", flush=True)


def _misspelt(layout: Layout) -> list[Fault]:
    """A warning for each property that nobody knows."""
    from rosesim.diagrams.errors import Fault
    from rosesim.diagrams.picture.passthrough import unknown
    from rosesim.diagrams.shapes import SHAPES
    from rosesim.diagrams.style.hints import did_you_mean, with_article

    def sentence(kind: str, name: str) -> str:
        hint = did_you_mean(name, SHAPES[kind].properties)
        return f"{with_article(kind)} has no property {name}, and SVG has no such attribute{hint}"

    shapes = layout.problem.all_shapes
    return [Fault("UnknownProperty", sentence(s.kind, name), s.place) for s in shapes for name in unknown(s)]


def named_files(
    source: Path | None, domain: Path | None, styles: list[Path], trio: str | None = None, files: Path | None = None
) -> Trio:
    """The files that the options name."""
    from rosesim.diagrams import trios

    if trio is not None:
        index, sharp, name = trio.rpartition("#")
        if source is not None:
            raise SceneError("FILE and --trio were given; expected one of them")
        if not sharp:
            if files is None:
                raise SceneError(f"--trio {trio} was given without --files FOLDER; expected INDEX.json#ID, or both")
            index = str(files / "index.json" if (files / "index.json").exists() else files.parent / "index.json")
        return trios.from_index(Path(index), name, files)
    if source is None:
        raise SceneError("diagram needs FILE.substance with --domain and --style, a trio's FILE.json, or --trio")
    if source.suffix == ".json":
        return trios.from_json(source, files)
    if domain is None or not styles:
        raise SceneError(f"{source} was given without --domain FILE and --style FILE; expected both")
    return trios.Trio(source.stem, domain, source, tuple(styles))


def _laid_out(trio: Trio, labels: Path | None, seed: str | None, variations: int) -> tuple[Diagram, Layout, str]:
    """The best of some variations, and its seed."""
    from rosesim.diagrams import trios
    from rosesim.diagrams.layout import best_of, seeds

    sizes = None if labels is None else trios.reference_labels(labels)
    own = trio.variation if seed is None else seed
    return best_of(seeds(own, variations), lambda s: trio.read(variation=s, labels=sizes))


def _write(
    name: str, made: Diagram, layout: Layout, svg: Path | None, png: Path | None, inspect: Path | None
) -> None:
    text = made.svg(layout) if svg is not None or png is not None else ""
    if svg is not None:
        write_beside(svg, text.encode())
    if png is not None:
        from rosesim.diagrams.picture import png as pixels

        write_beside(png, pixels(text, scale=2.0))
    if inspect is not None:
        from rosesim.diagrams.inspect import inspected

        write_beside(inspect, json.dumps(inspected(name, made, layout)).encode())


LOOK = 0.03
"""Seconds between two looks at the files' times."""


def _watch(trio: Trio, labels: Path | None, seed: str | None, write: Callable[[Diagram, Layout], None]) -> None:
    """Lay out again, from where everything was, whenever a file is saved. A mistake is told and waited out."""
    from rosesim.diagrams import trios
    from rosesim.diagrams.errors import DiagramError
    from rosesim.diagrams.layout import continued

    sizes = None if labels is None else trios.reference_labels(labels)
    last: tuple[Diagram, Layout] | None = None
    times: list[int] = []
    while True:
        if (now := _times(trio)) == times:
            time.sleep(LOOK)
            continue
        times, began = now, time.perf_counter()
        try:
            made = trio.read(variation=seed, labels=sizes)
            layout = made.layout(None if last is None else continued(made.problem, last[0].problem, last[1].x))
            last = made, layout
            write(made, layout)
        except DiagramError as error:
            print(error, file=sys.stderr, flush=True)
        else:
            _tell(trio, layout, began)


def _times(trio: Trio) -> list[int]:
    """When each file was saved; 0 while an editor replaces it."""
    return [f.stat().st_mtime_ns if f.exists() else 0 for f in (trio.domain, trio.substance, *trio.styles)]
