"""Derivatives of programs: forward mode, and reverse mode as its transpose."""
