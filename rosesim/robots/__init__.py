"""Robots: mechanics in generalised coordinates, with contact whose derivative is that of the converged solution.

`robots.Model` computes with a robot; `robots.description` has the records that it is made of.
"""

from rosesim.robots import description
from rosesim.robots.contact.compliant import Compliant
from rosesim.robots.files.errors import RobotError
from rosesim.robots.model import Contact, Model

__all__ = ["Compliant", "Contact", "Model", "RobotError", "description"]
