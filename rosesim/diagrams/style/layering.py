"""Groups, and the order in which shapes are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.diagrams.errors import Fault, Place
from rosesim.diagrams.style.dependencies import Edges, topological
from rosesim.diagrams.values import Clip, Shape, Shapes

Layer = tuple[str, str, Place]
"""(path of the lower shape, path of the upper one, where it is said)."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """All shapes in drawing order, and those of them that are in no group."""

    order: list[Shape]
    top: list[Shape]
    warnings: list[Fault]


def drawn(shapes: Sequence[Shape], layers: Sequence[Layer]) -> Drawn:
    """Sorts shapes, given in node order, by their layerings; members of groups are sorted inside their groups.

    Warnings: LayerCycleWarning, ShapeBelongsToMultipleGroups, GroupCycleWarning.
    """
    warnings: list[Fault] = []
    parents = _parents(shapes, warnings)
    number = {shape.name: n for n, shape in enumerate(shapes)}
    after: Edges = [[] for _ in shapes]
    """For each shape, those that lie below."""
    for below, above, _ in layers:
        low, high = _lifted(below, above, parents)
        after[number[high]].append(number[low])
    order = topological(after)
    if order is None:
        warnings.append(_cycle_warning(layers, shapes))
        order = _approximate(after)
    sorted_ = [shapes[n] for n in order]
    rank = {shape.name: n for n, shape in enumerate(sorted_)}
    for shape in shapes:
        if shape.kind == "Group":
            members = shape.properties.get("shapes")
            if isinstance(members, Shapes):
                shape.properties["shapes"] = Shapes(sorted(members.items, key=lambda m: rank[m.name]))
    return Drawn(sorted_, [s for s in sorted_ if s.name not in parents], warnings)


def _members(group: Shape) -> list[Shape]:
    """The shapes in a group; the one that clips it is one of them."""
    members = group.properties.get("shapes")
    clip = group.properties.get("clipPath")
    found = list(members.items) if isinstance(members, Shapes) else []
    if isinstance(clip, Clip) and clip.shape is not None and clip.shape not in found:
        found.append(clip.shape)
    return found


def _parents(shapes: Sequence[Shape], warnings: list[Fault]) -> dict[str, str]:
    """The group of each shape that is in one. A shape in several groups counts for the first of them."""
    parents: dict[str, str] = {}
    for group in shapes:
        if group.kind != "Group":
            continue
        for member in _members(group):
            known = parents.get(member.name)
            if member.name in (group.name, *_ancestors(group.name, parents)):
                sentence = f"group {group.name} is within itself; its member {member.name} is drawn outside"
                warnings.append(Fault("GroupCycleWarning", sentence, group.place))
            elif known is None:
                parents[member.name] = group.name
            elif known != group.name:
                sentence = f"shape {member.name} is in two groups, {known} and {group.name}; expected one"
                warnings.append(Fault("ShapeBelongsToMultipleGroups", sentence, member.place))
    return parents


def _ancestors(name: str, parents: dict[str, str]) -> list[str]:
    """The groups around a shape, from the inside."""
    found: list[str] = []
    while name in parents:
        name = parents[name]
        found.append(name)
    return found


def _lifted(a: str, b: str, parents: dict[str, str]) -> tuple[str, str]:
    """The ancestors of both (or they themselves) at the first level where they differ."""
    if not parents or (a not in parents and b not in parents):
        return a, b
    chain_a, chain_b = ([name, *_ancestors(name, parents)][::-1] for name in (a, b))
    for x, y in zip(chain_a, chain_b, strict=False):
        if x != y:
            return x, y
    common = chain_a[min(len(chain_a), len(chain_b)) - 1]  # one is within the other: a cycle
    return common, common


def _approximate(after: Edges) -> list[int]:
    """An order for a graph with cycles: always the shape with the fewest below it that are not drawn yet."""
    waiting = [len(edges) for edges in after]
    above: Edges = [[] for _ in after]
    for high, edges in enumerate(after):
        for low in edges:
            above[low].append(high)
    left = dict.fromkeys(range(len(after)))
    order: list[int] = []
    while left:
        node = min(left, key=waiting.__getitem__)
        del left[node]
        order.append(node)
        for high in above[node]:
            waiting[high] -= 1
    return order


def _cycle_warning(layers: Sequence[Layer], shapes: Sequence[Shape]) -> Fault:
    names = {s.name for s in shapes}
    said = [f"{below} below {above}" for below, above, _ in layers if below in names]
    shown = ", ".join(said[:4]) + (", ..." if len(said) > 4 else "")
    sentence = f"the layerings contradict each other, so their order is approximate: {shown}"
    return Fault("LayerCycleWarning", sentence, layers[0][2] if layers else Place())
