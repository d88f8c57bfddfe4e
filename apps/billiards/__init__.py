"""Billiards: find the shot that brings one chosen ball onto a goal, through hundreds of collisions."""

from .scene import Billiards, Shot, Table

__all__ = ["Billiards", "Shot", "Table"]
