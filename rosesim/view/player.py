"""Time in the viewer: which state of a replay is shown, and how a person moves through it."""

from __future__ import annotations

from dataclasses import dataclass

REPLAY_SECONDS = 3.0
"""How long a whole replay takes at speed 1, whatever the number of states."""
HOLD_SECONDS = 0.8
"""How long the last state stays before the replay begins again."""
SPEEDS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0)


@dataclass
class Player:
    """A replay of `states` states, from 0 to the last, again and again.

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
    """The state shown, with the part of a state that has passed since."""
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
        """How much of the replay has passed, from 0 to 1."""
        return self.index / max(self.last, 1)

    def advance(self, seconds: float) -> None:
        """Let so much time pass."""
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
        """Play or pause; play begins anew where the replay has ended."""
        self.playing = not self.playing
        if self.playing and self.index == self.last:
            self.seek(0)

    def step(self, states: int) -> None:
        """Pause, and go so many states forward, or back where negative; not past the ends."""
        self.playing = False
        self.seek(self.index + states)

    def seek(self, index: int) -> None:
        """Show a state; the nearest end for one outside."""
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
        """Faster by so many notches, or slower where negative: 1/16 to 4."""
        at = SPEEDS.index(self.speed) + notches
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]
