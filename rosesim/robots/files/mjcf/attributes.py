"""What many elements share: frames, limits, parameters of the solver."""

from __future__ import annotations

import math

from rosesim.robots.description import SOLIMP, SOLREF, Soft, Vector
from rosesim.robots.files import frames
from rosesim.robots.files.errors import RobotError
from rosesim.robots.files.frames import Frame, cross, product, unit
from rosesim.robots.files.mjcf.options import Compiler
from rosesim.robots.files.mjcf.vocabulary import ORIENTATION
from rosesim.robots.files.values import Values


def soft(v: Values, of: str = "") -> Soft:
    """How soft a constraint is: solref and solimp, of a joint or tendon with the word of what is soft."""
    return Soft(v.partial(f"solref{of}", SOLREF), v.partial(f"solimp{of}", SOLIMP))


def frame(v: Values, compiler: Compiler) -> Frame:
    """The position and orientation of an element."""
    return Frame(v.vector("pos", (0.0, 0.0, 0.0)), orientation(v, compiler) or frames.IDENTITY)


def orientation(v: Values, compiler: Compiler) -> Vector | None:
    """The orientation, of the innermost element that gives one; None where none does."""
    for element in reversed(v.chain):
        given = [name for name in ORIENTATION.split() if name in element.attributes]
        if len(given) > 1:
            raise element.error(f"<{element.tag}> has {' and '.join(given)}; give its orientation once.")
        if given:
            # Read from this element alone: an inner `quat` overrides an outer `euler`.
            return _oriented(given[0], Values(element, v.known), compiler)
    return None


def _oriented(name: str, v: Values, compiler: Compiler) -> Vector:
    def direction(numbers: Vector) -> Vector:
        found = unit(numbers)
        if found is None:
            raise v.error(name, "has no direction; numbers that are not all 0 are expected.")
        return found

    if name == "quat":
        return direction(v.vector("quat", frames.IDENTITY))
    if name == "axisangle":
        *axis, angle = v.vector("axisangle", (0.0,) * 4)
        return frames.about(direction(tuple(axis)), angle * _unit_of_angles(compiler))
    if name == "euler":
        return euler(v.vector("euler", (0.0,) * 3), compiler)
    if name == "zaxis":
        return frames.z_to(direction(v.vector("zaxis", (0.0,) * 3)))
    given = v.vector("xyaxes", (0.0,) * 6)
    x = direction(given[:3])
    along = sum(a * b for a, b in zip(x, given[3:], strict=True))
    y = direction(tuple(b - along * a for a, b in zip(x, given[3:], strict=True)))
    return frames.of_axes(x, y, cross(x, y))


def euler(angles: Vector, compiler: Compiler) -> Vector:
    """Turns about the letters of `eulerseq`: about axes that turn along (lower case) or stand (upper case)."""
    result = frames.IDENTITY
    for letter, angle in zip(compiler.eulerseq, angles, strict=True):
        axis = tuple(float(letter.lower() == a) for a in "xyz")
        turn = frames.about(axis, angle * _unit_of_angles(compiler))
        result = product(result, turn) if letter.islower() else product(turn, result)
    return unit(result) or frames.IDENTITY


def _unit_of_angles(compiler: Compiler) -> float:
    return math.pi / 180 if compiler.degrees else 1.0


def radians(angle: float, compiler: Compiler) -> float:
    """An angle of the file in radians."""
    return angle * _unit_of_angles(compiler)


def limit(v: Values, compiler: Compiler, range_name: str, limited_name: str) -> Vector | None:
    """A range where it limits: where the file says so, or the range is given and `autolimits` is on."""
    given = v.numbers(range_name, 2)
    limited = v.word(limited_name, ("true", "false", "auto"), "auto")
    if limited == "false":
        return None
    if limited == "auto":
        if given is None or given == (0.0, 0.0):  # as nothing: zeros are the format's own default
            return None
        if not compiler.autolimits:
            advice = f'say {limited_name}="true" or "false".'
            raise v.error(range_name, f"is given, but autolimits is false and {limited_name} is not given: {advice}")
    if given is None:
        raise v.error(limited_name, f'is "true", but {range_name} is not given: give it.')
    if given[0] >= given[1]:
        raise v.error(range_name, f"is {given[0]:g} {given[1]:g}; the first has to be less than the second.")
    return given


def name_of(v: Values, suffix: str = "") -> str:
    """The element's own name; empty where it has none."""
    name = v.element.attributes.get("name", "")
    return name + suffix if name else ""


def fault(v: Values, sentence: str) -> RobotError:
    """A fault of the element as a whole."""
    return v.element.error(f"<{v.element.tag}>{v.label} {sentence}")
