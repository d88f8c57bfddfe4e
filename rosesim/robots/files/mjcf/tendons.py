"""`tendon`: fixed tendons, which are sums of joints, and spatial ones, which run from site to site."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.robots.description import Joint, Strand, Tendon, Vector
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
        if element.tag == "spatial" and _is_left_out(v, bounds, users.get(name, 0), reading):
            names.leave_out("tendon", name, "tendon spatial")
            continue
        if v.number("armature", 0.0) != 0:
            reading.refuse("tendon armature", element, f"<{element.tag} armature>{v.label} is not there yet.")
        if limit(v, compiler, "actuatorfrcrange", "actuatorfrclimited") is not None:
            sentence = f"<{element.tag} actuatorfrcrange>{v.label} is not there yet."
            reading.refuse("tendon actuatorfrcrange", element, sentence)
        names.add("tendon", name, len(result), element)
        result.append(
            Tendon(
                name=name,
                joints=_terms(v, joints, names, reading) if element.tag == "fixed" else (),
                strands=_strands(v, names, reading) if element.tag == "spatial" else (),
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


def _is_left_out(v: Values, bounds: Vector | None, users: int, reading: Reading) -> bool:
    """Whether a spatial tendon is not read: one that exerts no force and of which nothing knows is a line in the
    picture, and one that wraps around a geom is not there yet."""
    if bounds is None and not users and all(v.number(name, 0.0) == 0 for name in FORCES):
        reading.harmless("tendon spatial (without effect)", v.element)
        return True
    if any(child.tag == "geom" for child in v.element.children):
        sentence = f"<spatial>{v.label} wraps around a geom, which is not there yet"
        reading.refuse("tendon spatial", v.element, f"{sentence}; without it the robot would move differently.")
        return True
    if reading.leaves_out("tendon spatial"):
        reading.note("tendon spatial", v.element)
        return True
    return False


def _strands(v: Values, names: Names, reading: Reading) -> tuple[Strand, ...]:
    """What a spatial tendon has between its sites; a pulley begins a new branch."""
    found: list[Strand] = []
    last, part, alone = None, 1.0, True
    for child in v.element.children:
        if not is_known(child, "spatial", ("site", "pulley"), reading):
            continue
        words = WORDS[f"spatial {child.tag}"]
        check_names(child, words, reading)
        given = Values(child, words)
        if child.tag == "pulley":
            given.required("divisor")
            divisor = given.number("divisor", 1.0)
            if divisor <= 0.0:
                raise given.error("divisor", f"is {divisor:g}; a positive number is expected.")
            _check_branch(v, alone and last is not None)
            last, part, alone = None, 1.0 / divisor, True
            continue
        site = names.find("site", given, "site")
        if last is not None:
            if site == last:
                raise given.error("site", "is that before it; name another one.")
            found.append(Strand(last, site, part))
            alone = False
        last = site
    _check_branch(v, alone)
    return tuple(found)


def _check_branch(v: Values, alone: bool) -> None:
    if alone:
        raise v.element.error(
            f"<spatial>{v.label} has a branch with fewer than two sites; give where it begins and ends."
        )


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
