"""Scenes: what a simulation declares so that it can be compiled, tuned, checked and drawn."""

from rosesim.scenes.base import Published, Scene, value
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.compiled import Compiled, Trajectory, compiled, rollout
from rosesim.scenes.errors import SceneError, UnwritableFile
from rosesim.scenes.overrides import configure
from rosesim.scenes.precision import scene_precision
from rosesim.scenes.ranges import Range
from rosesim.scenes.registry import find_scene, scene_names
from rosesim.scenes.roles import OneOf
from rosesim.scenes.space import Camera
from rosesim.scenes.tree import FlatView

__all__ = [
    "Camera",
    "Canvas",
    "Compiled",
    "FlatView",
    "OneOf",
    "Published",
    "Range",
    "Scene",
    "SceneError",
    "Trajectory",
    "UnwritableFile",
    "compiled",
    "configure",
    "find_scene",
    "rollout",
    "scene_names",
    "scene_precision",
    "value",
]
