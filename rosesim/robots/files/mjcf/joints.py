"""`joint` and `freejoint`."""

from __future__ import annotations

from rosesim.robots.description import Joint, Vector
from rosesim.robots.files.frames import Frame, turned, unit
from rosesim.robots.files.mjcf.attributes import limit, name_of, radians, soft
from rosesim.robots.files.mjcf.options import Compiler
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values

KINDS = ("hinge", "slide", "ball", "free")


def read_freejoint(v: Values, body: int, suffix: str, reading: Reading) -> Joint:
    """A free joint without damping, armature or spring, whatever the defaults of joints are."""
    if v.word("align", ("true", "false", "auto"), "auto") == "true":
        reading.refuse("compiler alignfree", v.element, "<freejoint align> moves the body's frame: not there yet.")
    return Joint(name_of(v, suffix), "free", body, line=v.element.line)


def read_joint(v: Values, body: int, frame: Frame, suffix: str, compiler: Compiler, reading: Reading) -> Joint:
    """A joint of a body; `frame` is where its `frame` elements put it."""
    kind = v.word("type", KINDS, "hinge")
    axis = unit(v.vector("axis", (0.0, 0.0, 1.0)))
    if axis is None:
        raise v.error("axis", "has no direction; numbers that are not all 0 are expected.")
    pos = v.vector("pos", (0.0, 0.0, 0.0))
    bounds = None if kind == "free" else limit(v, compiler, "range", "limited")
    force_range = limit(v, compiler, "actuatorfrcrange", "actuatorfrclimited")
    if v.flag("actuatorgravcomp", False) and force_range is not None:
        sentence = "<joint actuatorgravcomp> counts gravity compensation within actuatorfrcrange: not there yet."
        reading.refuse("joint actuatorgravcomp", v.element, sentence)
    ref, springref = v.number("ref", 0.0), v.number("springref", 0.0)
    is_angle = kind in ("hinge", "ball")
    if is_angle and bounds is not None:
        bounds = tuple(radians(x, compiler) for x in bounds)
    if kind == "ball" and bounds is not None and bounds[0] != 0:
        raise v.error(
            "range", "of a ball joint begins with 0 (the second number is its greatest angle); write 0 first."
        )
    if kind == "hinge":
        ref, springref = radians(ref, compiler), radians(springref, compiler)
    if kind in ("ball", "free"):
        axis, ref, springref = (0.0, 0.0, 1.0), 0.0, 0.0
    return Joint(
        name=name_of(v, suffix),
        kind=kind,
        body=body,
        pos=(0.0, 0.0, 0.0) if kind == "free" else frame.point(pos),
        axis=axis if kind in ("ball", "free") else turned(frame.quat, axis),
        range=bounds,
        ref=ref,
        springref=springref,
        stiffness=v.number("stiffness", 0.0, least=0.0),
        damping=v.number("damping", 0.0, least=0.0),
        springdamper=_springdamper(v),
        armature=v.number("armature", 0.0, least=0.0),
        frictionloss=v.number("frictionloss", 0.0, least=0.0),
        margin=v.number("margin", 0.0),
        soft_limit=soft(v, "limit"),
        soft_friction=soft(v, "friction"),
        force_range=force_range,
        line=v.element.line,
    )


def _springdamper(v: Values) -> Vector | None:
    given = v.numbers("springdamper", 2, least=0.0)
    return given if given is not None and given[0] > 0 and given[1] > 0 else None
