"""`rosesim info FILE`: a robot in words, and what its reader left out."""

import errno
import io
import sys
from pathlib import Path

import pytest

from rosesim.cli import run

ROBOT = """<mujoco model="two">
  <asset><texture name="sky"/></asset>
  <worldbody><geom type="plane" size="1 1 1"/>
    <body name="left arm">
      <joint name="lift" type="slide" range="0 0.5"/><geom type="sphere" size="0.1" mass="2"/>
    </body>
  </worldbody>
  <actuator><motor name="pull" joint="lift" gear="3" ctrlrange="-1 1"/></actuator>
  <sensor><rangefinder site="eye"/></sensor>
</mujoco>"""


def test_a_robot_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "two.xml"
    file.write_text(ROBOT)
    assert run(["info", str(file), "--ignore", "sensor"]) == 0
    said = capsys.readouterr().out
    assert "two: nq 1, nv 1, nu 1, 1 bodies beside the world" in said
    assert "mass 2 kg: left arm 2" in said
    assert "joint lift: slide of left arm, 0 to 0.5 m" in said
    assert "actuator pull: on lift, gear 3, -1 to 1" in said
    assert "pairs that may touch: 1 plane-sphere" in said
    assert "texture" in said.splitlines()[-1]


def test_what_is_no_robot_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["info", str(tmp_path / "none.xml")]) == 2
    assert "cannot be opened" in capsys.readouterr().err
    assert run(["info", "--ignore", "sensor"]) == 2
    assert "is for a robot's file" in capsys.readouterr().err


def test_a_reader_who_leaves_is_no_mistake_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """As `rosesim info FILE | head -1` does."""

    class Closed(io.StringIO):
        def write(self, s: str, /) -> int:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    file = tmp_path / "two.xml"
    file.write_text(ROBOT)
    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(SystemExit, match="1"):
        run(["info", str(file), "--ignore", "sensor"])
    assert not capsys.readouterr().err
