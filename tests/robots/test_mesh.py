"""Meshes: the same shape from each format, and which of them give mass."""

import struct
from pathlib import Path

import numpy as np
import pytest

from rosesim.robots.description import Mesh
from rosesim.robots.files import RobotError, load, mesh
from rosesim.robots.files.hull import hull
from rosesim.robots.mechanism import masses
from rosesim.robots.parameters import Parameters
from rosesim.robots.solids import mesh_moments

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
    assert mesh.unfit_for_inertia(found) is None


def fault(what: str) -> RobotError:
    return RobotError("box", 0, what)


def test_a_mesh_is_moved_turned_and_scaled_and_stays_outside_out(box: Path):
    found = mesh.read(str(box), "box")
    half = np.sqrt(0.5)
    placed = mesh.placed(found, (1.0, 0.0, 0.0), (half, 0.0, 0.0, half), (2.0, 1.0, -1.0), fault)
    # A frame at (1, 0, 0), turned by a quarter about z, sees (0, 2, 3) at (2, 1, 3), before it is scaled.
    assert np.abs(np.array(placed.vertices) - (4, 1, -3)).sum(axis=1).min() < 1e-14
    assert volume(placed) == pytest.approx(12)
    with pytest.raises(RobotError, match="when it is scaled"):
        mesh.placed(found, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), (1.0, 1e40, 1.0), fault)


def test_what_gives_no_mass_says_why(tmp_path: Path):
    for triangles, reason in (
        (TRIANGLES[:-1], "not closed"),
        ([(a, c, b) for a, b, c in TRIANGLES], "look inwards"),
        ([*TRIANGLES[:-1], TRIANGLES[-1][::-1]], "the wrong way round"),
    ):
        write_stl(tmp_path / "box.stl", triangles)
        assert reason in str(mesh.unfit_for_inertia(mesh.read(str(tmp_path / "box.stl"), "box")))


def test_the_hull_of_points_in_a_box_is_the_box():
    r = np.random.default_rng(0)
    inner = r.uniform((0, 0, 0), (1, 2, 3), (500, 3))
    inner[::2, 0] = 1.0  # half of them on one side: in one plane with four corners
    points = (*map(tuple, inner.tolist()), *map(tuple, CORNERS.tolist()))
    found = hull(Mesh("cloud", points, ()))
    assert found is not None and set(map(tuple, CORNERS.tolist())) <= set(found.vertices)
    assert volume(found) == pytest.approx(6, rel=1e-6) and mesh.unfit_for_inertia(found) is None


def test_a_hull_has_all_points_behind_its_sides():
    points = np.random.default_rng(0).normal(size=(400, 3))
    found = hull(Mesh("cloud", tuple(map(tuple, points.tolist())), ()))
    assert found is not None and mesh.unfit_for_inertia(found) is None
    a, b, c = (np.array(found.vertices)[[f[i] for f in found.faces]] for i in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    assert (points @ normals.T - np.einsum("ij,ij->i", a, normals)).max() < 1e-6 * np.ptp(points)


def test_flat_meshes_and_lines_have_no_hull():
    line = tuple((float(i), 2.0 * i, 0.0) for i in range(5))
    for points in (line, ((1.0, 1.0, 1.0),) * 5, (*line, (1.0, 0.0, 0.0))):
        assert hull(Mesh("flat", points, ())) is None


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
    found = load(robot(tmp_path, GEOM.format("", 'contype="0" conaffinity="0" mass="0"'), file="missing.stl"))
    assert found.geoms[0].mesh is None and not found.geoms[0].has_inertia
    for body in (GEOM.format(INERTIAL, ""), GEOM.format("", 'contype="0" conaffinity="0"')):
        file = robot(tmp_path, body, file="missing.stl")
        with pytest.raises(RobotError, match=r'robot.xml:1: <mesh> "box".* cannot be opened .*ignore=\("mesh",\)'):
            load(file)
        assert load(file, ("mesh",)).geoms == ()


def test_a_mesh_gives_the_mass_of_its_hull_or_has_to_be_closed(tmp_path: Path):
    write_stl(tmp_path / "box.stl", TRIANGLES[:-1])
    found = load(robot(tmp_path, GEOM.format("", ""), 'scale="2 2 2"')).geoms[0]
    assert found.mesh is not None and volume(found.mesh) == pytest.approx(48) and found.has_inertia
    with pytest.raises(RobotError, match="its surface is not closed"):
        load(robot(tmp_path, GEOM.format("", ""), 'inertia="exact"'))
    with pytest.raises(RobotError, match="is not there"):
        load(robot(tmp_path, GEOM.format("", ""), 'inertia="shell"'))
    found = load(robot(tmp_path, GEOM.format(INERTIAL, ""), 'inertia="exact"')).geoms[0]
    assert found.mesh is not None and len(found.mesh.faces) == 11


def test_a_mesh_has_the_inertia_of_the_box_that_it_is(tmp_path: Path):
    write_stl(tmp_path / "box.stl")
    of_mesh = '<body><joint/><geom type="mesh" mesh="box" pos="1 2 3" euler="10 20 30" {}/></body>'
    # The box's own centre, (0.5, 1, 1.5), in a frame that stands as the mesh does.
    of_box = (
        '<body><joint/><frame pos="1 2 3" euler="10 20 30"><geom type="box" size="0.5 1 1.5" pos="0.5 1 1.5" {}/>'
        "</frame></body>"
    )
    for weight in ("", 'mass="7"', 'density="30"'):
        found, expected = (
            masses(load(robot(tmp_path, body.format(weight))), Parameters({}, {}))[1] for body in (of_mesh, of_box)
        )
        assert found.mass == pytest.approx(expected.mass)
        np.testing.assert_allclose(found.com, expected.com)  # pyright: ignore[reportArgumentType] -- numbers here
        np.testing.assert_allclose(found.inertia, expected.inertia)  # pyright: ignore[reportArgumentType]


def test_the_moments_of_a_mesh_do_not_depend_on_the_point_that_they_are_summed_from(box: Path):
    found = mesh.read(str(box), "box")
    with_others = Mesh("box", (*found.vertices, (5.0, 6.0, 7.0), (9.0, 9.0, 9.0)), found.faces)  # in no triangle
    for a, b in zip(mesh_moments(found), mesh_moments(with_others), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-13)


def test_a_mesh_without_faces_is_the_hull_of_its_vertices(tmp_path: Path):
    def given(vertices: str) -> Path:
        asset = f'<asset><mesh name="box" vertex="{vertices}"/></asset>'
        file = tmp_path / "robot.xml"
        file.write_text(f"<mujoco>{asset}<worldbody>{GEOM.format('', '')}</worldbody></mujoco>")
        return file

    found = load(given(" ".join(map(str, [*CORNERS.ravel(), *CORNERS.mean(axis=0)])))).geoms[0].mesh
    assert found is not None and len(found.vertices) == 8 and len(found.faces) == 12
    with pytest.raises(RobotError, match=r'"box" has no faces, and its vertices are in one plane'):
        load(given("0 0 0 1 0 0 0 1 0 1 1 0"))
    with pytest.raises(RobotError, match=r"13 numbers in vertex and 0 in face"):
        load(given("0 0 0 1 0 0 0 1 0 1 1 0 2"))
