"""All soft constraints that a robot may have at a state."""

from __future__ import annotations

from rosesim.robots.contact.constraint import At, Constraint
from rosesim.robots.contact.contacts import contacts
from rosesim.robots.contact.coordinates import equalities, frictions, limits
from rosesim.robots.contact.joined import joined


def constraints(at: At) -> list[Constraint]:
    """All constraints that a robot may have at (q, v)."""
    disabled = at.m.robot.options.disabled
    if "constraint" in disabled:
        return []
    found: list[Constraint] = []
    if "equality" not in disabled:
        found += [*equalities(at), *joined(at)]
    if "frictionloss" not in disabled:
        found += frictions(at)
    if "limit" not in disabled:
        found += limits(at)
    return found + contacts(at)
