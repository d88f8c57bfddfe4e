"""`contact` and `equality`: what two things have to do with each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rosesim.robots.description import (
    SOLIMP,
    SOLREF,
    ConnectEquality,
    Following,
    Joint,
    JointEquality,
    Pair,
    TendonEquality,
    Vector,
    WeldEquality,
)  # fmt: skip
from rosesim.robots.files.errors import quoted
from rosesim.robots.files.mjcf.attributes import name_of, soft
from rosesim.robots.files.mjcf.defaults import Defaults
from rosesim.robots.files.mjcf.names import Names
from rosesim.robots.files.mjcf.vocabulary import WORDS
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values, check_names, is_known
from rosesim.robots.files.xml import Element

PAIR_FRICTION: Vector = (1.0, 1.0, 0.005, 0.0001, 0.0001)
LATER = ("flex", "flexvert", "flexstrain", "distance")


def read_contacts(
    elements: Sequence[Element], names: Names, defaults: Defaults, reading: Reading
) -> tuple[list[Pair], list[tuple[int, int]]]:
    """The pairs of geoms that a file gives itself, and the pairs of bodies that it excludes."""
    pairs: list[Pair] = []
    excluded: list[tuple[int, int]] = []
    for element in elements:
        if not is_known(element, "contact", ("pair", "exclude"), reading):
            continue
        if reading.leaves_out(f"contact {element.tag}"):
            reading.note(f"contact {element.tag}", element)
        elif element.tag == "exclude":
            check_names(element, WORDS["exclude"], reading)
            v = Values(element, WORDS["exclude"])
            excluded.append((names.find("body", v, "body1"), names.find("body", v, "body2")))
        elif (pair := _pair(defaults.values(element, "pair"), names, reading)) is not None:
            pairs.append(pair)
    return pairs, excluded


def _pair(v: Values, names: Names, reading: Reading) -> Pair | None:
    for attribute in ("geom1", "geom2"):
        name = v.required(attribute)
        if names.misses("geom", name):
            reading.refuse("contact pair", v.element, f"<pair {attribute}> names {quoted(name)}, which is left out.")
            return None
    if v.number("gap", 0.0) != 0:
        sentence = "<pair gap> has meant different things in different versions: it is not read."
        reading.refuse("pair gap", v.element, sentence)
    if v.has("solreffriction"):
        reading.refuse("pair solreffriction", v.element, "<pair solreffriction> is not there yet.")
    condim = v.integer("condim", 3) if v.has("condim") else None
    if condim not in (None, 1, 3, 4, 6):
        raise v.error("condim", f"is {condim}; 1, 3, 4 or 6 is expected.")
    return Pair(
        geoms=(names.find("geom", v, "geom1"), names.find("geom", v, "geom2")),
        condim=condim,
        friction=v.partial("friction", PAIR_FRICTION, least=0.0) if v.has("friction") else None,
        solref=v.partial("solref", SOLREF) if v.has("solref") else None,
        solimp=v.partial("solimp", SOLIMP) if v.has("solimp") else None,
        margin=v.number("margin", 0.0) if v.has("margin") else None,
        line=v.element.line,
    )


Joined = ConnectEquality | WeldEquality
F = TypeVar("F", bound=Following)


def read_equalities(
    elements: Sequence[Element], joints: Sequence[Joint], names: Names, defaults: Defaults, reading: Reading
) -> tuple[list[JointEquality | TendonEquality], list[Joined]]:
    """The joints and tendons that follow others, and the bodies that are joined; inactive ones are harmless."""
    result: list[JointEquality | TendonEquality] = []
    joined: list[Joined] = []
    for element in elements:
        if not is_known(element, "equality", ("joint", "tendon", "connect", "weld", *LATER), reading):
            continue
        of_sites = {"site1", "site2"} & element.attributes.keys()
        what = "equality of sites" if of_sites else f"equality {element.tag}"
        words = WORDS.get(what, WORDS["equality joint"])
        v = Values(element, words, defaults.chain(element, "equality joint", None))  # all kinds have one default
        if not v.flag("active", True):
            reading.harmless(f"{what} (not active)", element)
        elif reading.leaves_out(what):
            reading.note(what, element)
        elif what not in WORDS:
            sentence = (
                f"<equality> of the kind <{element.tag}>{' between sites' if of_sites else ''} is not there yet;"
            )
            reading.refuse(what, element, f"{sentence} without it the parts would come apart.")
        else:
            check_names(element, words, reading)
            if element.tag == "joint":
                result.append(_joint_equality(v, joints, names))
            elif element.tag == "tendon":
                result.append(_following("tendon", TendonEquality, v, names))
            else:
                joined.append(_connect(v, names) if element.tag == "connect" else _weld(v, names))
    return result, joined


def _bodies(v: Values, names: Names) -> tuple[int, int]:
    """The two bodies that are joined; the second is the world where it has no name."""
    first, second = names.find("body", v, "body1"), names.find("body", v, "body2") if v.has("body2") else 0
    if first == second:
        raise v.error("body2", "names the same body as body1; name two.")
    return first, second


def _connect(v: Values, names: Names) -> ConnectEquality:
    first, second = _bodies(v, names)
    v.required("anchor")
    anchor = v.vector("anchor", (0.0, 0.0, 0.0))
    return ConnectEquality(name_of(v), first, second, anchor, soft(v), v.element.line)


def _weld(v: Values, names: Names) -> WeldEquality:
    first, second = _bodies(v, names)
    pose = v.vector("relpose", (0.0,) * 7)
    size = sum(x * x for x in pose[3:]) ** 0.5
    return WeldEquality(
        name=name_of(v),
        first=first,
        second=second,
        anchor=v.vector("anchor", (0.0, 0.0, 0.0)),
        pos=pose[:3] if size else None,
        quat=tuple(x / size for x in pose[3:]) if size else None,
        torque_scale=v.number("torquescale", 1.0, least=0.0),
        soft=soft(v),
        line=v.element.line,
    )


def _joint_equality(v: Values, joints: Sequence[Joint], names: Names) -> JointEquality:
    found = _following("joint", JointEquality, v, names)
    for index in (found.first, found.second):
        if index is not None and joints[index].nv != 1:
            name = quoted(joints[index].name)
            raise v.element.error(f"<joint> of an equality names {name}; hinges and slides can follow each other.")
    return found


def _following(kind: str, make: type[F], v: Values, names: Names) -> F:
    first = names.find(kind, v, f"{kind}1")
    second = names.find(kind, v, f"{kind}2") if v.has(f"{kind}2") else None
    if first == second:
        raise v.element.error(f"<{kind}> of an equality names one {kind} twice; name two.")
    polynomial = v.partial("polycoef", (0.0, 1.0, 0.0, 0.0, 0.0))
    return make(name_of(v), first, second, polynomial, soft(v), v.element.line)
