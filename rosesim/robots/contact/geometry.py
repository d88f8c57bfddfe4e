"""The contacts of two shapes: MuJoCo's, in its order."""

from __future__ import annotations

from rosesim.robots.algebra import Number
from rosesim.robots.contact.boxes import box_box
from rosesim.robots.contact.capsules import capsule_box, capsule_capsule, capsule_cylinder, capsule_ellipsoid
from rosesim.robots.contact.convex import convex
from rosesim.robots.contact.planes import plane_box, plane_capsule, plane_cylinder, plane_ellipsoid, plane_sphere
from rosesim.robots.contact.resting import plane_mesh
from rosesim.robots.contact.shapes import Finder, Place, Shape
from rosesim.robots.contact.spheres import (
    sphere_box,
    sphere_capsule,
    sphere_cylinder,
    sphere_ellipsoid,
    sphere_sphere,
)


def contacts(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """All contacts that a pair may have."""
    return FINDERS[a.kind, b.kind](a, b, margin)


FINDERS: dict[tuple[str, str], Finder] = {
    ("plane", "sphere"): plane_sphere,
    ("plane", "capsule"): plane_capsule,
    ("plane", "box"): plane_box,
    ("plane", "ellipsoid"): plane_ellipsoid,
    ("plane", "cylinder"): plane_cylinder,
    ("sphere", "sphere"): sphere_sphere,
    ("sphere", "capsule"): sphere_capsule,
    ("sphere", "ellipsoid"): sphere_ellipsoid,
    ("sphere", "cylinder"): sphere_cylinder,
    ("sphere", "box"): sphere_box,
    ("capsule", "capsule"): capsule_capsule,
    ("capsule", "ellipsoid"): capsule_ellipsoid,
    ("capsule", "cylinder"): capsule_cylinder,
    ("capsule", "box"): capsule_box,
    ("plane", "mesh"): plane_mesh,
    ("sphere", "mesh"): convex,
    ("capsule", "mesh"): convex,
    ("ellipsoid", "mesh"): convex,
    ("cylinder", "mesh"): convex,
    ("box", "mesh"): convex,
    ("mesh", "mesh"): convex,
    ("ellipsoid", "ellipsoid"): convex,
    ("ellipsoid", "cylinder"): convex,
    ("ellipsoid", "box"): convex,
    ("cylinder", "cylinder"): convex,
    ("cylinder", "box"): convex,
    ("box", "box"): box_box,
}
"""The pairs that can be computed."""
