"""Parts that scenes are made of: bodies, springs, contact, controllers, losses, initialisers, drawing.

Each is a plain function or a dataclass of the language, to be called where a scene is traced; nothing
here knows a scene. Positions and velocities are vectors of the plane, one for each body.
"""

from rosesim.scenes.kit.bodies import Bodies, Body, at_rest, centre
from rosesim.scenes.colours import balanced, coloured, shaded
from rosesim.scenes.kit.contact import Bump, disc_contact, discs_touch, ground_contact, no_bump, opposite
from rosesim.scenes.kit.controllers import Beat, Network, Table, beat, features, network, sines, table
from rosesim.scenes.kit.drawing import LEVELS, STRAIN_COLOURS, draw_panels, draw_springs, panels_extent
from rosesim.scenes.kit.grids import Edge, Grid, cells, five_point, mean_over_cells, neighbour
from rosesim.scenes.kit.ground import Ground
from rosesim.scenes.kit.initialisers import glorot, normal, uniform
from rosesim.scenes.kit.interpolation import bilinear, multilinear
from rosesim.scenes.kit.losses import squared_distance
from rosesim.scenes.kit.particles import (
    Carried,
    Group,
    Motion,
    Particles,
    advance,
    corotated,
    deformed,
    from_grid,
    lattice,
    neo_hookean,
    node_velocities,
    rotation,
    spline_weights,
    to_grid,
    undeformed,
    with_muscle,
)
from rosesim.scenes.kit.picture import Picture, rings
from rosesim.scenes.kit.published import PublishedGround, published_disc_contact
from rosesim.scenes.kit.records import index, numbers, read_json, records
from rosesim.scenes.kit.rigid import (
    Impulse,
    Inertia,
    Kick,
    Links,
    Pair,
    RigidBodies,
    RigidBody,
    box_inertia,
    direction,
    joint_impulse,
    link_impulses,
    moved_on,
    no_kick,
    outlines,
    spring_impulse,
)
from rosesim.scenes.kit.springs import spring_impulses, strains
from rosesim.scenes.kit.waves import Surface, Waves

__all__ = [
    "LEVELS",
    "STRAIN_COLOURS",
    "Beat",
    "Bodies",
    "Body",
    "Bump",
    "Carried",
    "Edge",
    "Grid",
    "Ground",
    "Group",
    "Impulse",
    "Inertia",
    "Kick",
    "Links",
    "Motion",
    "Network",
    "Pair",
    "Particles",
    "Picture",
    "PublishedGround",
    "RigidBodies",
    "RigidBody",
    "Surface",
    "Table",
    "Waves",
    "advance",
    "at_rest",
    "balanced",
    "beat",
    "bilinear",
    "box_inertia",
    "cells",
    "centre",
    "coloured",
    "corotated",
    "deformed",
    "direction",
    "disc_contact",
    "discs_touch",
    "draw_panels",
    "draw_springs",
    "features",
    "five_point",
    "from_grid",
    "glorot",
    "ground_contact",
    "index",
    "joint_impulse",
    "lattice",
    "link_impulses",
    "mean_over_cells",
    "moved_on",
    "multilinear",
    "neighbour",
    "neo_hookean",
    "network",
    "no_bump",
    "no_kick",
    "node_velocities",
    "normal",
    "numbers",
    "opposite",
    "outlines",
    "panels_extent",
    "published_disc_contact",
    "read_json",
    "records",
    "rings",
    "rotation",
    "shaded",
    "sines",
    "spline_weights",
    "spring_impulse",
    "spring_impulses",
    "squared_distance",
    "strains",
    "table",
    "to_grid",
    "undeformed",
    "uniform",
    "with_muscle",
]
