"""Without the extra `view`, as on a cluster: what draws nothing works, and what draws says what to install."""

import json
import subprocess
import sys
from pathlib import Path

WITHOUT = """
import contextlib, io, json, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pygame", "imageio", "imageio_ffmpeg", "PIL"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
from rosesim.cli import run

for line in sys.stdin.read().splitlines():
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        status = run(line.split())
    print(json.dumps([status, err.getvalue()]))
"""
WORKS = [
    "list",
    "info smoke",  # whose target may be a picture
    "train bounce --set steps=20 --iterations 3 --out r",
    "check r",
    "bench r",
    "export r --csv a.csv --npz a.npz --html a.html",
    "compare r r",
]
DRAWS = [
    "train bounce --iterations 3 --gif new/a.gif --out s",
    "export bounce --gif a.gif",
    "export r --png a.png",
    "check r --picture a.png",
    "compare r r --png a.png",
    "run bounce",
    "info smoke --set target=a.jpg",
]


def test_what_draws_nothing_works_and_what_draws_is_refused_before_any_work(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(b"no matter what")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        input="\n".join([*WORKS, *DRAWS]),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    outcomes = dict(zip([*WORKS, *DRAWS], map(json.loads, done.stdout.splitlines()), strict=True))
    assert {command: outcomes[command][0] for command in WORKS} == dict.fromkeys(WORKS, 0), outcomes
    for command in DRAWS:
        status, said = outcomes[command]
        assert (status, "pip install 'rosesim[view]' (No module named 'PIL')\n" in said) == (2, True), (command, said)
        assert said.count("\n") == 1
    found = {f.name for f in tmp_path.iterdir()}
    assert found == {"a.jpg", "r", "a.csv", "a-metrics.csv", "a.npz", "a.html"}
