"""Time in the viewer: which state of a replay is shown, and how a user moves through it."""

from __future__ import annotations

from dataclasses import dataclass

REPLAY_SECONDS = 3.0
"""Duration of a whole replay at speed 1, whatever the number of states."""
HOLD_SECONDS = 0.8
"""How long the last state is shown before the replay begins again."""
SPEEDS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0)


@dataclass
class Player:
    """A repeated replay of `states` states, from 0 to the last.

    >>> player = Player(states=301)
    >>> player.advance(1.0)
    >>> player.index
    100
    >>> player.step(-1)
    >>> player.index, player.playing
    (99, False)
    """

    states: int
    time: float = 0.0
    """The index of the state shown, plus the fraction of the time to the next state that has passed."""
    playing: bool = True
    speed: float = 1.0
    held: float = 0.0
    """Seconds for which the last state has been shown."""

    @property
    def last(self) -> int:
        """The index of the last state."""
        return self.states - 1

    @property
    def index(self) -> int:
        """The index of the state shown."""
        return min(int(self.time), self.last)

    @property
    def part(self) -> float:
        """The part of the replay that has passed, from 0 to 1."""
        return self.index / max(self.last, 1)

    def advance(self, seconds: float) -> None:
        """Advance by this much time."""
        if not self.playing:
            return
        if self.time < self.last:
            self.time = min(self.time + seconds * self.speed * self.last / REPLAY_SECONDS, float(self.last))
            self.held = 0.0
            return
        self.held += seconds
        if self.held >= HOLD_SECONDS:
            self.seek(0)

    def toggle(self) -> None:
        """Play or pause; play starts from the beginning where the replay has ended."""
        self.playing = not self.playing
        if self.playing and self.index == self.last:
            self.seek(0)

    def step(self, states: int) -> None:
        """Pause, and go forward by this many states, or back where negative; stop at the ends."""
        self.playing = False
        self.seek(self.index + states)

    def seek(self, index: int) -> None:
        """Show a state; for an index outside, the nearest end."""
        self.time, self.held = float(min(max(index, 0), self.last)), 0.0

    def scrub(self, part: float) -> None:
        """Pause, and show the state at a part of the replay, from 0 to 1."""
        self.playing = False
        self.seek(round(part * self.last))

    def restart(self) -> None:
        """Play from the start."""
        self.seek(0)
        self.playing = True

    def change_speed(self, notches: int) -> None:
        """Make the replay faster by this many notches, or slower where negative: 1/16 to 4."""
        at = SPEEDS.index(self.speed) + notches
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]
