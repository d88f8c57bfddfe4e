"""Passes: they make a program smaller or faster and leave its meaning unchanged."""
