"""Pages of scenes, for tests."""

from __future__ import annotations

import functools

from rosesim.scenes import configure, find_scene
from rosesim.web.page import page


@functools.cache
def page_of(name: str, *settings: str, readable: bool = False) -> str:
    """The page of a scene with these settings."""
    scene, inputs = configure(find_scene(name), settings)
    return page(scene, inputs, readable=readable)
