"""The words of URDF: attributes and children of each element."""

from __future__ import annotations

from dataclasses import dataclass

from rosesim.robots.files.errors import RobotError
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values, Words, check_names, is_known, words
from rosesim.robots.files.xml import Element


@dataclass(frozen=True)
class Kind:
    """What an element may have."""

    attributes: Words
    children: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    """Children that change no motion."""


KINDS: dict[str, Kind] = {
    "robot": Kind(
        words("name", "version"), ("link", "joint"), ("material", "transmission", "gazebo", "ros2_control", "sensor")
    ),
    "link": Kind(words("name", "type"), ("inertial", "collision"), ("visual",)),
    "inertial": Kind(words(), ("origin", "mass", "inertia")),
    "mass": Kind(words("value")),
    "inertia": Kind(words("ixx iyy izz ixy ixz iyz")),
    "origin": Kind(words("xyz rpy")),
    "collision": Kind(words("name"), ("origin", "geometry"), ("material", "verbose")),
    "geometry": Kind(words(), ("box", "cylinder", "sphere", "capsule", "mesh")),
    "box": Kind(words("size")),
    "cylinder": Kind(words("radius length")),
    "capsule": Kind(words("radius length")),
    "sphere": Kind(words("radius")),
    "mesh": Kind(words("filename scale")),
    "joint": Kind(
        words("name type", "dont_collapse"),
        ("origin", "parent", "child", "axis", "limit", "dynamics", "mimic"),
        ("safety_controller", "calibration"),
    ),
    "parent": Kind(words("link")),
    "child": Kind(words("link")),
    "axis": Kind(words("xyz")),
    "limit": Kind(words("lower upper effort velocity")),
    "dynamics": Kind(words("damping friction")),
    "mimic": Kind(words("joint multiplier offset")),
}

LATER = {
    # Children that change how the robot moves, as simulators add them: the class by which a user leaves each out.
    ("link", "contact"): "link contact",
    ("robot", "mujoco"): "mujoco",
    ("geometry", "plane"): "geometry",
    ("geometry", "cdf"): "geometry",
}


def opened(element: Element, reading: Reading) -> Values:
    """An element's attributes; its names and those of its children are checked, the harmless ones listed."""
    kind = KINDS[element.tag]
    check_names(element, kind.attributes, reading)
    for child in element.children:
        if child.tag in kind.children:
            continue
        if child.tag in kind.harmless:
            reading.harmless(child.tag, child)
        elif (what := LATER.get((element.tag, child.tag))) is not None:
            sentence = f"<{child.tag}> in <{element.tag}> is of one simulator and is not read."
            reading.refuse(what, child, sentence)
        elif child.tag.startswith("xacro:"):
            raise child.error(
                f"<{child.tag}> is of Xacro, which is no robot yet; run xacro on it, and read the result."
            )
        else:
            is_known(child, element.tag, (*kind.children, *kind.harmless), reading)
    return Values(element, kind.attributes)


def only(element: Element, tag: str, reading: Reading) -> Values | None:
    """The attributes of the only child of a name; None where there is none."""
    found = [c for c in element.children if c.tag == tag]
    if len(found) > 1:
        raise found[1].error(f"<{tag}> stands twice in one <{element.tag}>; remove one.")
    return opened(found[0], reading) if found else None


def needed(element: Element, tag: str, reading: Reading) -> Values:
    """The attributes of a child that has to be there."""
    found = only(element, tag, reading)
    if found is None:
        raise lacks(element, tag)
    return found


def lacks(element: Element, tag: str) -> RobotError:
    """The fault of an element without a child."""
    name = Values(element, KINDS[element.tag].attributes).label
    return element.error(f"<{element.tag}>{name} has no <{tag}>; give it.")
