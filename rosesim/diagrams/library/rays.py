"""Rays and silhouettes."""
