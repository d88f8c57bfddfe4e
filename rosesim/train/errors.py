"""What ends a training run before its time."""

from rosesim.ad.errors import RosesimError


class TrainingStopped(RosesimError):
    """The loss or the gradient stopped being a number, or the run was interrupted."""
