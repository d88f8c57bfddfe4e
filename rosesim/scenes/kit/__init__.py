"""Parts that scenes are made of: bodies, springs, contact, controllers, losses, initialisers, drawing.

Each is a plain function or a dataclass of the language, to be called where a scene is traced; nothing
here knows a scene. Positions and velocities are vectors of the plane, one a body.
"""

from rosesim.scenes.kit.bodies import Bodies, Body, at_rest, centre
from rosesim.scenes.kit.contact import Bump, disc_contact, ground_contact, no_bump
from rosesim.scenes.kit.controllers import Network, Table, features, network, sines, table
from rosesim.scenes.kit.drawing import STRAIN_COLOURS, draw_springs
from rosesim.scenes.kit.initialisers import glorot, normal
from rosesim.scenes.kit.losses import squared_distance
from rosesim.scenes.kit.springs import spring_impulses, strains

__all__ = [
    "STRAIN_COLOURS",
    "Bodies",
    "Body",
    "Bump",
    "Network",
    "Table",
    "at_rest",
    "centre",
    "disc_contact",
    "draw_springs",
    "features",
    "glorot",
    "ground_contact",
    "network",
    "no_bump",
    "normal",
    "sines",
    "spring_impulses",
    "squared_distance",
    "strains",
    "table",
]
