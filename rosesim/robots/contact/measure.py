"""Contact forces as a sensor feels them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import V3, Number, add, choose, mat_vec, minus, mul, plus, quat_matrix, transposed, turned
from rosesim.robots.contact import contacts
from rosesim.robots.contact.compliant import Compliant, touching
from rosesim.robots.contact.constraints import of_contacts
from rosesim.robots.contact.kind import Moves
from rosesim.robots.contact.tables import Table
from rosesim.robots.description import Site
from rosesim.robots.kinematics import Frames
from rosesim.robots.mechanism import Mechanism


def normal_forces(
    moving: Any, m: Mechanism, f: Frames, q: Sequence[Number], v: Sequence[Number], a: Sequence[Number]
) -> Callable[[int], Number]:
    """The function that adds up the normal forces of contacts within a site, at an acceleration."""
    at = moving.at(m, f, q, v)
    found: list[tuple[contacts.Contacts, Callable[[Any], Number]]] = []  # and the normal force of an active one
    if isinstance(moving.contact, Compliant):
        for t in touching(at, moving.contact):
            if isinstance(t.kind, contacts.Contacts):
                found.append((t.kind, lambda c, t=t: t.part(c, 0)[0]))
    else:
        moves = Moves(at, a)
        for kind in contacts.kinds(at):
            soft, reading = of_contacts(at, kind), kind.reading(moves)
            found.append((kind, lambda c, soft=soft, reading=reading: soft.force(soft.wish(c), reading)[0]))

    def within(index: int) -> Number:
        site = m.robot.sites[index]
        carrier = m.carrier(site.body)
        total: Number = 0.0
        for kind, normal in found:
            if any(carrier in side for side in kind.bodies):
                total = add(total, _of_kind(m, f, site, kind, normal))
        return total

    return within


def _of_kind(m: Mechanism, f: Frames, site: Site, kind: contacts.Contacts, normal: Callable[[Any], Number]) -> Number:
    """The normal forces of one kind's contacts within a site."""
    carrier = m.carrier(site.body)

    def one(sum_: Any, c: Any) -> Any:
        contact, force = kind.member(c), normal(c)
        for side in (0, 1):
            if carrier in kind.bodies[side]:
                inside = _holds(m, f, site, contact.layout.point_of(side))
                of_body = Table([[1.0 if b == carrier else 0.0] for b in kind.bodies[side]], range(len(kind.touches)))
                sum_ = add(sum_, choose(inside, mul(of_body.at(contact.pair)[0], force), 0.0))
        return sum_

    return scan(one, Real(0.0), kind.size, upto=kind.upto)


def _holds(m: Mechanism, f: Frames, site: Site, point: V3) -> Any:
    """Whether a site's volume holds a point, given from the reference point of its tree."""
    carrier, weld = m.carrier(site.body), m.welds[site.body]
    pos: V3 = (site.pos[0], site.pos[1], site.pos[2])
    place = plus(f.place[carrier], mat_vec(f.rotation[carrier], plus(weld.pos, turned(weld.quat, pos))))  # pyright: ignore[reportArgumentType]
    local = mat_vec(transposed(f.rotation[carrier]), minus(point, place))
    local = mat_vec(transposed(weld.rotation), local)
    x, y, z = mat_vec(transposed(quat_matrix(site.quat)), local)  # pyright: ignore[reportArgumentType] -- four numbers
    a, b, c = (*site.size, *site.size[-1:] * 2)[:3]
    if site.kind == "box":
        return (abs(x) <= a) & (abs(y) <= b) & (abs(z) <= c)
    if site.kind == "cylinder":
        return (add(mul(x, x), mul(y, y)) <= a * a) & (abs(z) <= b)
    if site.kind == "capsule":
        over = choose(abs(z) > b, abs(z) - b, 0.0)
        return add(add(mul(x, x), mul(y, y)), mul(over, over)) <= a * a
    if site.kind == "sphere":
        b = c = a
    return add(add(mul(x, x) / (a * a), mul(y, y) / (b * b)), mul(z, z) / (c * c)) <= 1.0
