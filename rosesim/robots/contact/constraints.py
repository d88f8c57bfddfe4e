"""All soft constraints that a robot may have at a state: what each kind wants, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.robots.algebra import Number, add, is_zero, mul, neg, over, sub
from rosesim.robots.contact import contacts, rows
from rosesim.robots.contact.coordinates import Coordinate, Coordinates, OfOne, alike, equalities, frictions, limits
from rosesim.robots.contact.joined import joined
from rosesim.robots.contact.kind import At, Kind, Moves


@dataclass
class Wish:
    """What one constraint wants, over those of its coordinates that can move."""

    member: Any
    moving: list[int]
    reference: list[Number]
    cost: list[Number]
    """What its cost depends on."""


@dataclass
class Soft:
    """Soft constraints of one kind."""

    kind: Kind
    wish: Callable[[Any], Wish]
    """Of the c-th active one, inside a loop."""
    cost: Callable[[list[Number], Sequence[Number]], rows.Cost]
    """(`Wish.cost`, J a - r) -> force and second derivative."""

    def force(self, wish: Wish, reading: Any) -> list[Number]:
        """At an acceleration that the kind has read; 0 along coordinates that cannot move."""
        by = wish.member.along(reading)
        force = self.cost(wish.cost, [sub(by[k], r) for k, r in zip(wish.moving, wish.reference, strict=True)])[0]
        full: list[Number] = [0.0] * len(by)
        for k, x in zip(wish.moving, force, strict=True):
            full[k] = x
        return full


def constraints(at: At) -> list[Soft]:
    """All constraints that a robot may have at (q, v)."""
    disabled = at.m.robot.options.disabled
    if "constraint" in disabled:
        return []
    found: list[Soft] = []
    if "equality" not in disabled:
        held = [*equalities(at), *joined(at)]
        found += [_of_one(at, group, rows.two_sided, always=True) for group in alike(held)]
    if "frictionloss" not in disabled:
        found += [_of_friction(at, group) for group in alike(frictions(at))]
    if "limit" not in disabled:
        found += [_of_one(at, group, rows.one_sided, always=False) for group in alike(limits(at))]
    return found + [of_contacts(at, kind) for kind in contacts.kinds(at)]


def _of_one(at: At, group: list[Coordinate], cost: Callable[[Number, Number], rows.Cost], *, always: bool) -> Soft:
    """Limits or equalities."""
    kind = Coordinates(at, group, always=always)
    soft, margin = group[0].soft, group[0].margin

    def wish(c: Any) -> Wish:
        one: OfOne = kind.member(c)
        k, b = rows.stiffness(soft.solref, soft.solimp, at.timestep)
        past = sub(one.gap, margin)
        hardness = rows.impedance(soft.solimp, one.far)
        reference = neg(add(add(mul(b, one.speed), mul(k, mul(hardness, past))), one.drift))
        return Wish(one, [0], [reference], [over(1.0, rows.regulariser(hardness, one.inverse))])

    return Soft(kind, wish, lambda numbers, x: cost(x[0], numbers[0]))


def _of_friction(at: At, group: list[Coordinate]) -> Soft:
    kind = Coordinates(at, group, always=True)
    soft = group[0].soft

    def wish(c: Any) -> Wish:
        one: OfOne = kind.member(c)
        _, b = rows.stiffness(soft.solref, soft.solimp, at.timestep)
        d = over(1.0, rows.regulariser(rows.impedance(soft.solimp, 0.0), one.inverse))
        return Wish(one, [0], [neg(mul(b, one.speed))], [d, one.most])

    return Soft(kind, wish, lambda numbers, x: rows.huber(x[0], *numbers))


def of_contacts(at: At, kind: contacts.Contacts) -> Soft:
    """Contacts: along the normal a limit, along the tangents friction."""
    dims, options, touch = kind.dims, at.m.robot.options, kind.touch
    elliptic = options.cone == "elliptic" or dims == 1
    velocity = kind.reading(Moves(at, at.v, at.velocity))
    moving: list[int] = []

    def wish(c: Any) -> Wish:
        contact = kind.member(c)
        speed = contact.along(velocity)
        moving[:] = [k for k, x in enumerate(speed) if k == 0 or not is_zero(x)]
        friction = contact.friction
        mu = mul(1.0 / options.impratio**0.5, friction[0])
        k, b = rows.stiffness(touch.solref, touch.solimp, at.timestep)
        past = sub(contact.distance, touch.margin)
        hardness = rows.impedance(touch.solimp, past)
        reference = [neg(mul(b, speed[n])) for n in moving]
        reference[0] = sub(reference[0], mul(k, mul(hardness, past)))
        if elliptic:
            d = [over(1.0, rows.regulariser(hardness, contact.inverse))]
            for n in moving[1:]:  # R of a tangent, by its friction
                ratio = mul(
                    options.impratio, over(mul(friction[n - 1], friction[n - 1]), mul(friction[0], friction[0]))
                )
                d.append(mul(ratio, d[0]))
        else:
            both = mul(contact.inverse, add(1.0, mul(friction[0], friction[0])))
            d = [over(1.0, mul(mul(2.0, mul(mu, mu)), rows.regulariser(hardness, both)))]
        return Wish(contact, list(moving), reference, [*d, mu, *(friction[n - 1] for n in moving[1:])])

    def cost(numbers: list[Number], x: Sequence[Number]) -> rows.Cost:
        if dims == 1:
            return rows.one_sided(x[0], numbers[0])
        count = len(x) if elliptic else 1
        d, mu, friction = numbers[:count], numbers[count], numbers[count + 1 :]
        if elliptic:
            return rows.cone(x, d, friction, mu)
        return rows.pyramid(x, d[0], friction, dims - len(x))

    return Soft(kind, wish, cost)
