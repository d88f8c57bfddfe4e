"""`rosesim list` and `rosesim info`: what there is."""

from __future__ import annotations

import sys

from rosesim.cli import system
from rosesim.cli.app import app
from rosesim.cli.output import note
from rosesim.scenes import find_scene, scene_names
from rosesim.scenes.errors import SceneError


@app.command("list")
def list_() -> None:
    """The scenes, a line each."""
    names = scene_names()
    wide = max(map(len, names), default=0)
    for name in names:
        try:
            scene = find_scene(name)
        except SceneError as e:  # one broken package must not hide the others' scenes
            note(str(e))
            continue
        print(f"{name:{wide}}  {(scene.__doc__ or '').strip().splitlines()[0]}")


@app.command()
def info() -> None:
    """Versions and the machine."""
    from importlib import metadata

    from rosesim.ad.machine import cores
    from rosesim.codegen import cache

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
