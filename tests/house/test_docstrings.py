"""Every public name says what it is, with an example that the test run executes."""

from __future__ import annotations

import doctest
import importlib
import inspect
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SURFACES = [
    "rosesim",
    "rosesim.numerics.integrate",
    "rosesim.numerics.random",
    "rosesim.scenes",
    "rosesim.scenes.kit",
    "rosesim.train",
    "rosesim.view",
]
PUBLIC = [(module, name) for module in SURFACES for name in importlib.import_module(module).__all__]

# Names without an example of their own, and whose example, or which page's, has one of it.
SHOWN = {
    "rosesim.numerics.integrate.Steps": "rosesim.numerics.integrate.adaptive",
    "rosesim.scenes.Compiled": "rosesim.scenes.compiled",
    "rosesim.scenes.Published": "rosesim.scenes.Scene",
    "rosesim.scenes.SceneError": "rosesim.scenes.find_scene",
    "rosesim.scenes.Trajectory": "rosesim.scenes.rollout",
    "rosesim.scenes.kit.STRAIN_COLOURS": "rosesim.scenes.kit.draw_springs",
    "rosesim.scenes.kit.STRAIN_ROLES": "rosesim.scenes.kit.draw_springs",
    "rosesim.scenes.kit.PALETTE": "rosesim.scenes.kit.coloured",
    "rosesim.scenes.kit.Beat": "rosesim.scenes.kit.beat",
    "rosesim.scenes.kit.Body": "rosesim.scenes.kit.ground_contact",
    "rosesim.scenes.kit.Bump": "rosesim.scenes.kit.opposite",
    "rosesim.scenes.kit.Carried": "rosesim.scenes.kit.to_grid",
    "rosesim.scenes.kit.Edge": "rosesim.scenes.kit.neighbour",
    "rosesim.scenes.kit.Grid": "rosesim.scenes.kit.five_point",
    "rosesim.scenes.kit.Ground": "rosesim.scenes.kit.Ground.box_contact",
    "rosesim.scenes.kit.Group": "rosesim.scenes.kit.advance",
    "rosesim.scenes.kit.Impulse": "rosesim.scenes.kit.link_impulses",
    "rosesim.scenes.kit.Inertia": "rosesim.scenes.kit.joint_impulse",
    "rosesim.scenes.kit.Kick": "rosesim.scenes.kit.no_kick",
    "rosesim.scenes.kit.Links": "rosesim.scenes.kit.link_impulses",
    "rosesim.scenes.kit.Motion": "rosesim.scenes.kit.from_grid",
    "rosesim.scenes.kit.Network": "rosesim.scenes.kit.network",
    "rosesim.scenes.kit.Pair": "rosesim.scenes.kit.joint_impulse",
    "rosesim.scenes.kit.Particles": "rosesim.scenes.kit.undeformed",
    "rosesim.scenes.kit.PublishedGround": "rosesim.scenes.kit.PublishedGround.box_contact",
    "rosesim.scenes.kit.RigidBodies": "rosesim.scenes.kit.link_impulses",
    "rosesim.scenes.kit.RigidBody": "rosesim.scenes.kit.Ground.box_contact",
    "rosesim.scenes.kit.Surface": "rosesim.scenes.kit.Waves.step",
    "rosesim.scenes.kit.Table": "rosesim.scenes.kit.table",
    "rosesim.train.BestRun": "rosesim.train.read_best",
    "rosesim.train.Interrupted": "rosesim.train.TrainingStopped",
    "rosesim.train.OPTIMIZERS": "rosesim.train.plan",
    "rosesim.train.Plan": "rosesim.train.plan",
    "rosesim.train.Progress": "rosesim.train.train",
    "rosesim.train.RULES": "rosesim.train.make_optimizer",
    "rosesim.train.Run": "rosesim.train.train",
    "rosesim.train.SeedRun": "rosesim.train.train_seeds",
    "rosesim.train.SeedRuns": "rosesim.train.train_seeds",
    "rosesim.train.Sweep": "docs/training.md",
    "rosesim.train.read_sweep": "docs/training.md",
    "rosesim.train.sweep": "docs/training.md",
    "rosesim.view.Attempt": "rosesim.view.attempts",
    "rosesim.view.Beginning": "rosesim.view.Session",
    "rosesim.view.Live": "docs/viewer.md",
    "rosesim.view.Optimizer": "rosesim.view.Session",
}

# Names that no example can use where tests run, and why.
UNSHOWN = {
    "rosesim.train.resume_sweep": "starts processes; tests/train/test_sweep.py",
    "rosesim.view.NoDisplay": "of the three below",
    "rosesim.view.Window": "opens a window; tests/view/test_view_window.py has SDL's dummy driver",
    "rosesim.view.open_display": "as Window",
    "rosesim.view.watch": "as Window",
}


def of(dotted: str) -> Any:
    """What a dotted name means."""
    module = max((m for m in SURFACES if dotted.startswith(m + ".")), key=len)
    return reduce(getattr, dotted[len(module) + 1 :].split("."), importlib.import_module(module))


def examples(text: str) -> list[doctest.Example]:
    """The examples in a text that show a result: not imports alone."""
    found = doctest.DocTestParser().get_examples(text)
    return found if any(e.want for e in found) or len(found) == 1 else []


@pytest.mark.parametrize("module, name", PUBLIC)
def test_a_public_name_has_a_docstring_with_an_example(module: str, name: str):
    full = f"{module}.{name}"
    thing = of(full)
    described = thing if callable(thing) else type(thing)
    if inspect.isclass(thing) or inspect.isfunction(thing):  # Python keeps no string of a constant or an alias
        assert len((inspect.getdoc(described) or "").split()) > 2, f"{full} has no docstring"
    if full in UNSHOWN:
        return
    where = SHOWN.get(full)
    if where is None:
        assert examples(inspect.getdoc(described) or ""), f"{full} has no example"
    elif where.endswith(".md"):
        page = (ROOT / where).read_text(encoding="utf-8")
        assert any(name.lower() in e.source.lower() for e in examples(page)), f"no example of {where} uses {name}"
    else:
        assert examples(inspect.getdoc(of(where)) or ""), f"{where}, which shows {full}, has no example"


def test_the_lists_of_exceptions_are_of_public_names_that_need_them():
    public = {f"{module}.{name}" for module, name in PUBLIC}
    assert set(SHOWN) | set(UNSHOWN) <= public
    assert not set(SHOWN) & set(UNSHOWN)
    for full in (*SHOWN, *UNSHOWN):
        thing = of(full)
        own = thing.__doc__ if callable(thing) and hasattr(thing, "__module__") else None
        assert not examples(own or ""), f"{full} has an example now: take it off the list"


def test_the_examples_that_count_are_those_that_the_test_run_collects(request: pytest.FixtureRequest):
    options = request.config.getini("addopts")
    assert "--doctest-modules" in options and "--doctest-glob=*.md" in options
    assert {"rosesim", "docs"} <= set(request.config.getini("testpaths"))
    for module, name in PUBLIC:
        home = getattr(of(f"{module}.{name}"), "__module__", module)
        assert home == "rosesim" or home.startswith(("rosesim.", "builtins", "typing", "numpy")), (name, home)
