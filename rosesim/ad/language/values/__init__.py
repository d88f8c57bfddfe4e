"""Traced values: scalars and vectors, what they refuse, and conversion between Python structures and atoms."""
