"""Sweeps: many trainings that differ in settings, inputs or seeds, on many processes."""

from rosesim.train.sweeps.record import is_sweep
from rosesim.train.sweeps.spec import parse_spec
from rosesim.train.sweeps.sweep import ENGINES, Sweep, Tried, read_sweep, resume_sweep, sweep

__all__ = ["ENGINES", "Sweep", "Tried", "is_sweep", "parse_spec", "read_sweep", "resume_sweep", "sweep"]
