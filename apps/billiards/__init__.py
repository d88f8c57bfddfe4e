"""Billiards: find the shot that brings one chosen ball onto a goal, through hundreds of collisions."""

from .scene import Balls, Billiards, Shot, Table

__all__ = ["Balls", "Billiards", "Shot", "Table"]
