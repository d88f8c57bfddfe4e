"""Box and friction: a thrown box whose end, as a function of friction, jumps where a corner stops sliding."""

from .scene import BoxFriction, Friction, Throw

__all__ = ["BoxFriction", "Friction", "Throw"]
