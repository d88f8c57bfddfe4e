"""Contacts of convex shapes beside MuJoCo's, in random placements: distances, places, normals, and the time of one.

    python benchmarks/convex_contacts.py [--placements 3000]

Needs MuJoCo. Its search is set to 500 iterations and a tolerance of 1e-12, and its many contacts of flat sides are
off; placements where such sides lie on each other are left out. Shapes are some 0.2 m in size. Shapes that overlap
may have other directions in either program, each less deep than those nearby.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import mujoco  # pyright: ignore[reportMissingImports] -- where it is installed
import numpy as np

from rosesim import Real, fn, stack
from rosesim.robots.contact import geometry
from rosesim.robots.contact.convex import convex
from rosesim.robots.contact.hulls import Hulls
from rosesim.robots.description import Mesh
from rosesim.robots.files.hull import hull

SIZES = {
    "sphere": (0.1,),
    "capsule": (0.1, 0.2),
    "ellipsoid": (0.3, 0.2, 0.1),
    "cylinder": (0.2, 0.15),
    "box": (0.2, 0.15, 0.1),
}
SHALLOW = 0.03
"""In m: what is less deep touches as shapes do in a simulation."""
SAME = 1e-5
"""In m: distances that differ by more are those of two directions."""


def stone(draw: np.random.Generator, vertices: int) -> str:
    """The vertices of a mesh, on an ellipsoid."""
    points = draw.normal(size=(vertices, 3))
    points *= np.array([0.25, 0.2, 0.12]) / np.linalg.norm(points, axis=1)[:, None]
    return " ".join(f"{x:.4f}" for x in points.ravel())


def model(pair: Sequence[str], vertices: str) -> Any:
    """Two free bodies in MuJoCo."""

    def geom(kind: str) -> str:
        shape = 'mesh="stone"' if kind == "mesh" else f'size="{" ".join(map(str, SIZES[kind]))}"'
        return f'<body><freejoint/><geom type="{kind}" margin="0.1" {shape}/></body>'

    return mujoco.MjModel.from_xml_string(
        f'<mujoco><asset><mesh name="stone" vertex="{vertices}"/></asset>'
        '<option ccd_iterations="500" ccd_tolerance="1e-12"><flag multiccd="disable"/></option>'
        f"<worldbody>{''.join(map(geom, pair))}</worldbody></mujoco>"
    )


def contact_of(pair: Sequence[str], hulls: Hulls) -> Any:
    """The contacts of a pair, rows of (distance, point, normal), from places, rotations and sizes."""

    @fn
    def found(pos: Any, mat: Any, size: Any) -> Any:
        shapes = [
            geometry.Shape(
                kind,
                [size[k, i] for i in range(5 if kind == "mesh" else 3)],
                (pos[k, 0], pos[k, 1], pos[k, 2]),
                tuple((mat[k, 3 * r], mat[k, 3 * r + 1], mat[k, 3 * r + 2]) for r in range(3)),  # pyright: ignore
                hulls,
            )
            for k, kind in enumerate(pair)
        ]
        rows: list[Any] = []
        for place in geometry.contacts(shapes[0], shapes[1], 0.2):
            point, frame = place.rest()
            rows.append(stack([Real(x) for x in (place.distance, *point, *frame[0])]))
        return stack(rows)

    return found


def compare(pair: Sequence[str], placements: int, vertices: int) -> str:
    """A row of the table."""
    draw = np.random.default_rng(1)
    m = model(pair, stone(draw, vertices))
    d = mujoco.MjData(m)
    mesh = Mesh("stone", tuple(map(tuple, m.mesh_vert.astype(float).tolist())), ())
    hulls = Hulls([hull(mesh) or mesh])
    size = np.zeros((2, 5))
    for k, kind in enumerate(pair):
        numbers = hulls.size(0) if kind == "mesh" else SIZES[kind]
        size[k, : len(numbers)] = numbers
    f = contact_of(pair, hulls)
    start = time.perf_counter()
    f(np.zeros((2, 3)), np.tile(np.eye(3).ravel(), (2, 1)), size)
    compiled = time.perf_counter() - start
    rows: list[list[float]] = []
    for _ in range(placements):
        for at in (0, 7):
            q = draw.normal(size=4)
            d.qpos[at + 3 : at + 7] = q / np.linalg.norm(q)
        d.qpos[:3], d.qpos[7:10] = 0.0, 0.25 * draw.normal(size=3)
        mujoco.mj_fwdPosition(m, d)
        found = f(d.geom_xpos.copy(), d.geom_xmat.copy(), size)
        if (found[1:, 0] < 100.0).any():
            continue  # sides that lie on each other, at the corners of what they share
        found = found[0]
        if d.ncon != (found[0] < 0.2):
            raise SystemExit(f"{pair}: MuJoCo has {d.ncon} contacts, here the distance is {found[0]}")
        if d.ncon:
            c = d.contact[0]
            off = np.abs(found[1:4] - c.pos).max(), np.abs(found[4:] - c.frame[:3]).max()
            rows.append([c.dist, found[0] - c.dist, *off])
    table = np.array(rows)
    apart, shallow = table[table[:, 0] > 0.0], table[(table[:, 0] < 0.0) & (table[:, 0] > -SHALLOW)]
    deep = table[table[:, 0] <= -SHALLOW]
    cells = ["-".join(pair)]
    for part in (apart, shallow):
        same = part[np.abs(part[:, 1]) < SAME]
        cells += [f"{len(same)} of {len(part)}", *(f"{np.quantile(abs(same[:, k]), 0.99):.0e}" for k in (1, 2, 3))]
    deeper, less = (deep[:, 1] < -SAME).sum(), (deep[:, 1] > SAME).sum()
    above = (apart[:, 1] > SAME).sum()
    return " | ".join([*cells, f"{above}", f"{deeper}, {less} of {len(deep)}", f"{compiled:.1f}"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--placements", type=int, default=3000)
    parser.add_argument("--vertices", type=int, default=30, help="of the mesh")
    options = parser.parse_args()
    heads = ["pair", "apart: alike", "distance", "place", "normal", "less than 3 cm deep: alike", "distance", "place"]
    heads += ["normal", "larger distance here", "deeper and less deep here, where deeper than 3 cm", "compile s"]
    print("|", " | ".join(heads), "|")
    for pair in sorted(p for p, finder in geometry.FINDERS.items() if finder is convex):
        print("|", compare(pair, options.placements, options.vertices), "|", flush=True)


if __name__ == "__main__":
    main()
