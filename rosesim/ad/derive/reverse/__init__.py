"""Reverse mode transposes the forward derivative; each construct has a file, and `transpose` is the entry."""
