"""What a scene is: settings, inputs, params, and the physics between them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import shown
from rosesim.scenes.measure import Measure
from rosesim.scenes.names import refuse_taken_names
from rosesim.scenes.ranges import Range
from rosesim.scenes.terms import Terms

MOST_STEPS = 100_000_000
"""Upper limit for any scene: the simplest of ours take 0.3 to 4 seconds for the values of this many steps."""

P = TypeVar("P")
I = TypeVar("I")  # noqa: E741 -- the letter of inputs, beside P and S
S = TypeVar("S")


_COLOUR = re.compile("#[0-9a-fA-F]{6}")


def value(default: ArrayLike) -> Any:
    """The default of a field of inputs or params: a number, or an array made of nested sequences.

    A dataclass refuses an array as a default, and a type checker a tuple where a vector is declared; this
    satisfies both. Every instance gets its own copy.

    >>> from dataclasses import dataclass
    >>> from rosesim import Real, Vec
    >>> @dataclass(frozen=True)
    ... class Inputs:
    ...     goal: Vec[Real, 2] = value((0.9, 0.75))
    ...     restitution: Real = value(0.8)
    >>> Inputs()
    Inputs(goal=array([0.9 , 0.75]), restitution=0.8)
    """
    array = np.asarray(default, dtype=np.float64)
    return field(default_factory=lambda: array.copy() if array.shape else float(array))


@dataclass(frozen=True)
class Published:
    """How a scene is trained by default."""

    optimizer: str
    iterations: int


@dataclass(frozen=True)
class Scene(ABC, Generic[P, I, S]):
    """A simulation with something to tune: `Scene[Params, Inputs, State]`.

    A subclass is a frozen dataclass whose fields are the *settings*: integers, lengths, choices, known while
    tracing; a scene with another setting is another program. *Inputs* are given when the program runs and are
    not tuned (the goal, restitution, the learning rate); *params* are tuned. Both are dataclasses
    of numbers and arrays, as the state is. `initial`, `step` and `loss` are traced, compiled and
    differentiated; `draw` and the other methods of the picture are traced and compiled (`rosesim.scenes.picture`). A
    picture that cannot be traced, since Python or NumPy decides by its values, is drawn with NumPy values instead.

    >>> from dataclasses import dataclass
    >>> from rosesim.scenes import Published, Scene, rollout, value
    >>> @dataclass(frozen=True)
    ... class Start:
    ...     height: Real = value(1.0)
    >>> @dataclass(frozen=True)
    ... class World:
    ...     gravity: Real = value(10.0)
    ...     learning_rate: Real = value(0.1)
    >>> @dataclass(frozen=True)
    ... class Fall(Scene[Start, World, tuple]):
    ...     name: ClassVar[str] = "fall"
    ...     published: ClassVar[Published] = Published(optimizer="gd", iterations=20)
    ...     steps: int = 2
    ...     def inputs(self):
    ...         return World()
    ...     def params(self, rng):
    ...         return Start()
    ...     def initial(self, params, inputs):
    ...         return params.height, Real(0.0)
    ...     def step(self, state, t, params, inputs):
    ...         height, speed = state
    ...         return height + 0.1 * speed, speed - 0.1 * inputs.gravity
    ...     def loss(self, state, params, inputs):
    ...         return state[0] ** 2
    ...     def draw(self, canvas, state, params, inputs):
    ...         canvas.circle((0.5, state[0]), 0.05, "ink")
    >>> [round(height, 6) for height, speed in rollout(Fall())]
    [1.0, 1.0, 0.9]
    """

    name: ClassVar[str]
    """The scene's name, the same as that of its entry point."""
    published: ClassVar[Published]
    """The published optimiser and number of iterations."""
    extent: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 1.0, 1.0)
    """The region that a picture shows: left, bottom, right, top, in the scene's units."""
    colours: ClassVar[Mapping[str, str]] = {}
    """Colours (#rrggbb) of roles that the scene's drawing adds to the viewer's or overrides."""

    most: ClassVar[Mapping[str, int]] = {}
    """The largest values of integer settings, by their names. A larger value is taken for a slip of the hand and
    refused before memory is allocated for it."""

    ranges: ClassVar[Mapping[str, Range]] = {}
    """Inputs that a viewer and a page show as sliders, by their names: `{"restitution": Range(0.0, 1.0)}`."""

    measure: ClassVar[Measure] = Measure()
    """What the loss measures, and its unit: `Measure("distance", "m")`. Curves and summaries show it."""

    steps: int
    """Updates of the state."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse names that would replace a member of every scene, where the class is made."""
        super().__init_subclass__(**kwargs)
        refuse_taken_names(cls, Scene)
        if not isinstance(cls.measure, Measure):  # pyright: ignore[reportUnnecessaryIsInstance] -- users may give anything
            raise SceneError(
                f"{cls.__name__}.measure is {cls.measure!r}; expected what the loss measures and its unit, such as "
                'Measure("distance", "m")'
            )

        for role, colour in cls.colours.items():
            if not _COLOUR.fullmatch(str(colour)):
                raise SceneError(
                    f"{cls.__name__}.colours[{role!r}] is {colour!r}; expected #rrggbb, such as '#5b8ff9'"
                )

    def __post_init__(self) -> None:
        """Refuse settings that make no sense, with a ValueError; a subclass extends this."""
        if self.steps < 1:
            raise ValueError(f"steps is the number of updates of the state, 1 or more; it was {self.steps}")
        for name, most in {"steps": MOST_STEPS, **self.most}.items():
            if getattr(self, name) > most:
                raise ValueError(f"{name} is {most} or less; it was {shown(getattr(self, name))}")

    @abstractmethod
    def inputs(self) -> I:
        """The default inputs. Training reads the one named `learning_rate`."""

    @abstractmethod
    def params(self, rng: np.random.Generator) -> P:
        """Where tuning begins."""

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """The bounds of params by name ("density": (0, inf)); a param without any is free.

        Training clips an update to the bounds. A name is that of a field, with dots between those of nested
        ones.
        """
        return {}

    def sample(self, inputs: I, rng: np.random.Generator) -> I | None:
        """The inputs of one iteration of training, where each iteration has its own; None where all have the same.

        `inputs` are the given ones: a scene returns None instead of overriding what a user has set or dragged.
        The result depends on the arguments alone.
        """
        return None

    @abstractmethod
    def initial(self, params: P, inputs: I) -> S:
        """The state before the first step."""

    @abstractmethod
    def step(self, state: S, t: Index, params: P, inputs: I) -> S:
        """The state after step t = 0, 1, ..., steps - 1."""

    def loss(self, state: S, params: P, inputs: I) -> Real | Terms:
        """How bad the last state is: a Real, or several with names, as a dict or dataclass of Reals. Their sum is
        minimised, and each is reported. A scene that has a `cost` may leave it out."""
        raise NotImplementedError(f"{type(self).__name__} has no loss")

    def cost(self, state: S, t: Index, params: P, inputs: I) -> Real | Terms:
        """What the state before step t = 0, 1, ..., steps - 1 costs: a Real or several with names, like `loss`.

        The costs of all steps are added up and minimised with the loss; a name that both have is one term. No state
        has to carry the sum. By default there is no cost.
        """
        raise NotImplementedError(f"{type(self).__name__} has no cost")

    @classmethod
    def has_loss(cls) -> bool:
        """Whether the last state has a loss."""
        return cls.loss is not Scene.loss

    @classmethod
    def has_cost(cls) -> bool:
        """Whether each step has a cost."""
        return cls.cost is not Scene.cost

    @abstractmethod
    def draw(self, canvas: Canvas, state: S, params: P, inputs: I) -> None:
        """Draw a state."""

    def ghost(self, canvas: Canvas, state: S, params: P, inputs: I) -> None:
        """Draw the state of an earlier attempt, faintly beside the present one; by default nothing."""

    def backdrop(self, canvas: Canvas, params: P, inputs: I) -> None:
        """Draw what lies under the trails and the state and does not change."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "panel")

    def trail(self, state: S) -> Any:
        """The points, of shape (k, 2), whose paths a picture shows; by default none."""
        return np.zeros((0, 2))

    def handles(self, params: P, inputs: I) -> Mapping[str, Any]:
        """The things that a user can drag, by name, and where they are, each a point; by default none.

        A name that params or inputs have too (`goal`) makes the connection clear. A handle that lies where the
        state begins ("cue") is dragged at the start of the replay.
        """
        return {}

    def drag(self, handle: str, to: Any, params: P, inputs: I) -> tuple[P, I]:
        """Params and inputs after a user has dragged a handle to a point, a vector of two: only numbers change."""
        raise KeyError(handle)

    def remarks(self, params: P, inputs: I) -> Sequence[str]:
        """Lines about the params that training has found, for the user: printed after its summary."""
        return ()

    def why_no_gradient(self, trajectory: Any, params: P, inputs: I) -> str | None:
        """Why the gradient is exactly zero, as a clause for the user, where the scene knows the reason.

        `trajectory[t]` is the state after t steps, `trajectory[-1]` the last one.
        """
        return None

    def why_not_finite(self, trajectory: Any, params: P, inputs: I) -> str | None:
        """Why numbers of a rollout stopped being finite, as a clause for the user, where the scene knows the reason.

        `trajectory[t]` is the state after t steps; some of the later ones are not finite.
        """
        return None


AnyScene = Scene[Any, Any, Any]
"""A scene of which nothing more is known: what `configure` makes, what is trained, drawn and looked at."""
