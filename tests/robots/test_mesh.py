"""Meshes: the same shape from each format, and which of them give mass."""

import struct
from pathlib import Path

import numpy as np
import pytest

from rosesim.robots.description import Mesh
from rosesim.robots.files import RobotError, load, mesh

CORNERS = np.array([(x, y, z) for x in (0, 1) for y in (0, 2) for z in (0, 3)], float)
SIDES = (  # of the box, counterclockwise from outside
    (0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3),
)  # fmt: skip
TRIANGLES = [t for a, b, c, d in SIDES for t in ((a, b, c), (a, c, d))]


def write_obj(file: Path) -> None:
    """Squares, with texture and normals, and an index from the end."""
    lines = ["# a box", "o box", *(f"v {x} {y} {z}" for x, y, z in CORNERS), "vt 0 0", "vn 0 0 1", "usemtl grey"]
    faces = [" ".join(f"{i + 1}/1/1" for i in side) for side in SIDES[:-1]]
    lines += [f"f {f}" for f in faces] + ["f " + " ".join(f"{i - 8}//1" for i in SIDES[-1])]
    file.write_text("\n".join(lines))


def write_stl(file: Path, triangles: list[tuple[int, ...]] = TRIANGLES) -> None:
    content = b"".join(struct.pack("<12fH", *[0.0] * 3, *CORNERS[list(t)].ravel(), 0) for t in triangles)
    file.write_bytes(bytes(80) + struct.pack("<I", len(triangles)) + content)


def volume(found: Mesh) -> float:
    a, b, c = (np.array(found.vertices)[[f[i] for f in found.faces]] for i in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


@pytest.fixture(params=["obj", "stl"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / f"box.{request.param}"
    (write_obj if request.param == "obj" else write_stl)(file)
    return file


def test_a_box_is_a_box_from_each_format(box: Path):
    found = mesh.read(str(box), "box")
    assert sorted(found.vertices) == sorted(map(tuple, CORNERS.tolist())) and len(found.faces) == 12
    assert volume(found) == pytest.approx(6)
    assert mesh.unfit_for_inertia(found, "convex") is None


def test_a_mesh_is_moved_turned_and_scaled_and_stays_outside_out(box: Path):
    found = mesh.read(str(box), "box")
    half = np.sqrt(0.5)
    placed = mesh.placed(found, (1.0, 0.0, 0.0), (half, 0.0, 0.0, half), (2.0, 1.0, -1.0))
    # A frame at (1, 0, 0), turned by a quarter about z, sees (0, 2, 3) at (2, 1, 3), before it is scaled.
    assert np.abs(np.array(placed.vertices) - (4, 1, -3)).sum(axis=1).min() < 1e-14
    assert volume(placed) == pytest.approx(12)


def test_what_gives_no_mass_is_refused_with_the_reason(tmp_path: Path):
    for triangles, reason in (
        (TRIANGLES[:-1], "not closed"),
        ([(a, c, b) for a, b, c in TRIANGLES], "look inwards"),
        ([*TRIANGLES[:-1], TRIANGLES[-1][::-1]], "the wrong way round"),
    ):
        write_stl(tmp_path / "box.stl", triangles)
        assert reason in str(mesh.unfit_for_inertia(mesh.read(str(tmp_path / "box.stl"), "box"), "exact"))
    write_stl(tmp_path / "box.stl")
    found = mesh.read(str(tmp_path / "box.stl"), "box")
    vertices = [tuple(x * 0.3 for x in v) if v == (0.0, 0.0, 3.0) else v for v in found.vertices]
    vertices = [(0.6, 1.2, 1.8) if v == (1.0, 2.0, 3.0) else v for v in vertices]
    inner = Mesh("dented", tuple(vertices), found.faces)
    assert "not convex" in str(mesh.unfit_for_inertia(inner, "convex"))
    assert mesh.unfit_for_inertia(inner, "exact") is None
    assert "surface" in str(mesh.unfit_for_inertia(found, "shell"))


GEOM = '<body><joint/>{}<geom type="mesh" mesh="box" {}/></body>'
INERTIAL = '<inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>'


def robot(folder: Path, body: str, attributes: str = "", file: str = "box.stl") -> Path:
    asset = f'<asset><mesh name="box" file="{file}" {attributes}/></asset>'
    text = f'<mujoco><compiler meshdir="."/>{asset}<worldbody>{body}</worldbody></mujoco>'
    (folder / "robot.xml").write_text(text)
    return folder / "robot.xml"


def test_a_mesh_is_read_only_where_it_matters(tmp_path: Path):
    body = GEOM.format(INERTIAL, 'contype="0" conaffinity="0"')
    found = load(robot(tmp_path, body, file="missing.stl"))
    assert found.geoms[0].mesh is None and not found.geoms[0].has_inertia
    assert [i.what for i in found.ignored] == ["geom mesh (visual)"]
    for body in (GEOM.format(INERTIAL, ""), GEOM.format("", 'contype="0" conaffinity="0"')):
        file = robot(tmp_path, body, file="missing.stl")
        with pytest.raises(RobotError, match=r'robot.xml:1: <mesh> "box".* cannot be opened .*ignore=\("mesh",\)'):
            load(file)
        assert load(file, ("mesh",)).geoms == ()


def test_a_mesh_that_gives_mass_has_to_be_closed(tmp_path: Path):
    write_stl(tmp_path / "box.stl")
    found = load(robot(tmp_path, GEOM.format("", ""), 'scale="2 2 2"')).geoms[0]
    assert found.mesh is not None and volume(found.mesh) == pytest.approx(48) and found.has_inertia
    write_stl(tmp_path / "box.stl", TRIANGLES[:-1])
    with pytest.raises(RobotError, match="its surface is not closed"):
        load(robot(tmp_path, GEOM.format("", "")))
    assert load(robot(tmp_path, GEOM.format(INERTIAL, ""))).geoms[0].mesh is not None
