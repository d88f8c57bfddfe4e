"""A whole URDF file: links and joints as a tree of bodies.

Links that a fixed joint connects are one body: their inertias are added, and each name is kept as a site where the
link's frame was. So is the base, whose body is the world, unless the robot is to move freely.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from rosesim.robots.description import Actuator, Body, Description, Geom, Inertial, Joint, Site
from rosesim.robots.files import moments
from rosesim.robots.files.errors import SHOWN, nearest, quoted
from rosesim.robots.files.frames import Frame
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.urdf.joints import Connection, read_connection
from rosesim.robots.files.urdf.links import Collisions, read_inertial
from rosesim.robots.files.urdf.vocabulary import opened
from rosesim.robots.files.xml import Element


def read_urdf(
    root: Element, reading: Reading, motors: str | Iterable[str] = (), base: str = "fixed", roots: Sequence[str] = ()
) -> Description:
    """The robot of a `robot` element. `motors`, `base` and `roots` are those of `load`."""
    opened(root, reading)
    _list_reductions(root, reading)
    links = _by_name([c for c in root.children if c.tag == "link"], "link", reading)
    joints = _by_name([c for c in root.children if c.tag == "joint"], "joint", reading)
    connections = [read_connection(element, reading) for element in joints.values()]
    first = _root(root, links, connections)
    tree = _Tree(links, reading, Collisions(reading, roots))
    tree.grow(first, connections, base)
    bodies = [tree.bodies[0], *(tree.with_inertia(i) for i in range(1, len(tree.bodies)))]
    stem = os.path.splitext(os.path.basename(reading.path))[0]
    return Description(
        name=root.attributes.get("name", stem),
        bodies=tuple(bodies),
        joints=tuple(tree.joints),
        # A link that is merged may come after bodies that come after its own.
        geoms=tuple(sorted(tree.geoms, key=lambda g: g.body)),
        sites=tuple(sorted(tree.sites, key=lambda s: s.body)),
        actuators=tuple(_motors(motors, tree.joints, root)),
        ignored=reading.ignored(),
        file=reading.path,
    )


def _list_reductions(root: Element, reading: Reading) -> None:
    """List gears: efforts and positions of a URDF are the joint's, but who drives the motor needs the ratio."""
    for transmission in (c for c in root.children if c.tag == "transmission"):
        ahead = list(transmission.children)
        while ahead:
            element = ahead.pop()
            ahead += element.children
            if element.tag == "mechanicalReduction" and element.text not in ("", "1", "1.0"):
                reading.harmless(f"transmission reduction {element.text[:SHOWN]} (not applied)", element)


def _by_name(elements: Sequence[Element], kind: str, reading: Reading) -> dict[str, Element]:
    result: dict[str, Element] = {}
    for element in elements:
        name = opened(element, reading).required("name")
        if name in result:
            raise element.error(f"there are two of kind {kind} with the name {quoted(name)}; rename one.")
        result[name] = element
    return result


def _root(root: Element, links: dict[str, Element], connections: Sequence[Connection]) -> str:
    """The link that is no child; there is one, and each other link has one parent."""
    if not links:
        raise root.error("<robot> has no <link>; give one.")
    parents: dict[str, Connection] = {}
    for c in connections:
        for name in (c.parent, c.child):
            if name not in links:
                advice = nearest(name, links)
                raise c.element.error(
                    f"joint {quoted(c.joint.name)} names the link {quoted(name)}, which is not there; {advice}"
                )
        if c.child in parents:
            both = f"{quoted(parents[c.child].joint.name)} and {quoted(c.joint.name)}"
            raise c.element.error(
                f"link {quoted(c.child)} is the child of two joints, {both}; a link has one parent."
            )
        parents[c.child] = c
    free = [name for name in links if name not in parents]
    if not free:
        raise root.error(
            "each link is the child of a joint, so the joints go in a circle; one link has to be the base."
        )
    if len(free) > 1:
        names = " and ".join(quoted(n) for n in free[:2])
        raise links[free[1]].error(f"links {names} are both no child of any joint; a robot has one base: join them.")
    return free[0]


@dataclass
class _Tree:
    """The bodies while links are placed on them."""

    links: dict[str, Element]
    reading: Reading
    collisions: Collisions
    bodies: list[Body] = field(default_factory=lambda: [Body("world", 0)])
    joints: list[Joint] = field(default_factory=list[Joint])
    geoms: list[Geom] = field(default_factory=list[Geom])
    sites: list[Site] = field(default_factory=list[Site])
    parts: dict[int, list[Inertial]] = field(default_factory=dict[int, list[Inertial]])

    def grow(self, first: str, connections: Sequence[Connection], base: str) -> None:
        """Place all links, depth first, children in the order of their joints."""
        below: dict[str, list[Connection]] = {}
        for c in connections:
            below.setdefault(c.parent, []).append(c)
        unplaced = dict.fromkeys(self.links)
        root = Joint("root", "free" if base == "free" else "fixed", 0)
        start = Connection("world", first, Frame(), root, self.links[first])
        ahead = [(start, 0, Frame())]  # a list, not a recursion: a chain may be as long as a file
        while ahead:
            c, parent, frame = ahead.pop()
            del unplaced[c.child]
            body, frame = self._place(c, parent, frame.of(c.frame))
            ahead += ((inner, body, frame) for inner in reversed(below.get(c.child, [])))
        for name in unplaced:
            sentence = f"link {quoted(name)} hangs on itself, not on the base {quoted(first)}"
            raise self.links[name].error(f"{sentence}; joints may not go in a circle.")

    def _place(self, c: Connection, parent: int, frame: Frame) -> tuple[int, Frame]:
        """Put a link on its parent's body, at `frame`, or on a new one; where its own frame is then."""
        if c.is_fixed:
            body = parent
            self.sites.append(Site(c.child, body, frame.pos, frame.quat, line=c.element.line))
        else:
            if c.joint.kind == "free" and parent:
                sentence = f"joint {quoted(c.joint.name)} is floating, but its parent is no part of the base"
                raise c.element.error(f"{sentence}; only what hangs on the world can move freely.")
            body = len(self.bodies)
            line = self.links[c.child].line
            self.bodies.append(Body(c.child, parent, frame.pos, frame.quat, line=line))
            self.joints.append(replace(c.joint, body=body))
            frame = Frame()
        link = self.links[c.child]
        inertial = read_inertial(link, c.child, body > 0, self.reading)
        if inertial is not None:
            self.parts.setdefault(body, []).append(moments.moved(inertial, frame))
        self.geoms += self.collisions.read(link, body, frame)
        return body, frame

    def with_inertia(self, body: int) -> Body:
        """A body with the inertia of all links that are one with it."""
        found = self.bodies[body]
        parts = self.parts.get(body)
        if not parts:
            sentence = f"link {quoted(found.name)} moves and has no <inertial>, so no force would move it as you mean"
            raise self.links[found.name].error(f"{sentence}; give its mass and inertia.")
        total = moments.total(parts)
        if total.mass <= 0:
            raise self.links[found.name].error(
                f"link {quoted(found.name)} moves and has a mass of 0; give one over 0 kg."
            )
        return replace(found, inertial=total)


def _motors(motors: str | Iterable[str], joints: Sequence[Joint], root: Element) -> list[Actuator]:
    """A motor for each joint that is named, in that order; with the joint's bound, if any, as that of its control."""
    index = {j.name: i for i, j in enumerate(joints) if j.kind != "free"}
    names = list(index) if motors == "all" else [motors] if isinstance(motors, str) else list(motors)
    result: list[Actuator] = []
    for name in names:
        if name not in index:
            raise root.error(f"motors= names {quoted(name)}, which is no joint that moves; {nearest(name, index)}")
        joint = joints[index[name]]
        result.append(Actuator(name, index[name], ctrl_range=joint.force_range, line=joint.line))
    return result
