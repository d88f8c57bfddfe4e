"""Training: optimisers, the loop, and the folder that a run leaves."""

from rosesim.train.errors import TrainingStopped
from rosesim.train.loop import Plan, Progress, Run, attempt_iterations, plan, train
from rosesim.train.optimizers import OPTIMIZERS

__all__ = ["OPTIMIZERS", "Plan", "Progress", "Run", "TrainingStopped", "attempt_iterations", "plan", "train"]
