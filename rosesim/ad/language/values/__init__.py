"""Traced values: scalars and vectors, what they refuse, and the passage between Python structures and atoms."""
