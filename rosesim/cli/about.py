"""`rosesim list` and `rosesim info`: the scenes, the versions, the passes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rosesim.cli import complete, system
from rosesim.cli.app import app
from rosesim.cli.options import A_SCENE, Json, Set, path
from rosesim.cli.output import note, print_json
from rosesim.scenes import find_scene, scene_names
from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import as_path


@app.command("list")
def list_(json: Json = False) -> None:
    """The installed scenes, one per line."""
    names = scene_names()
    wide = max(map(len, names), default=0)
    found: list[dict[str, str]] = []
    for name in names:
        try:
            scene = find_scene(name)
        except SceneError as e:  # one broken package must not hide the others' scenes
            note(str(e))
            continue
        about = next(iter((scene.__doc__ or "").strip().splitlines()), "")
        found.append({"scene": name, "about": about})
        if not json:
            print(f"{name:{wide}}  {about}".rstrip())
    if json:
        print_json({"scenes": found})


Passes = Annotated[
    bool, typer.Option("--passes", help="List the passes of a program; with a SCENE, their effect on its gradient.")
]
TargetName = Annotated[str, typer.Option("--target", metavar="NAME", help="With --passes: host, wasm32 or nvptx64.")]
Before = Annotated[
    str | None, typer.Option(metavar="PASS", help="With --passes SCENE: print the program before a pass.")
]
After = Annotated[
    str | None, typer.Option(metavar="PASS", help="With --passes SCENE: print the program after a pass.")
]
DumpTo = Annotated[
    Path | None,
    typer.Option("--dump", metavar="DIR", parser=path, help="With --passes SCENE: a file with each pass's program."),
]
Ignore = Annotated[
    list[str] | None, typer.Option("--ignore", metavar="CLASS", help="Of a robot's file: what to leave out.")
]


@app.command()
def info(
    scene: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENE|RUN|FILE]",
            help=f"{A_SCENE}; a run's folder; or a robot's file, .xml or .urdf. Versions if not given.",
            autocompletion=complete.scenes,
        ),
    ] = None,
    set_: Set = None,
    json: Json = False,
    passes: Passes = False,
    target: TargetName = "host",
    before: Before = None,
    after: After = None,
    dump: DumpTo = None,
    ignore: Ignore = None,
) -> None:
    """What a scene can be given; what is installed.

    With SCENE, its settings, inputs and params, with defaults, units, ranges and what they mean; with RUN, what the
    run was made from and how it went; with a robot's file, its joints and motors; with none of these, versions and
    the machine. With --passes, the passes that a program goes through, before and after each.
    """
    if scene is not None and _is_robot(scene) and not passes:
        return _tell_robot(scene, ignore or [])
    if ignore:
        raise typer.BadParameter("--ignore is for a robot's file; name one, .xml or .urdf")
    chosen = [o for o in (before, after, dump) if o is not None]
    if not passes and (chosen or target != "host"):
        raise typer.BadParameter("--before, --after, --dump and --target are about a program; give --passes, too")
    if not passes and scene is None and (set_ or json):
        raise typer.BadParameter("--set and --json are about a scene; name a SCENE")
    if passes and json:
        raise typer.BadParameter("--json is not of --passes; leave one of them out")
    if len(chosen) > 1:
        raise typer.BadParameter("--before, --after and --dump exclude each other; give one of them")
    if scene is not None and not passes:
        _tell_scene_or_run(scene, set_ or [], json)
    elif passes:
        _tell_passes(scene, set_ or [], target, before, after, dump)
    else:
        _tell_versions()
    return None


def _tell_scene_or_run(what: str, set_: list[str], json: bool) -> None:
    from rosesim.cli.describe import describe
    from rosesim.cli.recorded import is_run
    from rosesim.cli.runs import describe_run

    if is_run(what, set_):
        describe_run(as_path(what), json)
    else:
        describe(what, set_, json)


def _is_robot(text: str) -> bool:
    return text.lower().endswith((".xml", ".urdf", ".mjcf"))


def _tell_robot(file: str, ignore: list[str]) -> None:
    from rosesim import robots
    from rosesim.cli.robot import print_robot

    try:
        model = robots.load(file, ignore=ignore)
    except (ValueError, OSError) as e:
        raise typer.BadParameter(str(e)) from e
    print_robot(model)  # outside: a reader of the output who leaves is no mistake in the file


def _tell_passes(
    scene: str | None, set_: list[str], target: str, before: str | None, after: str | None, dump: Path | None
) -> None:
    from rosesim.cli.passes import journey, print_passes, print_programs, print_sizes, write_programs
    from rosesim.codegen.pipeline import known_pass

    if scene is None:
        if set_ or before or after or dump:
            raise typer.BadParameter("--set, --before, --after and --dump need a scene's program; name a SCENE")
        return print_passes()
    try:
        one = before or after
        if one is not None:
            known_pass(one)
        found = journey(scene, set_, target)
    except ValueError as e:
        raise typer.BadParameter(str(e)) from e
    if dump is not None:
        write_programs(found, dump)
    elif one is not None:
        print_programs(found, one, before=before is not None)
    else:
        print_sizes(found)
    return None


def _tell_versions() -> None:
    from importlib import metadata

    from rosesim.ad.support.machine import cores
    from rosesim.codegen.llvm import cache

    print(f"rosesim {metadata.version('rosesim')}, Python {sys.version.split()[0]}")
    for package in ("numpy", "llvmlite", "pygame-ce", "imageio", "pillow", "typer"):
        print(f"{package} {metadata.version(package)}")
    print(f"{system.platform_name()}, {system.cpu_name()}, {cores()} cores")
    kept = cache.store()
    if kept is None:
        print(f"no cache of compiled programs: {cache.reason()}")
    else:
        sizes = [size for _, size, _ in kept.entries()]
        print(f"cache {kept.folder}, {len(sizes)} programs, {sum(sizes) / 2**20:.1f} MiB")
