"""What a user gets wrong is told in one sentence, before anything is compiled."""

from pathlib import Path

import pytest

from rosesim.robots import RobotError, load


def test_shapes_whose_contact_is_missing_are_named_with_the_ways_on(tmp_path: Path):
    file = tmp_path / "robot.xml"
    shapes = "".join(
        f'<body pos="{k} 0 0">\n<freejoint/><geom name="g{k}" type="{kind}" size="0.1 0.2 0.3"/></body>'
        for k, kind in enumerate(("cylinder", "box", "ellipsoid"))
    )
    file.write_text(f"<mujoco><worldbody>{shapes}</worldbody></mujoco>")
    robot = load(file)
    with pytest.raises(RobotError) as found:
        robot.function("step")
    said = str(found.value)
    assert said.startswith(f"{file}:3: geom 'g0', a cylinder, and geom 'g1', a box, may touch (the first of 3 such")
    assert 'ignore=("contact cylinder-box", "contact ellipsoid-cylinder", "contact ellipsoid-box")' in said
    assert 'contype="0" conaffinity="0"' in said and 'contact="none"' in said
    robot.function("step", contact="none")
    kept = load(file, ignore=("contact box-cylinder", "contact ellipsoid-cylinder", "contact ellipsoid-box"))
    assert kept.touches == []
    file.write_text(file.read_text().replace('"box"', '"box" contype="0" conaffinity="0"'))
    assert load(file, ignore="contact ellipsoid-cylinder").touches == []
