"""Robots from files: mechanics in generalised coordinates, and contact."""
