"""Names in a scene that would silently take the place of what a scene has; and the line of what is too large."""

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rosesim import Real, TooLarge, fn, scan, vec
from rosesim.scenes import Published, Scene, SceneError, compiled, value

METHODS = [
    "backdrop", "bounds", "cost", "drag", "draw", "ghost", "handles", "initial", "inputs", "loss", "params",
    "remarks", "sample", "step", "trail", "why_no_gradient", "why_not_finite",
]  # fmt: skip


def test_these_are_all_methods_of_a_scene():
    found = sorted(n for n, v in vars(Scene).items() if inspect.isfunction(v) and not n.startswith("_"))
    assert found == METHODS


@pytest.mark.parametrize("name", METHODS)
def test_a_setting_called_like_a_method_is_refused_when_the_class_is_made(name: str):
    text = f"@dataclass(frozen=True)\nclass Mine(Scene):\n    steps: int = 3\n    {name}: float = 0.1\n"
    with pytest.raises(SceneError, match=f"Mine has a setting '{name}', which is the name of a method"):
        exec(text, {"dataclass": dataclass, "Scene": Scene})


def line_of(f: Any, text: str) -> int:
    lines, first = inspect.getsourcelines(f)
    return first + next(k for k, line in enumerate(lines) if text in line)


def test_it_is_told_with_the_line_of_the_field():
    def make() -> Any:
        @dataclass(frozen=True)
        class Mine(Scene[Any, Any, Any]):
            """A scene."""

            steps: int = 3
            loss: float = 0.1  # pyright: ignore[reportAssignmentType] -- what is tested

        return Mine

    with pytest.raises(SceneError) as e:
        make()
    assert e.value.where == f"{__file__}:{line_of(make, 'loss: float')}"


def test_a_method_called_like_a_value_of_every_scene_is_refused():
    def make() -> Any:
        class Mine(Scene[Any, Any, Any]):
            """A scene."""

            def steps(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
                return 3

        return Mine

    with pytest.raises(SceneError, match=r"Mine has a method 'steps', which every scene has as a value") as e:
        make()
    assert e.value.where == f"{__file__}:{line_of(make, 'def steps')}"


def test_a_setting_and_a_method_of_one_name_are_refused():
    text = "class Mine(Scene):\n    gravity: float = 9.8\n    def gravity(self):\n        return 9.8\n"
    with pytest.raises(SceneError, match="both a setting and a method 'gravity'"):
        exec(text, {"Scene": Scene})


@dataclass(frozen=True)
class World:
    """What is given."""

    learning_rate: Real = value(0.1)


@dataclass(frozen=True)
class Wide(Scene[World, World, Any]):
    """A scene whose state is far too large."""

    name: ClassVar[str] = "wide"
    published: ClassVar[Published] = Published("gd", 1)
    steps: int = 3

    def inputs(self) -> World:
        return World()

    def params(self, rng: Any) -> World:
        return World()

    def initial(self, params: World, inputs: World) -> Any:
        return (params.learning_rate + 0.0,)

    def step(self, state: Any, t: Any, params: World, inputs: World) -> Any:
        return (0.5 * state[0],)

    def loss(self, state: Any, params: World, inputs: World) -> Real:
        many = vec(10**12, lambda i: state[0] * i)
        return many[3] + many[5]

    def draw(self, canvas: Any, state: Any, params: World, inputs: World) -> None:
        pass


def test_what_is_too_large_names_the_line_of_its_array():
    @fn
    def wide(x: Real) -> Real:
        few = vec(10, lambda i: x + i)
        many = vec(10**12, lambda i: x * few[3] + i)
        return many[3] + many[5]

    @fn
    def long(x: Real) -> Real:
        states = scan(lambda s, t: (0.5 * s, s), x, 10**12)[1]
        return states[7]

    for f, text in ((wide, "many = vec"), (long, "states = scan")):
        with pytest.raises(TooLarge) as e:
            f(1.0)
        where = re.match(r"(.*):(\d+)$", e.value.where or "")
        assert where and where[1] == __file__
        assert text in Path(__file__).read_text(encoding="utf-8").splitlines()[int(where[2]) - 1]


def test_in_a_scene_it_is_a_line_of_the_scene():
    scene = Wide()
    with pytest.raises(TooLarge) as e:
        compiled(scene).value(scene.params(None), scene.inputs())
    assert e.value.where == f"{__file__}:{line_of(Wide.loss, 'many = vec')}"
