"""`worldbody`: the tree of bodies with their joints, geoms and sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from rosesim.robots.description import Body, Geom, Inertial, Joint, Site
from rosesim.robots.files import moments
from rosesim.robots.files.errors import quoted
from rosesim.robots.files.frames import HERE, IDENTITY, Frame, product, turned, unit
from rosesim.robots.files.mjcf import attributes
from rosesim.robots.files.mjcf.attributes import fault, name_of
from rosesim.robots.files.mjcf.defaults import Defaults
from rosesim.robots.files.mjcf.joints import read_freejoint, read_joint
from rosesim.robots.files.mjcf.names import Names
from rosesim.robots.files.mjcf.options import Compiler
from rosesim.robots.files.mjcf.shapes import Shapes
from rosesim.robots.files.mjcf.vocabulary import HARMLESS_IN_BODY, WORDS
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values, check_names, is_known
from rosesim.robots.files.xml import Element

MOST_COPIES = 50_000
"""That `replicate` may make of elements, in all: copies within copies multiply."""
LATER = ("composite", "flexcomp", "attach", "plugin")
KNOWN = ("body", "joint", "freejoint", "geom", "site", "inertial", "frame", "replicate", *HARMLESS_IN_BODY, *LATER)
NOTHING = Inertial(0.0, (0.0, 0.0, 0.0), (0.0,) * 6)


@dataclass(frozen=True)
class _Content:
    """A child of a body, with what the `frame` and `replicate` elements around it add."""

    element: Element
    frame: Frame
    childclass: str | None
    suffix: str


@dataclass
class Tree:
    """Reads bodies, and collects what it has read."""

    compiler: Compiler
    defaults: Defaults
    shapes: Shapes
    names: Names
    reading: Reading
    bodies: list[Body] = field(default_factory=lambda: [Body("world", 0)])
    joints: list[Joint] = field(default_factory=list[Joint])
    geoms: list[Geom] = field(default_factory=list[Geom])
    sites: list[Site] = field(default_factory=list[Site])
    budget: int = MOST_COPIES

    def world(self, sections: list[Element]) -> None:
        """All `worldbody` sections of a file."""
        self.names.add("body", "world", 0, sections[0])
        for section in sections:
            check_names(section, WORDS["worldbody"], self.reading)
        content = [c for s in sections for c in self._content(s, HERE, s.attributes.get("childclass"), "")]
        self._fill(content, 0)

    def _fill(self, content: list[_Content], body: int) -> None:
        """What belongs to a body itself comes before the bodies in it, wherever it stands."""
        own = [c for c in content if c.element.tag != "body"]
        inertials = [c for c in own if c.element.tag == "inertial"]
        if len(inertials) > 1:
            raise inertials[1].element.error("<inertial> is given twice in one body; remove one.")
        has_inertial = bool(inertials) and self.compiler.inertiafromgeom != "true"
        if body and has_inertial:
            self._set_inertial(inertials[0], body)
        elif body and self.compiler.inertiafromgeom == "false":
            self.bodies[body] = _with_inertial(self.bodies[body], NOTHING)
        for c in own:
            self._own(c, body, has_inertial or self.compiler.inertiafromgeom == "false")
        self._check_joints(body)
        for c in content:
            if c.element.tag == "body":
                self._body(c, body)

    def _own(self, c: _Content, body: int, has_inertial: bool) -> None:
        tag = c.element.tag
        if tag in ("joint", "freejoint"):
            self._joint(c, body)
        elif tag == "geom":
            v = self.defaults.values(c.element, "geom", c.childclass)
            geom = self.shapes.geom(v, body, c.frame, c.suffix, has_inertial)
            if geom is None:
                self.names.leave_out("geom", name_of(v, c.suffix), "geom")
                return
            self.names.add("geom", geom.name, len(self.geoms), c.element)
            self.geoms.append(geom)
        elif tag == "site":
            site = self.shapes.site(self.defaults.values(c.element, "site", c.childclass), body, c.frame, c.suffix)
            self.names.add("site", site.name, len(self.sites), c.element)
            self.sites.append(site)
        elif tag in HARMLESS_IN_BODY:
            self.reading.harmless(tag, c.element)
        elif tag in LATER:
            what = "plugin" if tag == "plugin" else f"body {tag}"
            self.reading.refuse(what, c.element, f"<{tag}> in a body is not there yet.")
        elif tag != "inertial":
            is_known(c.element, "body", KNOWN, self.reading)

    def _joint(self, c: _Content, body: int) -> None:
        if body == 0:
            raise c.element.error(f"<{c.element.tag}> stands in the world, which does not move; put it in a <body>.")
        if c.element.tag == "freejoint":
            check_names(c.element, WORDS["freejoint"], self.reading)
            joint = read_freejoint(Values(c.element, WORDS["freejoint"]), body, c.suffix, self.reading)
        else:
            v = self.defaults.values(c.element, "joint", c.childclass)
            joint = read_joint(v, body, c.frame, c.suffix, self.compiler, self.reading)
        self.names.add("joint", joint.name, len(self.joints), c.element)
        self.joints.append(joint)

    def _check_joints(self, body: int) -> None:
        here = self.bodies[body]
        own = list(takewhile(lambda j: j.body == body, reversed(self.joints)))  # the last that were read
        file = self.reading.path
        if here.mocap and (own or here.parent):
            element = Element("body", {"name": here.name}, file, here.line)
            raise element.error(f"<body mocap> {quoted(here.name)} has to be a child of the world without joints.")
        for joint in own:
            element = Element("joint", {"name": joint.name}, file, joint.line)
            if joint.kind == "free" and (here.parent or len(own) > 1):
                sentence = (
                    f"a free joint, {quoted(joint.name)}, is only for a child of the world, and alone in its body."
                )
                raise element.error(f"{sentence} Move the body there, or use other joints.")

    def _body(self, c: _Content, parent: int) -> None:
        check_names(c.element, WORDS["body"], self.reading)
        v = Values(c.element, WORDS["body"])
        placed = c.frame.of(attributes.frame(v, self.compiler))
        name, index = name_of(v, c.suffix), len(self.bodies)
        self.names.add("body", name, index, c.element)
        gravcomp, mocap = v.number("gravcomp", 0.0), v.flag("mocap", False)
        body = Body(name, parent, placed.pos, placed.quat, None, gravcomp, mocap, c.element.line)
        self.bodies.append(body)
        childclass = self._childclass(c.element, c.childclass)
        self._fill(list(self._content(c.element, HERE, childclass, c.suffix)), index)

    def _childclass(self, element: Element, inherited: str | None) -> str | None:
        name = element.attributes.get("childclass", inherited)
        if name is not None:
            self.defaults.known(element, name)
        return name

    def _set_inertial(self, c: _Content, body: int) -> None:
        check_names(c.element, WORDS["inertial"], self.reading)
        v = Values(c.element, WORDS["inertial"])
        v.required("pos")
        v.required("mass")
        here = attributes.frame(v, self.compiler)
        mass = v.number("mass", 0.0, least=0.0)
        diagonal, six = v.numbers("diaginertia", 3), v.numbers("fullinertia", 6)
        if (diagonal is None) == (six is None):
            given = "both diaginertia and fullinertia" if six else "neither diaginertia nor fullinertia"
            raise fault(v, f"has {given}; give one of them.")
        if six is not None and attributes.orientation(v, self.compiler) is not None:
            raise fault(
                v, "has fullinertia and an orientation; fullinertia is in the body's axes: remove the latter."
            )
        given = six if six is not None else (*(diagonal or ()), 0.0, 0.0, 0.0)
        reason = None if self.compiler.bounds[3] else moments.fault(given)
        if reason:
            raise fault(v, f"of body {quoted(self.bodies[body].name)}: {reason}; mend it.")
        inertial = Inertial(mass, here.pos, moments.turned(given, here.quat))
        self.bodies[body] = _with_inertial(self.bodies[body], moments.moved(inertial, c.frame))

    def _content(self, parent: Element, frame: Frame, childclass: str | None, suffix: str) -> Iterator[_Content]:
        """The children of a body, with `frame` and `replicate` dissolved."""
        for child in parent.children:
            if child.tag == "frame":
                check_names(child, WORDS["frame"], self.reading)
                inner = frame.of(attributes.frame(Values(child, WORDS["frame"]), self.compiler))
                yield from self._content(child, inner, self._childclass(child, childclass), suffix)
            elif child.tag == "replicate":
                for place, number in self._copies(child):
                    yield from self._content(child, frame.of(place), childclass, number + suffix)
            else:
                if suffix:
                    self._spend(1, child)
                yield _Content(child, frame, childclass, suffix)

    def _copies(self, element: Element) -> Iterator[tuple[Frame, str]]:
        """Where the copies of a `replicate` are, and what is added to their names: digits, padded with zeros."""
        check_names(element, WORDS["replicate"], self.reading)
        v = Values(element, WORDS["replicate"])
        v.required("count")
        count = v.integer("count", 1, least=1, most=100_000)
        offset, angles = v.vector("offset", (0.0,) * 3), v.vector("euler", (0.0,) * 3)
        separator, digits = v.text("sep") or "", len(str(count - 1))
        self._spend(count, element)
        step = attributes.euler(angles, self.compiler)
        pos, quat = (0.0, 0.0, 0.0), IDENTITY
        for i in range(count):
            turn = attributes.euler(tuple(i * a for a in angles), self.compiler)  # not a product of i roundings
            yield Frame(pos, turn), f"{separator}{i:0{digits}}"
            pos = tuple(a + b for a, b in zip(pos, turned(quat, offset), strict=True))
            quat = unit(product(quat, step)) or IDENTITY

    def _spend(self, copies: int, element: Element) -> None:
        self.budget -= copies
        if self.budget < 0:
            raise element.error(f"<replicate> makes more than {MOST_COPIES} copies, the most that is read.")


def _with_inertial(body: Body, inertial: Inertial) -> Body:
    return Body(body.name, body.parent, body.pos, body.quat, inertial, body.gravcomp, body.mocap, body.line)
