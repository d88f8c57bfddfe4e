"""Robots made of points and springs, from data: the published ones, and files of the same form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.kit import index, numbers, read_json, records

OURS = Path(__file__).with_name("robots.json")
FORM = '{"nodes": [[x, y], ...], "springs": [[node, node, rest length, stiffness, actuation], ...]}'


@dataclass(frozen=True)
class Robot:
    """Points joined by springs, as a setting: it is known while tracing, and equal robots share programs."""

    name: str
    """The name of a published robot; empty for one from a file."""
    nodes: tuple[tuple[float, float], ...]
    """The positions of the points at rest, in lengths; node 0 is the head."""
    springs: tuple[tuple[int, int, float, float, float], ...]
    """Node, node, rest length, stiffness, actuation (the part of the rest length by which it can be changed)."""

    @classmethod
    def parse(cls, text: str) -> Robot:
        """A robot by its name (A to D), from the JSON file of that path, or from JSON text itself.

        The form is `{"nodes": [[x, y], ...], "springs": [[node, node, rest, stiffness, actuation], ...]}`.
        Raises a ValueError that names the invalid entry.

        >>> Robot.parse("A").name, len(Robot.parse("A").springs)
        ('A', 11)
        """
        if text in robots():
            return robots()[text]
        named = ", ".join(robots())
        data, what = read_json(text, f"a robot is one of {named} or a JSON file of nodes and springs")
        return _robot(data, what)

    def __str__(self) -> str:
        """The robot's name, or JSON, as `parse` reads it, so that a run does not depend on a file."""
        return self.name or json.dumps({"nodes": self.nodes, "springs": self.springs})

    @property
    def positions(self) -> NDArray[np.float64]:
        """The positions of the nodes, of shape (nodes, 2)."""
        return np.array(self.nodes)

    @property
    def ends(self) -> NDArray[np.int64]:
        """The nodes that each spring joins, of shape (springs, 2)."""
        return np.array([s[:2] for s in self.springs])

    def of_springs(self, column: int) -> NDArray[np.float64]:
        """Rest lengths (2), stiffnesses (3) or actuations (4)."""
        return np.array([s[column] for s in self.springs], dtype=np.float64)


@cache
def robots() -> dict[str, Robot]:
    """The robots A to D of DiffTaichi's example (Hu et al., ICLR 2020)."""
    found = json.loads(OURS.read_text(encoding="utf-8"))["robots"]
    return {name: _robot(data, f"robot {name}", name) for name, data in found.items()}


def _robot(data: Any, what: str, name: str = "") -> Robot:
    nodes, springs = (records(data, key, what, FORM) for key in ("nodes", "springs"))
    if not nodes or not springs:
        raise ValueError(f"{what} has {len(nodes)} nodes and {len(springs)} springs; expected at least one of each")
    places = tuple(_node(v, f"{what}: nodes[{k}]") for k, v in enumerate(nodes))
    made: list[tuple[int, int, float, float, float]] = []
    seen: dict[frozenset[int], int] = {}
    for k, v in enumerate(springs):
        where = f"{what}: springs[{k}]"
        spring = _spring(v, places, where)
        first = seen.setdefault(frozenset(spring[:2]), k)
        if first != k:
            raise ValueError(f"{where} joins nodes {spring[0]} and {spring[1]}, as springs[{first}] does already")
        made.append(spring)
    return Robot(name, places, tuple(made))


def _node(v: Any, where: str) -> tuple[float, float]:
    x, y = numbers(v, 2, "two numbers [x, y]", where)
    return x, y


def _spring(v: Any, places: tuple[tuple[float, float], ...], where: str) -> tuple[int, int, float, float, float]:
    p, q, rest, stiffness, actuation = numbers(v, 5, "[node, node, rest length, stiffness, actuation]", where)
    p, q = (index(end, len(places), "node", where) for end in (p, q))
    if p == q:
        raise ValueError(f"{where} joins node {p} to itself; expected two different nodes")
    if places[p] == places[q]:
        raise ValueError(f"{where} has zero length: nodes {p} and {q} are both at {places[p]}")
    if rest <= 0:
        raise ValueError(f"{where} has the rest length {rest:g}; expected a positive one")
    if stiffness < 0:
        raise ValueError(f"{where} has the stiffness {stiffness:g}; expected 0 or more")
    if not 0 <= actuation < 1:
        raise ValueError(f"{where} has the actuation {actuation:g}; expected 0 or more and less than 1")
    return p, q, rest, stiffness, actuation
