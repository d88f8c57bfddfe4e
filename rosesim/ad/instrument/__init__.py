"""Instrumented programs, which also report decisions, growth, rounding errors, or where a NaN originates."""
