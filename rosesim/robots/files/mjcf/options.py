"""`compiler`, which says how the file is meant, and `option`, which says what holds for the whole robot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.robots.description import Options
from rosesim.robots.files.errors import quoted
from rosesim.robots.files.mjcf.vocabulary import WORDS
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values, check_names, is_known
from rosesim.robots.files.xml import Element

INTEGRATORS = {"Euler": "euler", "RK4": "rk4", "implicit": "implicit", "implicitfast": "implicitfast"}
SWITCHES = {
    # `passive` is the name of older versions
    **{n: (n,) for n in ("contact", "constraint", "limit", "gravity", "damper", "spring", "clampctrl", "eulerdamp")},
    **{n: (n,) for n in ("frictionloss", "equality", "filterparent", "actuation")},
    "passive": ("spring", "damper"),
}


@dataclass(frozen=True)
class Compiler:
    """How a file is meant."""

    degrees: bool
    eulerseq: str
    autolimits: bool
    inertiafromgeom: str
    """ "auto", "true" or "false"."""
    inertia_groups: tuple[int, int]
    """The first and the last group of geoms that count in inertia."""
    meshdir: str
    strippath: bool
    bounds: tuple[float | None, float, float, bool]
    """The total mass, least mass and inertia, and whether moments are balanced: for `Options`."""


def merged(elements: Sequence[Element], tag: str, root: Element) -> Values:
    """Several elements as one: later ones override."""
    nothing = Element(tag, {}, root.file, root.line)
    return Values(elements[-1] if elements else nothing, WORDS[tag], tuple(elements[:-1]))


def read_compiler(elements: Sequence[Element], root: Element, reading: Reading) -> Compiler:
    """The `compiler` elements of a file."""
    for element in elements:
        check_names(element, WORDS["compiler"], reading)
        for child in element.children:
            if is_known(child, "compiler", ("lengthrange",), reading):
                reading.harmless("compiler lengthrange", child)  # for muscles
    v = merged(elements, "compiler", root)
    if v.word("coordinate", ("local", "global"), "local") == "global":
        raise v.error(
            "coordinate",
            'is "global", which is no longer read (nor by MuJoCo since 2.3.4).'
            " Load and save it once with MuJoCo 2.3.3.",
        )
    if v.flag("alignfree", False):
        element = v.where("alignfree") or root
        reading.refuse(
            "compiler alignfree", element, "<compiler alignfree> moves frames of free bodies: not there yet."
        )
    sequence = v.text("eulerseq") or "xyz"
    if len(sequence) != 3 or set(sequence) - set("xyzXYZ"):
        raise v.error("eulerseq", f"is {quoted(sequence)}; three letters of xyzXYZ are expected.")
    groups = v.numbers("inertiagrouprange", 2) or (0.0, 5.0)
    total = v.number("settotalmass", -1.0)
    return Compiler(
        degrees=v.word("angle", ("degree", "radian"), "degree") == "degree",
        eulerseq=sequence,
        autolimits=v.flag("autolimits", True),
        inertiafromgeom=v.word("inertiafromgeom", ("auto", "true", "false"), "auto"),
        inertia_groups=(int(groups[0]), int(groups[1])),
        meshdir=v.text("meshdir") or v.text("assetdir") or "",
        strippath=v.flag("strippath", False),
        bounds=(
            total if total > 0 else None,
            v.number("boundmass", 0.0, least=0.0),
            v.number("boundinertia", 0.0, least=0.0),
            v.flag("balanceinertia", False),
        ),
    )


def read_options(elements: Sequence[Element], root: Element, compiler: Compiler, reading: Reading) -> Options:
    """The `option` elements of a file, with what `compiler` says about masses."""
    flags: list[Element] = []
    for element in elements:
        check_names(element, WORDS["option"], reading)
        for child in element.children:
            if is_known(child, "option", ("flag",), reading):
                check_names(child, WORDS["flag"], reading)
                flags.append(child)
    v = merged(elements, "option", root)
    if v.text("integrator") == "discrete":
        raise v.error("integrator", 'is "discrete", which is not there; use "implicitfast".')
    if v.integer("noslip_iterations", 0, least=0) > 0:
        element = v.where("noslip_iterations") or root
        sentence = "<option noslip_iterations> changes forces of friction after the solve: not there yet."
        reading.refuse("option noslip_iterations", element, sentence)
    collision = v.text("collision") or "all"
    if collision != "all":
        element = v.where("collision") or root
        reading.refuse("option collision", element, f"<option collision={quoted(collision)}> is no longer read.")
    step = v.number("timestep", 0.002)
    if step <= 0:
        raise v.error("timestep", f"is {step:g}; a time over 0 s is expected.")
    total, mass, inertia, balance = compiler.bounds
    return Options(
        timestep=step,
        gravity=v.vector("gravity", (0.0, 0.0, -9.81)),
        integrator=INTEGRATORS[v.word("integrator", tuple(INTEGRATORS), "Euler")],
        cone=v.word("cone", ("pyramidal", "elliptic"), "pyramidal"),
        impratio=v.number("impratio", 1.0, least=0.0),
        density=v.number("density", 0.0, least=0.0),
        viscosity=v.number("viscosity", 0.0, least=0.0),
        wind=v.vector("wind", (0.0, 0.0, 0.0)),
        disabled=_disabled(flags, root, reading),
        total_mass=total,
        least_mass=mass,
        least_inertia=inertia,
        balance_inertia=balance,
    )


def _disabled(flags: Sequence[Element], root: Element, reading: Reading) -> frozenset[str]:
    v = merged(flags, "flag", root)
    found: set[str] = set()
    for name, parts in SWITCHES.items():
        if v.word(name, ("enable", "disable"), "enable") == "disable":
            found.update(parts)
    for name, usual in (("refsafe", "enable"), ("override", "disable")):
        given = v.word(name, ("enable", "disable"), usual)
        if given != usual:
            element = v.where(name) or root
            reading.refuse(f"flag {name}", element, f'<flag {name}="{given}"> changes contact forces: not there yet.')
    return frozenset(found)
