"""`sensor` and `keyframe`."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.robots.description import Actuator, Joint, Key, Sensor, Vector
from rosesim.robots.files.errors import quoted
from rosesim.robots.files.frames import unit
from rosesim.robots.files.mjcf.names import Names
from rosesim.robots.files.mjcf.vocabulary import SENSORS, WORDS
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values, check_names, is_known, words
from rosesim.robots.files.xml import Element

FRAMES = ("body", "xbody", "geom", "site")
COMMON = "name cutoff"
HARMLESS = "noise user group"
KNOWN_ELSEWHERE = frozenset(
    "accelerometer force torque magnetometer camprojection rangefinder ballquat ballangvel jointactuatorfrc"
    " tendonactuatorfrc jointlimitpos jointlimitvel jointlimitfrc tendonlimitpos tendonlimitvel tendonlimitfrc"
    " framelinacc frameangacc insidesite distance normal fromto contact e_potential e_kinetic clock user plugin"
    " tactile".split()
)
"""Sensors of the format that are not read: nothing that moves depends on them."""
KINDS = KNOWN_ELSEWHERE | frozenset(SENSORS)


def read_sensors(elements: Sequence[Element], names: Names, reading: Reading) -> list[Sensor]:
    """The sensors that are read. Others measure nothing, and are listed."""
    result: list[Sensor] = []
    for element in elements:
        kind = element.tag
        if not is_known(element, "sensor", KINDS, reading):
            continue
        if reading.leaves_out(f"sensor {kind}"):
            reading.note(f"sensor {kind}", element)
        elif kind not in SENSORS:
            reading.harmless(f"sensor {kind}", element)
        elif (sensor := _sensor(element, SENSORS[kind], names, reading)) is not None:
            result.append(sensor)
    return result


def _sensor(element: Element, of: str, names: Names, reading: Reading) -> Sensor | None:
    read = "objtype objname reftype refname" if of == "frame" else of
    known = words(f"{COMMON} {read}", HARMLESS)
    check_names(element, known, reading)
    v = Values(element, known)
    attribute = of
    if of == "frame":
        of, attribute = v.required("objtype"), "objname"
        if of == "camera" or v.has("reftype") or v.has("refname"):
            reading.harmless(f"sensor {element.tag} (of a camera, or in another frame)", element)
            return None
        if of not in FRAMES:
            raise v.error("objtype", f"is {quoted(of)}; {', '.join(FRAMES)} are expected.")
    kind = "body" if of == "xbody" else of
    if names.misses(kind, v.required(attribute)):
        reading.refuse(f"sensor {element.tag}", element, f"<{element.tag}>{v.label} measures what is left out.")
        return None
    index = names.find(kind, v, attribute)
    cutoff = v.number("cutoff", 0.0, least=0.0)
    return Sensor(element.attributes.get("name", ""), element.tag, of, index, cutoff, element.line)


def read_keys(
    elements: Sequence[Element], joints: Sequence[Joint], actuators: Sequence[Actuator], reading: Reading
) -> list[Key]:
    """The named states. Their numbers have to be as many as the robot has."""
    nq, nv = sum(j.nq for j in joints), sum(j.nv for j in joints)
    na = sum(a.dynamics != "none" for a in actuators)
    result: list[Key] = []
    for element in elements:
        if not is_known(element, "keyframe", ("key",), reading):
            continue
        check_names(element, WORDS["key"], reading)
        v = Values(element, WORDS["key"])
        qpos = v.numbers("qpos", nq)
        result.append(
            Key(
                name=element.attributes.get("name", ""),
                qpos=None if qpos is None else _with_unit_quaternions(qpos, joints, v),
                qvel=v.numbers("qvel", nv),
                ctrl=v.numbers("ctrl", len(actuators)),
                act=None if reading.leaves_out("actuator dynamics") else v.numbers("act", na),
                line=element.line,
            )
        )
    return result


def _with_unit_quaternions(qpos: Vector, joints: Sequence[Joint], v: Values) -> Vector:
    result = list(qpos)
    at = 0
    for joint in joints:
        if joint.kind in ("ball", "free"):
            first = at + joint.nq - 4
            quat = unit(qpos[first : first + 4])
            if quat is None:
                raise v.error("qpos", f"has a quaternion 0 0 0 0 for {quoted(joint.name)}; 1 0 0 0 is no turn.")
            result[first : first + 4] = quat
        at += joint.nq
    return tuple(result)
