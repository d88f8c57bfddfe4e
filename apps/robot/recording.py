"""A recorded motion as a setting: a CSV file as `robots.read_record` reads it, or none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rosesim import robots

Array = NDArray[np.float64]


class Recording(robots.RecordFile):
    """Positions over time from a file; the empty text is none.

    >>> Recording.parse("").is_there
    False
    """

    @classmethod
    def parse(cls, text: str) -> Recording:
        """A recording from a path; raises a ValueError that names the file and line of what cannot be read."""
        return super().parse(text) if text else cls(text)

    @property
    def is_there(self) -> bool:
        """Whether there is a file."""
        return bool(self.text)

    def positions(self, model: robots.Model, steps: int) -> Array:
        """Where the robot was at the beginning of each step and at the end of the last, (steps + 1, nq): between two
        times on the straight line, after the last time as there. Without a file, where the model's file draws it.

        Raises ValueError for a recording of another robot.
        """
        if not self.is_there:
            return np.tile(model.start, (steps + 1, 1))
        record = self.record
        q = np.asarray(record.q, dtype=np.float64)
        if q.shape[1] != model.nq or not np.isfinite(q).all() or not len(q):
            raise ValueError(
                f"the recording {self.text} has {q.shape[1]} positions in a row; expected {model.nq}, none of them "
                "empty, as the robot has"
            )
        now = np.arange(steps + 1) * model.timestep
        times = model.timestep * np.arange(len(q)) if record.times is None else np.asarray(record.times, dtype=float)
        if not (np.diff(times) > 0.0).all():
            raise ValueError(f"the times of the recording {self.text} do not grow; expected them in s, in order")
        return np.stack([np.interp(now, times - times[0], column) for column in q.T], axis=1)

    def speed(self, model: robots.Model) -> Array:
        """The velocities (nv,) at the first time, where the recording has them; otherwise none."""
        v = self.record.v if self.is_there else None
        if v is None:
            return np.zeros(model.nv)
        first = np.asarray(v, dtype=np.float64)[0]
        if first.shape != (model.nv,):
            raise ValueError(f"the recording {self.text} has {first.size} velocities in a row; expected {model.nv}")
        return np.nan_to_num(first)

    def activation(self, model: robots.Model) -> Array:
        """The activations (na,) at the first time, where the recording has them; otherwise zeros."""
        found = self.record.activation if self.is_there else None
        if found is None:
            return np.zeros(model.na)
        if found.shape != (model.na,) or not np.isfinite(found).all():
            raise ValueError(
                f"the recording {self.text} has {found.size} activations in its first row; expected {model.na}, none "
                "of them empty, as the robot has"
            )
        return found
