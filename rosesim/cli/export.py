"""`rosesim export`."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.cli.app import app
from rosesim.cli.chance import note_sampled_inputs
from rosesim.cli.options import (
    Attempts,
    Csv,
    Gif,
    Html,
    License,
    Mp4,
    Npm,
    Npy,
    Npz,
    PageIterations,
    PageMath,
    PageMemory,
    PagePrecision,
    Parquet,
    Png,
    SceneOrRun,
    Set,
)
from rosesim.cli.pictures import write_pictures
from rosesim.cli.place import Last
from rosesim.cli.recorded import Recorded, carry_out, found, read_run
from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import FlatView, leaves
from rosesim.scenes.writing import check_target, write_beside


@app.command()
def export(
    what: SceneOrRun,
    set_: Set = None,
    last: Last = False,
    gif: Gif = None,
    mp4: Mp4 = None,
    attempts: Attempts = None,
    png: Png = None,
    csv: Csv = None,
    npz: Npz = None,
    parquet: Parquet = None,
    npy: Npy = None,
    html: Html = None,
    npm: Npm = None,
    license: License = None,
    iterations: PageIterations = None,
    memory: PageMemory = None,
    math: PageMath = None,
    precision: PagePrecision = None,
) -> None:
    """Pictures, tables, a web page or a package.

    Of a run, at its best params; of a scene, its published optimisation is carried out first.
    """
    from rosesim.train.tables import require_parquet
    from rosesim.view import require_mp4, require_pictures

    # Everything that can be refused is refused first: an optimisation may take minutes.
    requested = {
        ".gif": gif, ".mp4": mp4, ".png": png, ".csv": csv, ".npz": npz, ".parquet": parquet, ".npy": npy,
        ".html": html,
    }  # fmt: skip
    files = {suffix: file for suffix, file in requested.items() if file is not None}
    if not files and npm is None:
        *names, final = (f"--{suffix[1:]} FILE" for suffix in requested)
        raise SceneError(f"export needs {', '.join(names)}, {final} or --npm FOLDER")
    if attempts is not None and gif is None and mp4 is None:
        raise SceneError(
            "--attempts was given without --gif FILE or --mp4 FILE; expected one, because it is about these"
        )
    if license is not None and npm is None:
        raise SceneError("--license was given without --npm FOLDER; expected both, because it is the package's")
    about_programs = {"--memory": memory, "--math": math, "--precision": precision, "--iterations": iterations}
    for option, value in about_programs.items():
        if value is not None and html is None and npm is None:
            raise SceneError(
                f"{option} was given without --html FILE or --npm FOLDER; expected one, because it is about these"
            )
    for option, value, names in (("--math", math, ("fast", "strict")), ("--precision", precision, ("f64", "f32"))):
        if value is not None and value not in names:
            raise SceneError(f"{option} {value} was given; expected {' or '.join(names)}")
    for suffix, file in files.items():
        check_target(file, suffix)
    if len({os.path.realpath(file) for file in files.values()}) < len(files):
        raise SceneError("two of the files to be written are one and the same; give each its own name")
    if npm is not None:
        from rosesim.web.package import check_package

        check_package(npm)
    if mp4 is not None:
        require_mp4()
    if gif is not None or png is not None:
        require_pictures()
    if parquet is not None:
        require_parquet()
    scene, inputs, folder = found(what, set_ or [])
    if last and folder is None:
        raise SceneError(f"--last needs the folder of a run in the place of a scene; {what} is a scene")
    if last and (html is not None or npm is not None):
        raise SceneError("--last was given with --html or --npm, which begin at a run's best params; leave it out")
    if npy is not None:
        _one_array(scene.params(np.random.default_rng(0)))
    note_sampled_inputs(scene, inputs, set_ or [])
    given = {"memory": memory and memory * 2**20, "math": math, "precision": precision, "iterations": iterations}
    how = {name: value for name, value in given.items() if value is not None}
    if html is not None:
        print(f"wrote {html}, {_write_page(html, scene, inputs, folder, how) / 1000:.0f} kB")
        del files[".html"]
    if npm is not None:
        licence = {} if license is None else {"license": license}
        print(f"wrote {npm}, {_write_package(npm, scene, inputs, folder, how | licence) / 1000:.0f} kB")
    if not files:
        return
    made = carry_out(scene, inputs) if folder is None else read_run(folder, last=last)
    if npy is not None:
        content = io.BytesIO()
        np.save(content, _one_array(made.remembered[-1][1]), allow_pickle=False)
        write_beside(npy, content.getvalue())
    write_pictures(
        made.scene, made.inputs, made.remembered, made.losses, gif, png, mp4, best_loss=made.best_loss, count=attempts
    )  # fmt: skip
    for file in [*files.values(), *_write_tables(made, csv, npz, parquet)]:
        print(f"wrote {file}")


def _write_tables(made: Recorded, csv: Path | None, npz: Path | None, parquet: Path | None) -> list[Path]:
    """Write trajectory and metrics; of two files for one option, the trajectory has the name that was given. Returns
    the files of metrics."""
    from rosesim.train.tables import metrics_table, trajectory_table, write_csv, write_npz, write_parquet

    if csv is None and npz is None and parquet is None:
        return []
    trajectory = trajectory_table(made.scene, made.remembered[-1][1], made.inputs)
    metrics = metrics_table(made.rows)
    if npz is not None:
        write_npz(npz, {"trajectory": trajectory, "metrics": metrics})
    beside: list[Path] = []
    for file, write in ((csv, write_csv), (parquet, write_parquet)):
        if file is not None:
            beside.append(file.with_name(f"{file.stem}-metrics{file.suffix}"))
            write(file, trajectory)
            write(beside[-1], metrics)
    return beside


def _write_page(file: Path, scene: Any, inputs: Any, folder: Path | None, how: dict[str, Any]) -> int:
    """Write a page: of a scene as it begins, or of a run with what it remembers. The page's size in bytes."""
    from rosesim.web.page import page, page_of_run

    text = (page(scene, inputs, **how) if folder is None else page_of_run(folder, **how)).encode()
    write_beside(file, text)
    return len(text)


def _write_package(to: Path, scene: Any, inputs: Any, folder: Path | None, how: dict[str, Any]) -> int:
    """Write a package: of a scene as it begins, or of a run with its best params. Its size in bytes."""
    from rosesim.web.scene_package import run_package, scene_package

    made = scene_package(to, scene, inputs, **how) if folder is None else run_package(to, folder, **how)
    return sum(file.stat().st_size for file in made.iterdir())


def _one_array(params: Any) -> Any:
    """The only array that is tuned; SceneError where there are several or none."""
    tuned = FlatView.of(params).shapes
    if len(tuned) != 1:
        raise SceneError(
            f"--npy writes one array; tuned are {', '.join(tuned) or 'none'}: a run's folder (train --out DIR) "
            "holds them all"
        )
    return np.asarray(leaves(params)[next(iter(tuned))])
