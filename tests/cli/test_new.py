"""`rosesim new`: what it refuses. (That its package works is shown by installing it, in test_packaging.)"""

from pathlib import Path

import pytest

from rosesim.cli import run


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["Swing", "2d", "double-pendulum", "a b", "../up", "", "class", "x" * 60, "ünder"])
def test_a_name_that_no_package_can_have_is_refused(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert run(["new", name]) == 2
    assert "cannot be a scene's name; expected a lower-case word" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["billiards", "random", "numpy", "rosesim", "tests"])
def test_a_name_that_something_installed_has_is_refused(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    assert run(["new", name]) == 2
    assert f"'{name}' is already taken by something installed" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_exists_is_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    (tmp_path / "swing").mkdir()
    (tmp_path / "swing" / "notes.txt").write_text("mine")
    assert run(["new", "swing"]) == 2
    assert "swing exists already" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "swing").iterdir()] == ["notes.txt"]


def test_half_a_package_is_taken_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    written: list[Path] = []
    write = Path.write_text

    def full_disk(self: Path, *args: str, **kwargs: str) -> int:
        written.append(self)
        if len(written) == 3:
            raise OSError(28, "No space left on device", str(self))
        return write(self, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", full_disk)
    assert run(["new", "swing"]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
