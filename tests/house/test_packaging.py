"""A wheel and an editable install both bring the command and the apps."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def run(*arguments: str | Path, cwd: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(a) for a in arguments], cwd=cwd, capture_output=True, text=True, timeout=300, env=clean
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release: the source archive, and the wheel that was made of it and of nothing else."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("rosesim-*.whl")
    return found


def install(python: Path, *what: str | Path, cwd: Path) -> None:
    """Install into another environment, with our own hatchling: to fetch one for each build takes ten seconds."""
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    run(*pip, "--no-deps", "--no-compile", "--no-build-isolation", *what, cwd=cwd)


def environment(folder: Path) -> Path:
    """A new environment that sees our own's packages (NumPy and the others need not be downloaded again)."""
    venv.create(folder, with_pip=False)  # ours installs into it: one of its own takes five seconds
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    here, there = (Path(run(p, "-c", ask, cwd=folder).strip()) for p in (sys.executable, python))
    # Not by a .pth file, which would run those of an editable install of this very project.
    for package in here.iterdir():
        ours = package.name.lower().startswith(("rosesim", "_rosesim", "pip", "__pycache__"))
        if not ours and not (there / package.name).exists():
            (there / package.name).symlink_to(package, target_is_directory=package.is_dir())
    return python


@pytest.fixture(scope="module")
def with_wheel(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The Python of an environment that the wheel is installed in."""
    folder = tmp_path_factory.mktemp("installed")
    python = environment(folder / "env")
    install(python, wheel, cwd=folder)
    return python


def test_the_wheel_holds_the_apps_as_rosesim_apps_and_nothing_else(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert {n.split("/")[0] for n in names} == {
        "rosesim",
        "rosesim_apps",
        "rosesim_pytest.py",
        "rosesim-0.1.0.dist-info",
    }
    assert "rosesim_apps/billiards/scene.py" in names and "rosesim/py.typed" in names
    assert "rosesim-0.1.0.dist-info/licenses/LICENSE" in names
    assert "rosesim_apps/__init__.py" not in names  # that one is for checkouts
    assert not [n for n in names if n.endswith((".png", ".gif")) or "/tests/test_" in n and "template" not in n]


def test_the_source_archive_has_no_pictures_and_is_small(built: Path):
    (archive,) = built.glob("rosesim-*.tar.gz")
    with tarfile.open(archive) as t:
        names = [n.partition("/")[2] for n in t.getnames()]
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"} < set(names)
    assert not [n for n in names if n.startswith(("docs/", "tests/", "benchmarks/")) or n.endswith((".png", ".gif"))]
    assert archive.stat().st_size < 2e6  # a picture a scene would be ten times that


def words(text: str) -> str:
    """A table without its columns, whose width is that of the longest name."""
    return " ".join(text.split())


@pytest.mark.skipif(os.name == "nt", reason="the environment borrows packages by symbolic links")
@pytest.mark.parametrize(
    "editable",
    [False, pytest.param(True, marks=pytest.mark.full)],  # `./test` itself runs in an editable install
    ids=["wheel", "editable"],
)
def test_an_installation_lists_and_runs_billiards(editable: bool, tmp_path: Path, with_wheel: Path):
    python = environment(tmp_path / "env") if editable else with_wheel
    if editable:
        install(python, "--editable", ROOT, cwd=tmp_path)
    command = python.with_name("rosesim")
    assert "billiards Shoot the cue ball" in words(run(command, "list", cwd=tmp_path))
    where = run(python, "-c", "import rosesim_apps.billiards.scene as s; print(s.__file__)", cwd=tmp_path).strip()
    assert (Path(where) == ROOT / "apps" / "billiards" / "scene.py") == editable
    assert "right" in run(command, "check", "billiards", cwd=tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="the environment borrows packages by symbolic links")
def test_a_new_scene_is_a_package_that_passes_its_own_tests_and_is_found(tmp_path: Path, with_wheel: Path):
    """Another package's scene, by its entry point, beside an installed rosesim."""
    python = with_wheel
    command = python.with_name("rosesim")
    assert "pip install -e" in run(command, "new", "long_throw", cwd=tmp_path)
    package = tmp_path / "long_throw"
    assert not [p for p in package.rglob("*") if "newscene" in str(p).lower()]
    assert not [p for p in package.rglob("*") if p.is_file() and "newscene" in p.read_text().lower()]
    install(python, package, cwd=tmp_path)  # an editable one takes a package more, which pip would fetch
    assert "4 passed" in run(python, "-m", "pytest", "-q", package, cwd=package)
    assert "long_throw Throw a ball so that it ends on the goal." in words(run(command, "list", cwd=tmp_path))
    assert "velocity: right" in run(command, "check", "long_throw", "--set", "air=0.3", cwd=tmp_path)
    trained = run(
        command, "train", "long_throw", "--iterations", "3", "--set", "goal=3,0.5", "--gif", "a.gif", cwd=tmp_path
    )
    assert trained.startswith("long_throw: loss ") and (tmp_path / "a.gif").stat().st_size > 5_000
