"""Reverse mode: the forward derivative, transposed; a construct a file. `transpose` is where it begins."""
