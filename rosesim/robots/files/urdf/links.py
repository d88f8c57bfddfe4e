"""`link`: its inertia, and the shapes that may touch others."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rosesim.robots.description import Geom, Inertial, Mesh, Vector
from rosesim.robots.files import mesh, moments
from rosesim.robots.files.errors import RobotError, quoted
from rosesim.robots.files.frames import IDENTITY, Frame, of_rpy
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.urdf.vocabulary import needed, only, opened
from rosesim.robots.files.values import Values
from rosesim.robots.files.xml import Element

SCHEMES = ("package://", "model://")


def origin(element: Element, reading: Reading) -> Frame:
    """The frame that an element's `origin` gives: turned about fixed axes, x first."""
    v = only(element, "origin", reading)
    if v is None:
        return Frame()
    rpy = v.vector("rpy", (0.0, 0.0, 0.0))
    return Frame(v.vector("xyz", (0.0, 0.0, 0.0)), of_rpy(*rpy) if any(rpy) else IDENTITY)


def read_inertial(link: Element, name: str, moves: bool, reading: Reading) -> Inertial | None:
    """Mass and inertia of a link in its frame, or None where it has none. Judged where the link moves."""
    v = only(link, "inertial", reading)
    if v is None:
        return None
    element = v.element
    here = origin(element, reading)
    weight = needed(element, "mass", reading)
    weight.required("value")
    mass = weight.number("value", 0.0, least=0.0)
    inertia = needed(element, "inertia", reading)
    for attribute in ("ixx", "iyy", "izz"):
        inertia.required(attribute)
    six = tuple(inertia.number(a, 0.0) for a in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz"))
    if moves and (reason := moments.fault(six)):
        reading.refuse("link inertia", inertia.element, f"link {quoted(name)}: {reason}; mend it.")
    return moments.moved(Inertial(mass, (0.0, 0.0, 0.0), six), here)


class Collisions:
    """Reads the `collision` elements of links; `roots` are folders in which packages lie."""

    def __init__(self, reading: Reading, roots: Sequence[str]):
        self.reading = reading
        self.folder = os.path.dirname(os.path.abspath(reading.path))
        self.roots = [*roots, *_ancestors(self.folder)]
        self._meshes: dict[tuple[str, Vector], Mesh] = {}

    def read(self, link: Element, body: int, frame: Frame) -> list[Geom]:
        """The geoms of a link, which stands at `frame` in its body."""
        result: list[Geom] = []
        for element in link.children:
            if element.tag != "collision":
                continue
            v = opened(element, self.reading)
            placed = frame.of(origin(element, self.reading))
            shape = self._shape(needed(element, "geometry", self.reading).element)
            if shape is not None:
                kind, size, found = shape
                name = v.text("name") or ""
                result.append(
                    Geom(
                        name,
                        kind,
                        body,
                        size,
                        placed.pos,
                        placed.quat,
                        has_inertia=False,
                        mesh=found,
                        line=element.line,
                    )
                )
        return result

    def _shape(self, geometry: Element) -> tuple[str, Vector, Mesh | None] | None:
        shapes = [c for c in geometry.children if c.tag in ("box", "cylinder", "sphere", "capsule", "mesh")]
        if len(shapes) != 1:
            if not shapes and geometry.children:
                return None  # what the user has left out
            raise geometry.error(f"<geometry> has {len(shapes)} shapes; one is expected.")
        v = opened(shapes[0], self.reading)
        if shapes[0].tag == "mesh":
            found = self._mesh(v)
            return None if found is None else ("mesh", (), found)
        if shapes[0].tag == "box":
            v.required("size")
            size = tuple(x / 2 for x in v.vector("size", (0.0, 0.0, 0.0)))
        else:
            v.required("radius")
            size = (v.number("radius", 0.0),)
            if shapes[0].tag != "sphere":
                v.required("length")
                size = (*size, v.number("length", 0.0) / 2)
        if min(size) <= 0:
            raise shapes[0].error(f"<{shapes[0].tag}> has a size that is not positive; give sizes over 0 m.")
        return shapes[0].tag, size, None

    def _mesh(self, v: Values) -> Mesh | None:
        if self.reading.leaves_out("mesh"):
            self.reading.note("mesh", v.element)
            return None
        file, scale = v.required("filename"), v.vector("scale", (1.0, 1.0, 1.0))
        if (file, scale) not in self._meshes:
            try:
                found = mesh.read(self._path(file, v), os.path.splitext(os.path.basename(file))[0])
            except RobotError as error:
                if error.file == v.element.file:
                    raise
                raise v.element.error(f'<mesh>: {error} Or give ignore=("mesh",).') from None

            def fault(what: str) -> RobotError:
                return v.element.error(f"<mesh> {quoted(file)} {what}")

            found = mesh.placed(found, (0.0, 0.0, 0.0), IDENTITY, scale, fault)
            self._meshes[file, scale] = mesh.hulled(found, fault)
        return self._meshes[file, scale]

    def _path(self, file: str, v: Values) -> str:
        scheme = next((s for s in SCHEMES if file.startswith(s)), None)
        if scheme is None:
            return os.path.join(self.folder, file.removeprefix("file://"))
        inside = file.removeprefix(scheme)
        for root in self.roots:
            path = os.path.join(root, inside)
            if "\0" not in path and os.path.isfile(path):
                return path
        sentence = (
            f"<mesh> {quoted(file)} is in no folder that is known; give roots=(FOLDER,), in which the package lies"
        )
        raise v.element.error(f'{sentence}, or ignore=("mesh",) to leave meshes out.')


def _ancestors(folder: str) -> list[str]:
    """The folders above a file, in one of which its own package usually lies."""
    result = [folder]
    while (above := os.path.dirname(result[-1])) != result[-1]:
        result.append(above)
    return result
