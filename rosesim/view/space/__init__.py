"""Three dimensions: pictures of bodies in space, by rays. `shapes.py` has the geometry, `light.py` the colours,
`caster.py` the program and its edges, `photograph.py` what goes into it."""

from rosesim.view.space.photograph import photograph

__all__ = ["photograph"]
