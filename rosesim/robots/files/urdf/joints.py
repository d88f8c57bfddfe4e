"""`joint`: how one link moves against another."""

from __future__ import annotations

from dataclasses import dataclass

from rosesim.robots.description import Joint, Vector
from rosesim.robots.files.errors import nearest, quoted
from rosesim.robots.files.frames import Frame, unit
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.urdf.links import origin
from rosesim.robots.files.urdf.vocabulary import needed, only, opened
from rosesim.robots.files.values import Values
from rosesim.robots.files.xml import Element

KINDS = {"revolute": "hinge", "continuous": "hinge", "prismatic": "slide", "floating": "free", "fixed": "fixed"}
LATER = ("planar", "spherical")


@dataclass(frozen=True)
class Connection:
    """A joint of the file: which links it connects, where, and how they move."""

    parent: str
    child: str
    frame: Frame
    """The child's in the parent's, where the joint is at 0."""
    joint: Joint
    """Of the body 0, until bodies are counted; its kind may be "fixed"."""
    element: Element

    @property
    def is_fixed(self) -> bool:
        """Whether the links are one body."""
        return self.joint.kind == "fixed"


def read_connection(element: Element, reading: Reading) -> Connection:
    """A `joint` element."""
    v = opened(element, reading)
    name, kind = v.required("name"), v.required("type")
    if kind in LATER:
        raise v.error("type", f"is {quoted(kind)}, which is not there yet; use several joints of one axis each.")
    if kind not in KINDS:
        raise v.error("type", f"is {quoted(kind)}; {nearest(kind, (*KINDS, *LATER))}")
    if only(element, "mimic", reading) is not None:
        sentence = f"joint {quoted(name)} mimics another, which is not there yet; without it the joint moves freely."
        reading.refuse("joint mimic", element, sentence)
    axis_given = only(element, "axis", reading)
    axis = unit(axis_given.vector("xyz", (1.0, 0.0, 0.0)) if axis_given else (1.0, 0.0, 0.0))
    is_scalar = KINDS[kind] in ("hinge", "slide")
    if axis is None and is_scalar:  # of a fixed joint it means nothing, and exporters write 0 0 0
        raise element.error(
            f"<axis> of joint {quoted(name)} has no direction; numbers that are not all 0 are expected."
        )
    dynamics = only(element, "dynamics", reading)
    limit = only(element, "limit", reading)
    joint = Joint(
        name=name,
        kind=KINDS[kind],
        body=0,
        axis=axis if axis and is_scalar else (0.0, 0.0, 1.0),
        range=_range(element, limit, kind, name, reading) if kind in ("revolute", "prismatic") else None,
        damping=dynamics.number("damping", 0.0, least=0.0) if dynamics and KINDS[kind] != "fixed" else 0.0,
        frictionloss=dynamics.number("friction", 0.0, least=0.0) if dynamics and is_scalar else 0.0,
        force_range=_effort(limit, reading) if limit and is_scalar else None,
        line=element.line,
    )
    parent, child = (needed(element, tag, reading).required("link") for tag in ("parent", "child"))
    return Connection(parent, child, origin(element, reading), joint, element)


def _range(element: Element, limit: Values | None, kind: str, name: str, reading: Reading) -> Vector | None:
    if limit is None:
        advice = (
            'give <limit lower upper>, or type="continuous".' if kind == "revolute" else "give <limit lower upper>."
        )
        raise element.error(f"joint {quoted(name)} is {kind} and has no <limit>; {advice}")
    low, high = limit.number("lower", 0.0), limit.number("upper", 0.0)
    if low >= high:
        sentence = f"joint {quoted(name)} moves from {low:g} to {high:g}; lower has to be less than upper"
        advice = 'mend it, or write type="continuous" or "fixed".'
        reading.refuse("limit", limit.element, f"{sentence}: {advice}")
        return None
    return low, high


def _effort(limit: Values, reading: Reading) -> Vector | None:
    """The bound of the motor's force; 0 is what exporters write for one that they do not know."""
    if limit.has("velocity"):
        reading.harmless("limit velocity (not enforced)", limit.element)
    effort = limit.number("effort", 0.0, least=0.0)
    if effort == 0:
        if limit.has("effort"):
            reading.harmless("limit effort of 0 (taken as none)", limit.element)
        return None
    return -effort, effort
