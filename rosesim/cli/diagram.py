"""`rosesim diagram`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rosesim.cli.app import app
from rosesim.cli.output import layout_progress, note
from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import check_target, fresh, write_beside

if TYPE_CHECKING:
    from rosesim.diagrams.errors import Fault
    from rosesim.diagrams.labels import Table
    from rosesim.diagrams.layout import Diagram, Layout, StageEnd, Watch
    from rosesim.diagrams.starts import Start
    from rosesim.diagrams.trios import Trio

Sources = Annotated[
    list[Path] | None,
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
SvgFile = Annotated[
    Path | None, typer.Option("--svg", metavar="OUT.svg", help="Write the picture; with --consistent OUT-{}.svg.")
]
HtmlFile = Annotated[
    Path | None, typer.Option("--html", metavar="OUT.html", help="Write a web page in which shapes can be dragged.")
]
PngFile = Annotated[Path | None, typer.Option("--png", metavar="OUT.png", help="Write the picture as pixels.")]
Seed = Annotated[str | None, typer.Option("--seed", metavar="WORD", help="The variation: another start.")]
Variations = Annotated[
    int, typer.Option("--variations", metavar="N", min=1, max=1000, help="Try N starts and keep the best end.")
]
Steps = Annotated[
    int | None, typer.Option("--steps", metavar="N", min=1, help="End each stage after N steps at most.")
]
Consistent = Annotated[
    bool, typer.Option("--consistent", help="Several FILEs: what they share has the same place in each.")
]
Watching = Annotated[bool, typer.Option("--watch", help="Lay out again whenever a file is saved.")]
InWindow = Annotated[bool, typer.Option("--window", help="Open it in a window, to drag its shapes.")]


@app.command(short_help="Lay a diagram out by optimisation.")
def diagram(
    source: Sources = None,
    domain: DomainFile = None,
    style: StyleFiles = None,
    trio: TrioName = None,
    files: Files = None,
    labels: LabelSizes = None,
    svg: SvgFile = None,
    png: PngFile = None,
    html: HtmlFile = None,
    inspect: InspectFile = None,
    seed: Seed = None,
    variations: Variations = 1,
    steps: Steps = None,
    consistent: Consistent = False,
    watch: Watching = False,
    window: InWindow = False,
) -> None:
    """Lay a diagram out: what it is about (Domain, Substance) and how it looks (Style) become a picture."""
    if svg is None and png is None and html is None and inspect is None and not window:
        raise SceneError("diagram needs --svg FILE, --png FILE, --html FILE, --inspect FILE or --window")
    if window and watch:
        raise SceneError("--window and --watch were given; expected one of them")
    if html is not None and (watch or consistent):
        raise SceneError(f"--html and --{'watch' if watch else 'consistent'} were given; expected one of them")
    sources, out = source or [], Out(svg, png, inspect)
    if html is not None:
        check_target(html, ".html")
    if consistent:
        from rosesim.cli.consistent import lay_out_together  # which is made of the parts of this module

        if trio is not None or watch or window:
            raise SceneError("--consistent was given with --trio, --watch or --window; expected FILEs and no window")
        found = [named_files(file, domain, style or [], None, files) for file in sources]
        lay_out_together(found, out, labels, seed, variations, steps)
        return
    if len(sources) > 1:
        raise SceneError(
            f"{len(sources)} FILEs were given; expected one, or --consistent, which lays them out together"
        )
    out.check()
    only = named_files(sources[0] if sources else None, domain, style or [], trio, files)
    if watch:
        _watch(only, labels, seed, steps, out)
        return
    began = time.perf_counter()
    own = only.variation if seed is None else seed
    made = only.read(variation=own, labels=sizes_of(labels))
    best, cut_short = best_start(only.name, made, own, variations, steps)
    out.write(only.name, best.diagram, best.layout)
    tell(only, best.layout, began, best.seed if variations > 1 else None, cut_short)
    if html is not None:
        _write_page(html, only, best.diagram, best.layout, best.seed)
    if cut_short:
        raise typer.Exit(1)
    if window:
        _watch_window(only, best.diagram, seed, best.layout)


@dataclass(frozen=True, slots=True)
class Out:
    """The files that a diagram is written to."""

    svg: Path | None = None
    png: Path | None = None
    inspect: Path | None = None

    def check(self) -> None:
        """Raise SceneError, before any work, where one cannot be written."""
        for suffix, file in ((".svg", self.svg), (".png", self.png), (".json", self.inspect)):
            if file is not None:
                check_target(file, suffix)

    def write(self, name: str, made: Diagram, layout: Layout) -> None:
        """Write them all."""
        from rosesim.diagrams import picture
        from rosesim.diagrams.inspect import inspected

        text = made.svg(layout) if self.svg is not None or self.png is not None else ""
        if self.svg is not None:
            write_beside(self.svg, picture.sized(text, layout.problem.canvas).encode())
        if self.png is not None:
            write_beside(self.png, picture.png(text, scale=2.0))
        if self.inspect is not None:
            write_beside(self.inspect, json.dumps(inspected(name, made, layout)).encode())


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
        Out(svg=file).write(found.name, made, layout)
        tell(found, layout, began)


def _watch_window(trio: Trio, made: Diagram, seed: str | None, layout: Layout | None) -> None:
    from rosesim.diagrams.live import Live
    from rosesim.view.diagram import watch_diagram

    live = Live(made, trio.variation if seed is None else seed, layout)
    watch_diagram(live, Path(trio.name).name, Path.cwd())


MOST_WARNINGS = 8
"""Warnings that are shown; of the others the number."""


MOST_BROKEN = 5
"""Violated constraints that are shown, the worst first."""


def tell(trio: Trio, layout: Layout, began: float, kept: str | None = None, cut_short: str = "") -> None:
    """What a person should know: warnings, violated constraints where they were written, the verdict, `kept`, and
    whether it was cut short."""
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
    print(
        f"{trio.name}: {cut_short}{layout.verdict()}{of} ({1e3 * (time.perf_counter() - began):.0f} ms)", flush=True
    )


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


def sizes_of(labels: Path | None) -> Table | None:
    """The sizes of labels that a file lists; None if fonts measure them."""
    from rosesim.diagrams import trios

    return None if labels is None else trios.reference_labels(labels)


def best_start(name: str, made: Diagram, seed: str, variations: int, steps: int | None) -> tuple[Start, str]:
    """The best of some starts, `made` being the first; and, where Ctrl-C cut them short, words about that.

    Raises KeyboardInterrupt where nothing was there yet.
    """
    from rosesim.diagrams.starts import Start, better, seeds, starts

    best: Start | None = None
    latest: list[StageEnd] = []
    ended = 0
    with layout_progress(name, variations) as report:

        def layout(diagram: Diagram, watch: Watch) -> Layout:
            def heard(stages: Sequence[StageEnd]) -> None:
                watch(stages)
                latest[:] = stages
                report(ended, f"{sum(s.steps for s in stages):,} steps, weight {stages[-1].weight:.0e}")

            return diagram.layout(steps=steps, watch=heard)

        try:
            for start in starts(made, seeds(seed, variations), layout):
                best, ended = better(best, start), ended + 1
        except KeyboardInterrupt:
            if best is None and variations == 1 and latest:
                best = Start(seed, made, made.ended(latest))
            if best is None:
                raise
            of = (
                f" after {ended} of {variations} starts; the best of them: "
                if variations > 1
                else "; as it was then, "
            )
            return best, f"interrupted{of}"
    assert best is not None
    return best, ""


def _write_page(file: Path, trio: Trio, made: Diagram, layout: Layout, seed: str) -> None:
    from rosesim.web.diagram import diagram_page

    name = Path(trio.name).name
    page = diagram_page(made, layout, title=name.replace("-", " ").capitalize(), name=name, seed=seed)
    write_beside(file, page.encode())
    print(f"wrote {file}, {len(page.encode()) / 1000:.0f} kB")


LOOK = 0.01
"""Seconds between two looks at the files' times."""


def _watch(trio: Trio, labels: Path | None, seed: str | None, steps: int | None, out: Out) -> None:
    """Lay out again, from where everything was, whenever a file is saved. A mistake is told and waited out."""
    from rosesim.ad.support.collector import uncollected
    from rosesim.diagrams.errors import DiagramError
    from rosesim.diagrams.layout import continued

    sizes = sizes_of(labels)
    last: tuple[Diagram, Layout] | None = None
    times: list[int] = []
    while True:
        if (now := _times(trio)) == times:
            time.sleep(LOOK)
            continue
        times, began = now, time.perf_counter()
        try:
            with uncollected():  # a fourth of the time; what is left over is collected before the next save
                made = trio.read(variation=seed, labels=sizes)
                x = None if last is None else continued(made.problem, last[0].problem, last[1].x)
                layout = made.layout(x, steps=steps)
                last = made, layout
                out.write(trio.name, made, layout)
        except DiagramError as error:
            print(error, file=sys.stderr, flush=True)
        else:
            tell(trio, layout, began)


def _times(trio: Trio) -> list[int]:
    """When each file was saved; 0 while an editor replaces it."""
    return [f.stat().st_mtime_ns if f.exists() else 0 for f in (trio.domain, trio.substance, *trio.styles)]
