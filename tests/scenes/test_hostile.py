"""Files and command lines that somebody made to do harm: one clear line within a second, and nothing is lost."""

import ast
import os
import re
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from valley import Valley

import rosesim
from rosesim.cli import LONGEST, run
from rosesim.scenes import SceneError
from rosesim.scenes.files import open_file, read_file, read_lines, shown
from rosesim.train import resume, train
from rosesim.train.arrays import open_arrays
from rosesim.train.errors import CannotWrite
from rosesim.train.folder import read_losses
from rosesim.train.settings import read_settings
from rosesim.train.sweeps.journal import read_journal

VALLEY = Valley()
MEMORY = 30e6
"""Bytes that Python may take at most to find out that a file is no good."""

posix = pytest.mark.skipif(os.name == "nt", reason="pipes and modes are otherwise there")


def refused_within_memory(act: Callable[[], Any], *kinds: type[Exception]) -> str:
    """The one line of a refusal that took little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(kinds or (SceneError,)) as e:
            act()
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    said = str(e.value)
    assert "\n" not in said and len(said) < 1000
    return said


# ------------------------------------------------------------------------------- what stands for a file


def nothing(file: Path) -> None:
    """It is not there."""


def folder(file: Path) -> None:
    file.mkdir()


def pipe(file: Path) -> None:
    os.mkfifo(file)


def loop_of_links(file: Path) -> None:
    file.symlink_to(file)


def sparse(file: Path) -> None:
    with file.open("wb") as f:
        f.truncate(10**10)


def noise(file: Path) -> None:
    file.write_bytes(np.random.default_rng(0).bytes(10_000))


def device_without_end(file: Path) -> None:
    file.symlink_to("/dev/zero")


PUT: list[Callable[[Path], None]] = [nothing, folder, pipe, loop_of_links, sparse, noise, device_without_end]

READERS: dict[str, Callable[[Path], Any]] = {
    "settings.toml": lambda run: read_settings(run, Valley),
    "last.npz": lambda run: resume(run, scene=VALLEY, iterations=9) if (run / "last.npz").exists() else None,
    "metrics.jsonl": lambda run: read_losses(run),
    "journal.jsonl": lambda run: read_journal(run, 3),
    "evaluations.bin": lambda run: resume(run, scene=VALLEY, iterations=9),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("finished")
    for name in ("adam", "lbfgs"):
        train(VALLEY, iterations=8, optimizer=name, out=base / name)
    return base


@posix
@pytest.mark.parametrize("put", PUT)
@pytest.mark.parametrize("name", READERS)
def test_what_stands_in_the_place_of_a_runs_file(
    name: str, put: Callable[[Path], None], finished: Path, tmp_path: Path
):
    run = tmp_path / "run"
    run.mkdir()
    for file in (finished / ("lbfgs" if name == "evaluations.bin" else "adam")).iterdir():
        (run / file.name).write_bytes(file.read_bytes())
    (run / name).unlink(missing_ok=True)
    put(run / name)
    others = {f.name: f.read_bytes() for f in run.iterdir() if f.name != name}
    harmless = put is nothing and name != "settings.toml" and name != "metrics.jsonl"
    if harmless or (put is loop_of_links and name in ("last.npz", "journal.jsonl")):  # as one that is not there
        return
    if put is loop_of_links and name == "evaluations.bin":  # made again, at the cost of time
        READERS[name](run)
        return
    said = refused_within_memory(lambda: READERS[name](run), SceneError, CannotWrite, rosesim.RosesimError)
    assert name in said
    if name == "evaluations.bin":  # the run had begun: its total is the new one, its last row is computed again
        others = {k: v for k, v in others.items() if k in ("last.npz", "best.npz")}
    assert {k: (run / k).read_bytes() for k in others} == others


@posix
def test_the_reader_waits_for_nothing_and_takes_no_more_than_asked(tmp_path: Path):
    for put in (nothing, folder, pipe, loop_of_links, sparse, device_without_end):
        put(tmp_path / put.__name__)
        refused_within_memory(lambda put=put: read_file(tmp_path / put.__name__, 1000), OSError)
        refused_within_memory(lambda put=put: list(read_lines(tmp_path / put.__name__, 1000)), OSError)
    assert "No file has such a name" in refused_within_memory(lambda: open_file("a\0b"), OSError)
    (tmp_path / "three").write_bytes(b"one\ntwo\ntorn")
    assert list(read_lines(tmp_path / "three", 100)) == [b"one\n", b"two\n"]
    assert read_file(tmp_path / "three", 12) == b"one\ntwo\ntorn"
    assert "larger than 11 bytes" in refused_within_memory(lambda: read_file(tmp_path / "three", 11), OSError)


SETTINGS = {
    "deep nesting": "x = " + "[" * 100_000,
    "a number of a million digits": "x = " + "9" * 1_000_000,
    "a name of many parts": ".".join("a" * 20_000) + " = 1",
    "a table of many parts": "[" + ".".join("a" * 20_000) + "]",
    "many tables": "[[t]]\n" * 100_000,
    "a name twice": 'scene = "valley"\nscene = "valley"',
    "null characters": "\0" * 1_000_000,
    "a mark of the byte order": "\ufeffscene = 'valley'",
    "surrogates": 'scene = "\\ud800"',
    "a huge whole number": "scene = 0x" + "f" * 100_000,
}


@pytest.mark.parametrize("what", SETTINGS)
def test_settings_made_to_take_long_are_refused_at_once(what: str, tmp_path: Path):
    (tmp_path / "settings.toml").write_text(SETTINGS[what])
    assert "settings.toml" in refused_within_memory(lambda: read_settings(tmp_path, Valley))


def test_settings_that_are_no_utf8_are_refused(tmp_path: Path):
    (tmp_path / "settings.toml").write_bytes(b'scene = "\xff\xfe"')
    assert "'utf-8' codec" in refused_within_memory(lambda: read_settings(tmp_path, Valley))


def test_the_names_of_scenes_lead_nowhere(tmp_path: Path):
    for name in ("../../etc/passwd", "/etc/passwd", "os:system", "a\\u0000b", "billiards/../wave", ""):
        (tmp_path / "settings.toml").write_text(f'scene = "{name}"\n[settings]\n[inputs]\n[training]\n')
        assert "no scene is called" in refused_within_memory(lambda: read_settings(tmp_path))


ROWS = {
    "a line without end": b"9" * 5_000_000,
    "deep nesting": b"[" * 500 + b"\n",
    "infinite": b'{"iteration": 0, "loss": 1e999, "gradient_norm": {}, "seconds": 0}\n',
    "no object": b"[1, 2, 3, 4]\n",
}


@pytest.mark.parametrize("what", ROWS)
def test_journals_made_to_take_long_are_refused_at_once(what: str, finished: Path, tmp_path: Path):
    for name in ("settings.toml", "last.npz"):
        (tmp_path / name).write_bytes((finished / "adam" / name).read_bytes())
    (tmp_path / "metrics.jsonl").write_bytes(ROWS[what])
    (tmp_path / "journal.jsonl").write_bytes(ROWS[what])
    assert "metrics.jsonl cannot be read" in refused_within_memory(lambda: read_losses(tmp_path))
    assert "journal.jsonl cannot be read" in refused_within_memory(lambda: read_journal(tmp_path, 3))


def npy(shape: str, kind: str = "<f8", content: bytes = b"") -> bytes:
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + content


ARRAYS = {
    "claims a million million": npy("(1000000000000,)"),
    "claims a negative length": npy("(-1,)"),
    "claims nested shapes": npy("(" * 200 + ")" * 200),
    "claims a text of gigabytes": npy("(1,)", "<U1000000000"),
    "is code": npy("__import__('os').abort()"),
    "holds objects": npy("(1,)", "|O"),
    "has more rows than a run remembers": npy("(1000000,)", content=bytes(8_000_000)),
}


@pytest.mark.parametrize("what", ARRAYS)
def test_arrays_that_claim_what_they_are_not(what: str, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as z:
        z.writestr("a.npy", ARRAYS[what])

    def read() -> None:
        with open_arrays(tmp_path / "a.npz") as a:
            a.read("a", np.float64, (None,))

    assert "a.npz" in refused_within_memory(read)


def test_a_directory_that_claims_gigabytes_is_not_read(tmp_path: Path):
    size = 3_000_000_000
    with (tmp_path / "a.npz").open("wb") as f:
        f.truncate(size)  # sparse
        f.seek(size)
        f.write(b"PK\5\6" + bytes(4) + b"\1\0\1\0" + (size - 10).to_bytes(4, "little") + (10).to_bytes(4, "little"))
        f.write(bytes(2))

    def read() -> None:
        with open_arrays(tmp_path / "a.npz"):
            pass

    assert "its directory is far larger" in refused_within_memory(read)


# ------------------------------------------------------------------------------------- the command line

ASSIGNED = {
    "billiards": [
        "steps=1000000000000", "steps=-1", "steps=nan", "steps=1e9", "layers=1000000000", "goal=nan,0",
        "goal=1e999,1",
        "h=inf", "h=1e-400", "=5", "steps=", "steps=" + "9" * 100_000, "goal=" + "[" * 100_000,
        "goal=" + "1," * 50_000 + "1", "x" * 100_000 + "=1", "steps=\udcff", "restitution=\0",
    ],
    "wave": ["n=1000000000", "target=/dev/zero", "target=../../x", "target=" + "y" * 100_000],
    "smoke": ["n=1000000000", "sweeps=1000000000"],
    "volume_renderer": ["n=1000000000", "pixels=1000000000", "samples=1000000000"],
    "water_renderer": ["n=1000000000"],
    "diffmpm": ["n=1000000000", "sines=1000000000"],
    "diffmpm3d": ["n=1000000000"],
    "diffmpm_simple": ["n=1000000000", "side=1000000000"],
    "electric": ["hidden=1000000000", "steps=1000000000"],
    "mass_spring": [
        "hidden=1000000000", "knots=1000000000", "robot=/dev/zero", "robot=.", "robot=../../x",
        "robot=" + "y" * 100_000,
        "robot=" + '{"nodes":' + "[" * 50_000, 'robot={"nodes": [[1e999, 0]], "springs": []}',
    ],
    "rigid_body": ["hidden=1000000000", "sines=1000000000"],
    "identify": ["motion=/dev/zero", "motion=" + "y" * 100_000, "find=" + "x," * 50_000, "find=a=1e999", "steps=1e9"],
    "robot": ["hidden=1000000000", "sines=1000000000", "ridges=1000000000", "roughness=1e999",
        "model=/dev/zero", "model=.", "model=" + "y" * 100_000,
        "recording=/dev/zero", "recording=" + "y" * 100_000],
}  # fmt: skip


@pytest.mark.parametrize(("scene", "given"), [(s, g) for s, every in ASSIGNED.items() for g in every],
                         ids=lambda t: t[:24].encode("ascii", "replace").decode())  # fmt: skip
def test_a_hostile_assignment_is_one_line_and_makes_nothing(
    scene: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    tracemalloc.start()
    status = run(["train", scene, "--iterations", "1", "--out", "run", "--set", given])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (line,) = capsys.readouterr().err.splitlines()
    assert status == 2 and line.startswith("rosesim: ") and len(line) <= LONGEST + 20 and "unexpected" not in line
    assert peak < MEMORY and not list(tmp_path.iterdir())


def test_what_nobody_expected_is_one_line_with_the_way_to_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for error, says in (
        (ZeroDivisionError("by\nzero"), "unexpected ZeroDivisionError: by zero (--debug shows where)"),
        (RecursionError("deep"), "unexpected RecursionError: deep (--debug shows where)"),
        (MemoryError("8 TiB"), "there is not enough memory for this: 8 TiB (--debug shows where)"),
        (KeyboardInterrupt(), "interrupted"),
        (ValueError("x" * 10**6), "xxx..."),
    ):
        monkeypatch.setattr("rosesim.cli.about.scene_names", lambda error=error: (_ for _ in ()).throw(error))
        assert run(["list"]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith(says)
        with pytest.raises(type(error)):
            run(["list", "--debug"])


def test_a_text_is_shown_on_one_line_and_short():
    assert shown("a\nb") == "'a\\nb'" and len(shown("9" * 10**7)) < 100 and len(shown(["x" * 1000])) < 100
    assert shown(16**100_000) == "a int too large to be shown"


# ----------------------------------------------------------------------- nothing is unpickled or evaluated

RUNS_WHAT_IT_READS = {"eval", "exec", "compile", "__import__"}
UNPICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}


def test_nothing_that_is_read_is_unpickled_or_evaluated():
    """Of all files of the package and the apps: no such call, no such import, and no np.load that allows pickles."""
    root = Path(rosesim.__file__).parents[1]
    found: list[str] = []
    for file in [*(root / "rosesim").rglob("*.py"), *(root / "apps").rglob("*.py")]:
        text = file.read_text()
        # Parsing all of them would take seconds.
        words = {*(f"{name}(" for name in RUNS_WHAT_IT_READS), *UNPICKLES, "pickle", ".load("}
        for node in ast.walk(ast.parse(text)) if any(w in text for w in words) else ():
            where = f"{file.relative_to(root)}:{getattr(node, 'lineno', 0)}"
            match node:
                case ast.Call(func=ast.Name(id=name)) if name in RUNS_WHAT_IT_READS:
                    found.append(f"{where}: {name}()")
                case ast.Import(names=names) if any(n.name.partition(".")[0] in UNPICKLES for n in names):
                    found.append(f"{where}: import")
                case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in UNPICKLES:
                    found.append(f"{where}: from {module}")
                case ast.keyword(arg="allow_pickle", value=ast.Constant(value=value)) if value is not False:
                    found.append(f"{where}: allow_pickle={value}")
                case ast.Call(func=ast.Attribute(attr="load", value=ast.Name(id="np" | "numpy"))) if not any(
                    k.arg == "allow_pickle" for k in node.keywords
                ):
                    found.append(f"{where}: np.load")
                case _:
                    pass
    assert found == []


def test_the_threat_model_names_tests_that_there_are():
    page = Path(rosesim.__file__).parents[1] / "docs" / "threat-model.md"
    tests = {f.name: f.read_text() for f in Path(__file__).parents[1].rglob("test_*.py")}
    quoted = re.findall(r"`([a-z_]+(?:\.py|\.\.\.)?)`", page.read_text())
    named = [q.removesuffix("...") for q in quoted if q.count("_") >= 3 and not q.endswith(".py")]
    assert len(named) > 20
    for name in named:
        assert any(f"def test_{name}" in text for text in tests.values()), name
    assert {q for q in quoted if q.startswith("test_") and q.endswith(".py")} <= set(tests)
