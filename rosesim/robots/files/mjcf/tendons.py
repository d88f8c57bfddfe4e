"""`tendon`: fixed tendons, which are sums of joints."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.robots.description import Joint, Tendon, Vector
from rosesim.robots.files.errors import quoted
from rosesim.robots.files.mjcf.attributes import limit, name_of, soft
from rosesim.robots.files.mjcf.defaults import Defaults
from rosesim.robots.files.mjcf.names import Names
from rosesim.robots.files.mjcf.options import Compiler
from rosesim.robots.files.mjcf.vocabulary import WORDS
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values, check_names, is_known
from rosesim.robots.files.xml import Element

FORCES = ("stiffness", "damping", "frictionloss", "armature")


def read_tendons(
    elements: Sequence[Element],
    users: dict[str, int],
    joints: Sequence[Joint],
    names: Names,
    defaults: Defaults,
    compiler: Compiler,
    reading: Reading,
) -> list[Tendon]:
    """The tendons of all `tendon` sections. `users` counts what pulls on or holds each name."""
    result: list[Tendon] = []
    for element in elements:
        if not is_known(element, "tendon", ("fixed", "spatial"), reading):
            continue
        check_names(element, WORDS[element.tag], reading)
        v = Values(element, WORDS[element.tag], defaults.chain(element, "fixed", None))
        bounds = limit(v, compiler, "range", "limited")
        name = name_of(v)
        if element.tag == "spatial":
            _leave_out_spatial(v, bounds, users.get(name, 0), reading)
            names.leave_out("tendon", name, "tendon spatial")
            continue
        if v.number("armature", 0.0) != 0:
            reading.refuse("tendon armature", element, f"<fixed armature>{v.label} is not there yet.")
        if limit(v, compiler, "actuatorfrcrange", "actuatorfrclimited") is not None:
            reading.refuse("tendon actuatorfrcrange", element, f"<fixed actuatorfrcrange>{v.label} is not there yet.")
        names.add("tendon", name, len(result), element)
        result.append(
            Tendon(
                name=name,
                joints=_terms(v, joints, names, reading),
                stiffness=v.number("stiffness", 0.0, least=0.0),
                springlength=_springlength(v),
                damping=v.number("damping", 0.0, least=0.0),
                range=bounds,
                frictionloss=v.number("frictionloss", 0.0, least=0.0),
                margin=v.number("margin", 0.0),
                soft_limit=soft(v, "limit"),
                soft_friction=soft(v, "friction"),
                line=element.line,
            )
        )
    return result


def _leave_out_spatial(v: Values, bounds: Vector | None, users: int, reading: Reading) -> None:
    """A spatial tendon that exerts no force and on which nothing pulls is a line in the picture."""
    if bounds is None and not users and all(v.number(name, 0.0) == 0 for name in FORCES):
        reading.harmless("tendon spatial (without effect)", v.element)
        return
    sentence = f"<spatial>{v.label} is a tendon through space, which is not there yet"
    if users:
        pull = "1 actuator or equality acts" if users == 1 else f"{users} actuators and equalities act"
        reason = f"{sentence}; {pull} through it, so the robot would not move the same without."
    else:
        reason = f"{sentence}; without its force the robot would move differently."
    reading.refuse("tendon spatial", v.element, reason)


def _springlength(v: Values) -> Vector | None:
    given = v.some_numbers("springlength", 1, 2)
    if given is None or given[0] == -1 == given[-1]:  # −1 means: as at the start
        return None
    if given[0] > given[-1]:
        raise v.error("springlength", f"is {given[0]:g} {given[-1]:g}; the first may not be greater than the second.")
    return given[0], given[-1]


def _terms(v: Values, joints: Sequence[Joint], names: Names, reading: Reading) -> tuple[tuple[int, float], ...]:
    terms: list[tuple[int, float]] = []
    for child in v.element.children:
        if not is_known(child, "fixed", ("joint",), reading):
            continue
        check_names(child, WORDS["fixed joint"], reading)
        term = Values(child, WORDS["fixed joint"])
        joint = names.find("joint", term, "joint")
        if joints[joint].nv != 1:
            name = quoted(joints[joint].name)
            raise child.error(
                f"<joint> of a tendon is {name}, a {joints[joint].kind} joint; hinges and slides are expected."
            )
        term.required("coef")
        terms.append((joint, term.number("coef", 0.0)))
    if not terms:
        raise v.element.error(f"<fixed>{v.label} has no <joint>; give what its length is the sum of.")
    return tuple(terms)
