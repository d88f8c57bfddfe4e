"""Compiled programs kept on disk: found again, never trusted blindly, and never more than a matter of speed."""

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim import Real, Vec, const, fn, opaque, sum
from rosesim.cli import run
from rosesim.codegen import targets
from rosesim.codegen.llvm import cache, engine

posix = pytest.mark.skipif(os.name == "nt", reason="owners and modes are told otherwise there")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def optimised(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that LLVM has optimised: what did not come from the cache."""
    texts: list[str] = []
    real = engine._module  # pyright: ignore[reportPrivateUsage] -- where LLVM's work begins

    def counted(text: str, *how: Any) -> Any:
        texts.append(text)
        return real(text, *how)

    monkeypatch.setattr(engine, "_module", counted)
    return texts


def cube_plus(k: float) -> Any:
    return fn(lambda x: x * x * x + k).compile(Real)


def test_a_program_is_compiled_once_and_the_same_the_next_time(folder: Path, optimised: list[str]):
    assert cube_plus(1.0)(2.0) == 9.0
    (entry,) = folder.iterdir()
    before = entry.read_bytes()
    assert cube_plus(1.0)(2.0) == 9.0
    assert len(optimised) == 1 and [p.read_bytes() for p in folder.iterdir()] == [before]
    assert cube_plus(2.0)(2.0) == 10.0
    assert len(optimised) == 2 and len(list(folder.iterdir())) == 2


def test_strict_and_fast_programs_are_not_mixed_up(folder: Path, optimised: list[str]):
    f = fn(lambda x: x * x + 1.0)
    values = {f.compile(Real, math=math)(0.1) for math in ("fast", "strict", "fast", "strict")}
    assert len(optimised) == 2 and max(values) - min(values) < 1e-15


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda b: b[: len(b) // 2],
    "empty": lambda b: b"",
    "flipped in the code": lambda b: b[:-100] + bytes([b[-100] ^ 1]) + b[-99:],
    "flipped in the header": lambda b: bytes([b[0] ^ 1]) + b[1:],
    "flipped in the digest": lambda b: b[:20] + bytes([b[20] ^ 128]) + b[21:],
    "of a later version": lambda b: b.replace(b"rosesim code 1", b"rosesim code 2"),
    "longer": lambda b: b + b"\0",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_noticed_and_made_again(damage: str, folder: Path, optimised: list[str]):
    assert cube_plus(1.0)(2.0) == 9.0
    (entry,) = folder.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(DAMAGE[damage](whole))
    assert cube_plus(1.0)(2.0) == 9.0
    assert len(optimised) == 2 and entry.read_bytes() == whole


def test_an_entry_under_another_name_is_not_taken(folder: Path, optimised: list[str]):
    """A whole entry, but of another program: its digest covers its name."""
    cube_plus(1.0)
    (first,) = folder.iterdir()
    cube_plus(2.0)
    (second,) = set(folder.iterdir()) - {first}
    second.write_bytes(first.read_bytes())
    assert cube_plus(2.0)(2.0) == 10.0
    assert len(optimised) == 3


def test_the_name_depends_on_all_that_the_code_does():
    known = cache.key_of("text", 1, True, "cpu", "+avx")
    others = [("texts", 1, True, "cpu", "+avx"), ("text", 2, True, "cpu", "+avx"), ("text", 1, False, "cpu", "+avx"),
              ("text", 1, True, "cpu2", "+avx"), ("text", 1, True, "cpu+", "avx")]  # fmt: skip
    assert known == cache.key_of("text", 1, True, "cpu", "+avx")
    assert len({known, *(cache.key_of(*o) for o in others)}) == 6


def test_another_processors_code_is_not_taken(folder: Path, optimised: list[str], monkeypatch: pytest.MonkeyPatch):
    cube_plus(1.0)
    here = replace(targets.host(), cpu="generic")
    monkeypatch.setattr(targets, "host", lambda: here)
    assert cube_plus(1.0)(2.0) == 9.0
    assert len(optimised) == 2


def test_arrays_and_callbacks_are_found_anew(folder: Path, optimised: list[str]):
    """Large arrays and opaque functions are named in the text, so programs that differ in them share code."""

    def program(scale: float) -> Any:
        table = scale * np.arange(5000.0)

        @opaque
        def twice(x: float) -> float:
            return scale * x

        @fn
        def f(x: Real) -> Real:
            return twice(x) + sum(5000, lambda i: const(table)[i])

        return f.compile()

    results = [program(scale)(1.0) for scale in (1.0, 2.0)]
    assert len(optimised) == 1
    assert results == pytest.approx([1 + 12497500.0, 2 + 2 * 12497500.0], rel=1e-14)


PROGRAM = """
from rosesim import Real, Vec, fn, scan, tanh, vec, grad, dot
@fn
def f(x: Vec[Real, 6]) -> Real:
    y = scan(lambda s, t: vec(6, lambda i: tanh(s[i]) + 0.01 * t), x, 50)
    return dot(y, y)
print(grad(f)([0.1 * k for k in range(6)]).tolist())
"""


def test_processes_may_write_one_entry_at_once(folder: Path):
    every = [subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [p.communicate(timeout=100)[0] for p in every]
    assert len(set(said)) == 1 and said[0].startswith("[")
    assert len(list(folder.iterdir())) == 1
    again = subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, check=True)
    assert again.stdout == said[0]


@posix
def test_the_folder_is_made_for_its_owner_alone(folder: Path):
    cube_plus(1.0)
    assert folder.stat().st_mode & 0o777 == 0o700


def untouched(folder: Path) -> None:
    """A program runs, and nothing is kept or read."""
    before = list(folder.iterdir()) if folder.is_dir() else None
    assert cube_plus(1.0)(2.0) == 9.0
    assert (list(folder.iterdir()) if folder.is_dir() else None) == before


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_is_not_trusted(mode: int, folder: Path, capsys: pytest.CaptureFixture[str]):
    folder.mkdir()
    folder.chmod(mode)
    untouched(folder)
    assert run(["info"]) == 0
    assert f"no cache of compiled programs: others can write {folder}; chmod 700" in capsys.readouterr().out


@posix
def test_a_folder_of_somebody_else_is_not_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch):
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    untouched(folder)
    assert "owned by somebody else" in cache.reason()


@posix
def test_a_link_is_not_followed(folder: Path, tmp_path: Path, optimised: list[str]):
    cube_plus(1.0)
    (entry,) = folder.iterdir()
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")
    assert cube_plus(1.0)(2.0) == 9.0 and len(optimised) == 2
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    assert cube_plus(1.0)(2.0) == 9.0 and len(optimised) == 3
    assert "is a link or a file" in cache.reason()


def put_folder(entry: Path) -> None:
    entry.mkdir()


def put_pipe(entry: Path) -> None:
    os.mkfifo(entry)


def put_sparse(entry: Path) -> None:
    with entry.open("wb") as f:
        f.truncate(10**10)


def put_unlike_ours(entry: Path) -> None:
    with entry.open("wb") as f:
        f.truncate(cache.LARGEST_BYTES)  # as large as may be, and nothing of it is read


@posix
@pytest.mark.parametrize("put", [put_folder, put_pipe, put_sparse, put_unlike_ours])
def test_what_is_no_entry_is_neither_waited_for_nor_read(
    put: Callable[[Path], None], folder: Path, optimised: list[str]
):
    cube_plus(1.0)
    (entry,) = folder.iterdir()
    entry.unlink()
    put(entry)
    tracemalloc.start()
    assert cube_plus(1.0)(2.0) == 9.0 and len(optimised) == 2
    assert tracemalloc.get_traced_memory()[1] < 3e7
    tracemalloc.stop()


@posix
def test_a_folder_that_others_can_read_is_closed_to_them(folder: Path):
    folder.mkdir(mode=0o755)
    cube_plus(1.0)
    assert folder.stat().st_mode & 0o777 == 0o700 and len(list(folder.iterdir())) == 1


@posix
def test_a_folder_in_one_that_anybody_can_write_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    above = tmp_path / "above"
    monkeypatch.setenv(cache.VARIABLE, str(above / "kept"))
    above.mkdir()
    (above / "kept").mkdir(mode=0o700)
    above.chmod(0o777)
    untouched(above / "kept")
    assert run(["info"]) == 0
    assert f"others can write {above}, above {above / 'kept'}; chmod go-w mends it" in capsys.readouterr().out
    above.chmod(0o1777)  # sticky, as /tmp: what is ours there, nobody else can replace
    assert cache.reason() == ""


def test_a_folder_that_cannot_be_made_only_costs_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "kept"))
    untouched(tmp_path)
    assert "cannot be made" in cache.reason()


def test_a_full_disk_only_costs_speed(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert cube_plus(1.0)(2.0) == 9.0
    assert not list(folder.iterdir())


def test_nothing_is_kept_where_the_variable_is_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv(cache.VARIABLE, "")
    monkeypatch.chdir(tmp_path)
    untouched(tmp_path)
    assert cache.store() is None and cache.reason() == "ROSESIM_CACHE_DIR is empty"


def test_the_longest_unused_goes_when_there_is_too_much(folder: Path, monkeypatch: pytest.MonkeyPatch):
    for k in range(4):
        cube_plus(float(k))
    kept = cache.store()
    assert kept is not None
    entries = sorted(kept.entries())
    for age, (_, _, file) in enumerate(entries):
        os.utime(file, (1000.0 + age, 1000.0 + age))
    cube_plus(0.0)  # used again: now the newest, whichever it was
    used = max(kept.entries())[2]
    monkeypatch.setattr(cache, "LARGEST_BYTES", 4 * max(size for _, size, _ in entries) + 64)  # half of it: two
    monkeypatch.setattr(cache, "UNWATCHED_BYTES", 1)
    cube_plus(9.0)
    left = [file for _, _, file in kept.entries()]
    assert used in left and len(left) == 2


def test_there_is_never_much_too_much_and_few_entries_look_at_all_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cache, "LARGEST_BYTES", 250_000)
    monkeypatch.setattr(cache, "UNWATCHED_BYTES", 4_000)
    looks: list[int] = []
    entries = cache.Store.entries

    def counted(self: cache.Store) -> Any:
        found = entries(self)
        looks.append(sum(size for _, size, _ in found))
        return found

    monkeypatch.setattr(cache.Store, "entries", counted)
    kept = cache.store()
    assert kept is not None
    for k in range(1_000):
        kept.save(cache.key_of(str(k)), bytes(1_000))
    # Each looks with a chance of a quarter: 250 +- 14 do, and 80 in a row do not in one case of 10^7.
    assert 180 < len(looks) < 320
    assert max(looks) < cache.LARGEST_BYTES + 20 * 4_000
    before = len(looks)
    kept.save(cache.key_of("as large as what may go unwatched"), bytes(4_000))
    assert len(looks) == before + 1


def test_anew_compiles_what_is_kept_already(folder: Path, optimised: list[str]):
    cube_plus(1.0)
    with cache.anew():
        assert cube_plus(1.0)(2.0) == 9.0
    assert cube_plus(1.0)(2.0) == 9.0
    assert len(optimised) == 2


def test_info_tells_where_the_cache_is_and_how_large(folder: Path, capsys: pytest.CaptureFixture[str]):
    cube_plus(1.0)
    assert run(["info"]) == 0
    assert f"cache {folder}, 1 programs, 0.0 MiB" in capsys.readouterr().out


def test_a_gradient_from_the_cache_has_the_same_bits(folder: Path, optimised: list[str]):
    @fn
    def f(x: Vec[Real, 40]) -> Real:
        return sum(40, lambda i: x[i] * x[39 - i] / (1.0 + x[i] * x[i]))

    from rosesim import grad

    x = np.random.default_rng(0).normal(size=40)
    first, second = (np.asarray(grad(f).compile()(x)) for _ in range(2))
    assert len(optimised) == 1 and first.tobytes() == second.tobytes()
