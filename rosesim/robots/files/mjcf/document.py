"""A whole MJCF file: its sections in the order in which they need each other, whatever their order in the file."""

from __future__ import annotations

import os
from collections import Counter

from rosesim.robots.description import Description
from rosesim.robots.files.mjcf.actuators import Actuators
from rosesim.robots.files.mjcf.assets import Assets
from rosesim.robots.files.mjcf.bodies import Tree
from rosesim.robots.files.mjcf.defaults import Defaults
from rosesim.robots.files.mjcf.include import expand
from rosesim.robots.files.mjcf.names import Names
from rosesim.robots.files.mjcf.options import read_compiler, read_options
from rosesim.robots.files.mjcf.relations import read_contacts, read_equalities
from rosesim.robots.files.mjcf.sensors import read_keys, read_sensors
from rosesim.robots.files.mjcf.shapes import Shapes
from rosesim.robots.files.mjcf.tendons import read_tendons
from rosesim.robots.files.mjcf.vocabulary import HARMLESS_SECTIONS, WORDS
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import check_names, is_known, words
from rosesim.robots.files.xml import Element

LISTS = ("asset", "contact", "equality", "tendon", "actuator", "sensor", "keyframe")
"""Sections that are nothing but what they hold; several of a kind are one."""
LATER = ("extension", "deformable")
KNOWN = ("compiler", "option", "default", "worldbody", *LISTS, *HARMLESS_SECTIONS, *LATER)


def read_mjcf(root: Element, reading: Reading) -> Description:
    """The robot of a `mujoco` element."""
    check_names(root, WORDS["mujoco"], reading)
    expand(root, reading)
    sections: dict[str, list[Element]] = {name: [] for name in KNOWN}
    for section in root.children:
        if not is_known(section, "mujoco", KNOWN, reading):
            continue
        sections[section.tag].append(section)
        if section.tag in HARMLESS_SECTIONS:
            reading.harmless(section.tag, section)
        if section.tag in LATER and section.children:
            reading.refuse(section.tag, section, f"<{section.tag}> is not there yet.")
        if section.tag in LISTS:
            check_names(section, words(), reading)
    inside = {name: [e for s in sections[name] for e in s.children] for name in LISTS}
    if not sections["worldbody"]:
        raise root.error("<mujoco> has no <worldbody>; a robot has one, with its bodies in it.")

    compiler = read_compiler(sections["compiler"], root, reading)
    options = read_options(sections["option"], root, compiler, reading)
    defaults = Defaults(sections["default"], reading)
    names = Names()
    assets = Assets(inside["asset"], defaults, compiler, reading)
    shapes = Shapes(compiler, assets, reading, options.density > 0 or options.viscosity > 0)
    tree = Tree(compiler, defaults, shapes, names, reading)
    tree.world(sections["worldbody"])
    pairs, excluded = read_contacts(inside["contact"], names, defaults, reading)
    users = Counter(
        name for e in (*inside["actuator"], *inside["equality"], *inside["sensor"]) for name in _tendons_of(e)
    )
    tendons = read_tendons(inside["tendon"], users, tree.joints, names, defaults, compiler, reading)
    equalities, joined = read_equalities(inside["equality"], tree.joints, names, defaults, reading)
    actuators = Actuators(tree.joints, tendons, names, defaults, compiler, reading).read(inside["actuator"])
    sensors = read_sensors(inside["sensor"], names, reading)
    keys = read_keys(inside["keyframe"], tree.joints, actuators, reading)
    stem = os.path.splitext(os.path.basename(reading.path))[0]
    return Description(
        name=root.attributes.get("model", stem),
        bodies=tuple(tree.bodies),
        joints=tuple(tree.joints),
        geoms=tuple(tree.geoms),
        sites=tuple(tree.sites),
        actuators=tuple(actuators),
        tendons=tuple(tendons),
        sensors=tuple(sensors),
        excluded=tuple(excluded),
        pairs=tuple(pairs),
        equalities=tuple(equalities),
        joined=tuple(joined),
        keys=tuple(keys),
        options=options,
        ignored=reading.ignored(),
        file=reading.path,
    )


def _tendons_of(element: Element) -> list[str]:
    return [element.attributes[n] for n in ("tendon", "tendon1", "tendon2") if n in element.attributes]
