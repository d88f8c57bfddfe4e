"""`asset`: colours of materials, and meshes, which are read where they matter."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rosesim.robots.description import Mesh, Vector
from rosesim.robots.files import frames, mesh
from rosesim.robots.files.errors import RobotError, nearest, quoted
from rosesim.robots.files.mjcf.defaults import Defaults
from rosesim.robots.files.mjcf.options import Compiler
from rosesim.robots.files.mjcf.vocabulary import HARMLESS_ASSETS
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values, is_known
from rosesim.robots.files.xml import Element


class Assets:
    """The materials and meshes of a file by their names."""

    def __init__(self, elements: Sequence[Element], defaults: Defaults, compiler: Compiler, reading: Reading):
        self.compiler = compiler
        self.reading = reading
        self.folder = os.path.join(os.path.dirname(reading.path), compiler.meshdir)
        self.colours: dict[str, Vector] = {}
        self.meshes: dict[str, Values] = {}
        self._read: dict[str, Mesh] = {}
        for element in elements:
            if element.tag == "material":
                v = defaults.values(element, "material")
                self.colours[v.required("name")] = v.vector("rgba", (1.0, 1.0, 1.0, 1.0))
            elif element.tag == "mesh":
                v = defaults.values(element, "mesh")
                name = v.text("name") or _stem(v.required("file"))
                if name in self.meshes:
                    raise element.error(f"there are two meshes with the name {quoted(name)}; rename one.")
                self.meshes[name] = v
            elif element.tag in HARMLESS_ASSETS:
                reading.harmless(element.tag, element)
            else:
                is_known(element, "asset", ("material", "mesh", *HARMLESS_ASSETS), reading)

    def colour(self, name: str, v: Values) -> Vector:
        """The colour of a material that an element names."""
        if name not in self.colours:
            raise v.error(
                "material", f"names {quoted(name)}, which no <asset> defines; {nearest(name, self.colours)}"
            )
        return self.colours[name]

    def declared(self, name: str, v: Values) -> Values:
        """The `mesh` element of a name."""
        if name not in self.meshes:
            raise v.error("mesh", f"names {quoted(name)}, which no <asset> defines; {nearest(name, self.meshes)}")
        return self.meshes[name]

    def mesh(self, name: str, v: Values, weighs: bool) -> Mesh | None:
        """The mesh of a geom; `weighs` where it gives mass. None where the user leaves meshes out."""
        declared = self.declared(name, v)
        if self.reading.leaves_out("mesh"):
            self.reading.note("mesh", v.element)
            return None
        if name not in self._read:
            self._read[name] = self._from(name, declared)
        found = self._read[name]
        kind = declared.word("inertia", ("convex", "exact", "legacy", "shell"), "convex")
        is_later = kind in ("legacy", "shell")
        reason = f'inertia="{kind}" is not there (convex or exact is)' if is_later else mesh.unfit_for_inertia(found)
        if weighs and reason:
            raise declared.element.error(
                f"<mesh> {quoted(name)} gives mass to <geom> in line {v.element.line}, but {reason}."
                ' Give its body an <inertial>, or ignore=("mesh",) to leave meshes out.'
            )
        return found

    def _from(self, name: str, v: Values) -> Mesh:
        def fault(what: str) -> RobotError:
            return v.element.error(f"<mesh> {quoted(name)} {what}")

        if v.has("vertex"):
            vertices = v.some_numbers("vertex", 12, 3 * mesh.MOST) or ()
            faces = v.some_numbers("face", 12, 3 * mesh.MOST, least=0.0)
            if len(vertices) % 3 or len(faces or ()) % 3:
                sentence = f"{quoted(name)} has {len(vertices)} numbers in vertex and {len(faces or ())} in face"
                raise v.element.error(f"<mesh> {sentence}; 3 for each vertex and each face are expected.")
            found = mesh.made(name, vertices, faces, fault) if faces else mesh.spanned(name, vertices, fault)
        else:
            file = v.required("file")
            path = os.path.join(self.folder, os.path.basename(file) if self.compiler.strippath else file)
            try:
                found = mesh.read(path, name)
            except RobotError as error:
                raise v.element.error(f'<mesh> {quoted(name)}: {error} Or give ignore=("mesh",).') from None
        quat = frames.unit(v.vector("refquat", frames.IDENTITY))
        if quat is None:
            raise v.error("refquat", "has no direction; numbers that are not all 0 are expected.")
        found = mesh.placed(found, v.vector("refpos", (0.0,) * 3), quat, v.vector("scale", (1.0,) * 3), fault)
        if v.text("inertia") == "exact":
            return found
        return mesh.hulled(found, fault)


def _stem(file: str) -> str:
    return os.path.splitext(os.path.basename(file))[0]
