"""Training: optimisers, runs, and the folder of a run."""

from rosesim.optimise.optimizers import (
    RULES,
    Adam,
    Bounded,
    GradientDescent,
    Momentum,
    Normalized,
    Optimizer,
)
from rosesim.optimise.rules import make_optimizer
from rosesim.optimise.schedules import Schedule, parse_schedule
from rosesim.optimise.table import OPTIMIZERS
from rosesim.train.callbacks import Sink
from rosesim.train.errors import Interrupted, TrainingStopped
from rosesim.train.folder import BestRun, best_run, read_best, read_last
from rosesim.train.origin import RunChanged
from rosesim.train.plan import Plan, plan
from rosesim.train.progress import Progress
from rosesim.train.run import Run, resume, train
from rosesim.train.seeds import SeedRun, SeedRuns, resume_seeds, train_seeds
from rosesim.train.starts import resume_starts, train_starts
from rosesim.train.stopping import StopRule, parse_stop
from rosesim.train.sweeps import Sweep, read_sweep, resume_sweep, sweep

__all__ = [
    "OPTIMIZERS",
    "RULES",
    "Adam",
    "BestRun",
    "Bounded",
    "GradientDescent",
    "Interrupted",
    "Momentum",
    "Normalized",
    "Optimizer",
    "Plan",
    "Progress",
    "Run",
    "RunChanged",
    "Schedule",
    "SeedRun",
    "SeedRuns",
    "Sink",
    "StopRule",
    "Sweep",
    "TrainingStopped",
    "best_run",
    "make_optimizer",
    "parse_schedule",
    "parse_stop",
    "plan",
    "read_best",
    "read_last",
    "read_sweep",
    "resume",
    "resume_seeds",
    "resume_starts",
    "resume_sweep",
    "sweep",
    "train",
    "train_seeds",
    "train_starts",
]
