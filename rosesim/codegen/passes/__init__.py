"""Passes that prepare a program for machine code, and decisions about a program as a whole."""
