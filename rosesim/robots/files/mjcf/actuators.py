"""`actuator`: motors and servos, each as gain, bias and dynamics.

All kinds of actuators write one record. So in a class of defaults the last one holds for what they share, and a kind
says anew what it means: `motor` resets the gain to 1, `position` takes the gain that it finds for its own kp.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.robots.description import Actuator, Joint, Tendon, Vector
from rosesim.robots.files.errors import quoted
from rosesim.robots.files.mjcf.attributes import limit, name_of
from rosesim.robots.files.mjcf.defaults import Defaults
from rosesim.robots.files.mjcf.names import Names
from rosesim.robots.files.mjcf.options import Compiler
from rosesim.robots.files.mjcf.vocabulary import ACTUATOR, ACTUATORS, LATER_ACTUATORS, WORDS
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values, check_names, is_known
from rosesim.robots.files.xml import Element

ON = ("joint", "jointinparent", "tendon")
GEAR: Vector = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass
class _Servo:
    """The record while elements write into it. `gain` and `bias` count by their kinds."""

    gain: Vector = (1.0, 0.0, 0.0)
    bias: Vector = (0.0, 0.0, 0.0)
    gain_kind: str = "fixed"
    bias_kind: str = "none"
    dynamics: str = "none"
    dynprm: Vector = (1.0, 0.0, 0.0)
    later: str | None = None
    """The kind of a default that is not there yet, until another kind says what it means."""
    inherit: float = 0.0
    """`inheritrange`: the range of the joint, scaled, is that of the control."""


def _write(servo: _Servo, element: Element, reading: Reading) -> None:
    """Let one element, a default or the actuator itself, write into the record."""
    if element.tag in LATER_ACTUATORS:
        servo.later = element.tag
        return
    v = Values(element, WORDS[element.tag])
    if element.tag == "general":
        _write_general(servo, v, reading)
        return
    servo.later = None
    kp = servo.gain[0]
    if element.tag == "motor":
        servo.gain, servo.gain_kind, servo.bias_kind, servo.dynamics = (1.0, 0.0, 0.0), "fixed", "none", "none"
    elif element.tag in ("position", "intvelocity"):
        kp = v.number("kp", kp)
        damping = -v.number("kv", -servo.bias[2], least=min(0.0, -servo.bias[2]))
        servo.gain, servo.bias = (kp, *servo.gain[1:]), (servo.bias[0], -kp, damping)
        servo.gain_kind, servo.bias_kind, servo.inherit = "fixed", "affine", v.number("inheritrange", 0.0, least=0.0)
        if v.has("dampratio"):
            sentence = f"<{element.tag} dampratio>{v.label} is not there yet; give kv."
            reading.refuse("actuator dampratio", element, sentence)
        if element.tag == "intvelocity":
            servo.dynamics = "integrator"
        elif v.has("timeconst"):
            constant = v.number("timeconst", 0.0, least=0.0)
            servo.dynamics, servo.dynprm = ("filterexact" if constant else "none"), (constant, *servo.dynprm[1:])
    elif element.tag == "velocity":
        kv = v.number("kv", kp)
        servo.gain, servo.bias = (kv, *servo.gain[1:]), (0.0, 0.0, -kv)
        servo.gain_kind, servo.bias_kind, servo.dynamics = "fixed", "affine", "none"
    elif element.tag == "damper":
        servo.gain = (0.0, 0.0, -v.number("kv", 0.0, least=0.0))
        servo.gain_kind, servo.bias_kind, servo.dynamics = "affine", "none", "none"
    else:
        _write_cylinder(servo, v)


def _write_general(servo: _Servo, v: Values, reading: Reading) -> None:
    servo.gain_kind = v.word("gaintype", ("fixed", "affine", "muscle", "user"), servo.gain_kind)
    servo.bias_kind = v.word("biastype", ("none", "affine", "muscle", "user"), servo.bias_kind)
    dynamics = ("none", "integrator", "filter", "filterexact", "muscle", "user")
    servo.dynamics = v.word("dyntype", dynamics, servo.dynamics)
    for kind in (servo.gain_kind, servo.bias_kind, servo.dynamics):
        if kind in ("muscle", "user"):
            servo.later = kind
    servo.gain = _first_three(v, "gainprm", servo.gain)
    servo.bias = _first_three(v, "biasprm", servo.bias)
    servo.dynprm = _first_three(v, "dynprm", servo.dynprm)


def _first_three(v: Values, name: str, otherwise: Vector) -> Vector:
    """Ten numbers are allowed; only muscles and plugins use more than three."""
    given = v.some_numbers(name, 0, 10) or ()
    return (*given[:3], *otherwise[len(given[:3]) :])


def _write_cylinder(servo: _Servo, v: Values) -> None:
    area = v.number("area", servo.gain[0], least=0.0)
    if v.has("diameter"):
        area = math.pi / 4 * v.number("diameter", 0.0, least=0.0) ** 2
    servo.gain, servo.bias = (area, *servo.gain[1:]), v.vector("bias", servo.bias)
    servo.dynprm = (v.number("timeconst", servo.dynprm[0], least=0.0), *servo.dynprm[1:])
    servo.gain_kind, servo.bias_kind, servo.dynamics = "fixed", "affine", "filter"


@dataclass(frozen=True)
class Actuators:
    """Reads actuators of the joints and tendons that are read."""

    joints: Sequence[Joint]
    tendons: Sequence[Tendon]
    names: Names
    defaults: Defaults
    compiler: Compiler
    reading: Reading

    def read(self, elements: Sequence[Element]) -> list[Actuator]:
        """The actuators of all `actuator` sections."""
        result: list[Actuator] = []
        for element in elements:
            if element.tag in LATER_ACTUATORS:
                sentence = (
                    f"<{element.tag}> actuators are not there yet; without it the robot would not move the same."
                )
                self.reading.refuse(f"actuator {element.tag}", element, sentence)
                found = None
            elif is_known(element, "actuator", (*ACTUATORS, *LATER_ACTUATORS), self.reading):
                found = self._actuator(element)
            else:
                found = None
            name = element.attributes.get("name", "")
            if found is None:
                self.names.leave_out("actuator", name, "actuator")
                continue
            self.names.add("actuator", name, len(result), element)
            result.append(found)
        return result

    def _actuator(self, element: Element) -> Actuator | None:
        check_names(element, WORDS[element.tag], self.reading)
        chain = self.defaults.chain(element, "actuator", None)
        servo = _Servo()
        for part in (*chain, element):
            _write(servo, part, self.reading)
        v = Values(element, ACTUATOR, chain)
        if servo.later:
            sentence = f"<{element.tag}>{v.label} is a {servo.later} by its type or its defaults: not there yet."
            self.reading.refuse(f"actuator {servo.later}", element, sentence)
            return None
        aim = self._aim(v)
        if aim is None:
            return None
        on, target = aim
        ctrl_range = limit(v, self.compiler, "ctrlrange", "ctrllimited")
        active_range = limit(v, self.compiler, "actrange", "actlimited")
        if servo.inherit:
            inherited = self._inherited(v, on, target, servo.inherit)
            if servo.dynamics == "integrator":
                active_range = inherited
            elif ctrl_range is not None:
                raise v.error("ctrlrange", "is given together with inheritrange; give one of them.")
            else:
                ctrl_range = inherited
        if element.tag == "damper" and (ctrl_range is None or ctrl_range[0] < 0):
            raise v.error("ctrlrange", "of a damper has to be given and to be positive, else it would push.")
        if element.tag == "intvelocity" and active_range is None:
            raise v.error("actrange", "of an intvelocity has to be given (or inheritrange).")
        if servo.dynamics.startswith("filter") and servo.dynprm[0] <= 0:
            raise v.element.error(
                f"<{element.tag}>{v.label} is filtered with a time constant of 0 s; give one over 0."
            )
        if servo.dynamics != "none" and self.reading.leaves_out("actuator dynamics"):
            self.reading.note("actuator dynamics", element)
            servo.dynamics = "none"
        return Actuator(
            name=name_of(v),
            target=target,
            on=on,
            gear=v.partial("gear", GEAR),
            gain=servo.gain if servo.gain_kind == "affine" else (servo.gain[0], 0.0, 0.0),
            bias=servo.bias if servo.bias_kind == "affine" else (0.0, 0.0, 0.0),
            ctrl_range=ctrl_range,
            force_range=limit(v, self.compiler, "forcerange", "forcelimited"),
            dynamics=servo.dynamics,
            time_constant=servo.dynprm[0],
            activation_range=active_range if servo.dynamics != "none" else None,
            acts_early=servo.dynamics != "none" and v.flag("actearly", False),
            line=element.line,
        )

    def _aim(self, v: Values) -> tuple[str, int] | None:
        """What an actuator acts on; None where that, and so the actuator, is left out on the user's word."""
        given = [name for name in ON if v.has(name)]
        if not given and set(WORDS[v.element.tag].refused) & set(v.element.attributes):
            return None  # it acts on a site or body, which the user has left out: else it would have been refused
        if len(given) != 1:
            found = " and ".join(given) if given else "nothing"
            raise v.element.error(f"<{v.element.tag}>{v.label} acts on {found}; give one of {', '.join(ON)}.")
        kind = "tendon" if given[0] == "tendon" else "joint"
        name = v.required(given[0])
        if (what := self.names.misses(kind, name)) is not None:
            sentence = f"<{v.element.tag}>{v.label} pulls on {quoted(name)}, which is left out: it would do nothing."
            self.reading.refuse(f"actuator on {what}", v.element, sentence)
            return None
        return given[0], self.names.find(kind, v, given[0])

    def _inherited(self, v: Values, on: str, target: int, scale: float) -> Vector:
        bounds = self.tendons[target].range if on == "tendon" else self.joints[target].range
        if bounds is None:
            raise v.element.error(
                f"<{v.element.tag}>{v.label} inherits a range, but what it acts on has none: give it."
            )
        middle, half = (bounds[0] + bounds[1]) / 2, (bounds[1] - bounds[0]) / 2 * scale
        return middle - half, middle + half
