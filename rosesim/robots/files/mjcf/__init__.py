"""MJCF, by its kinds of elements."""
