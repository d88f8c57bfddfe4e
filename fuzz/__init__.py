"""Differential fuzzing: random programs of the language, run and differentiated in every available way.

`python -m fuzz --minutes 10 --out FOLDER` runs it; docs/trust.md says what it compares and what it has found.
"""
