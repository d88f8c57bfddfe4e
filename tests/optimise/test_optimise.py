"""Each optimiser of the tables: its published formula, public name and line in the manual; and a made-up one."""

import math
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize
from valley import Valley

from rosesim import train as training
from rosesim.cli.chance import note_equal_seeds
from rosesim.optimise import table
from rosesim.optimise.descent import Position, Task
from rosesim.optimise.foreign import Foreign, Search
from rosesim.scenes import SceneError
from rosesim.train import OPTIMIZERS, RULES, make_optimizer, plan, resume, train, train_starts

ROOT = Path(__file__).parents[2]
VALLEY = Valley()
RATE = 0.3
X = np.array([1.0, -2.0, 0.5])
# Three updates: short and long gradients, for the rules that bound a step's length; one is the same as before.
GRADIENTS = np.array([[0.03, -0.01, 0.02], [4.0, -3.0, 12.0], [4.0, -3.0, 12.0]])


def rows(update: Callable[[int, np.ndarray, dict[str, Any]], np.ndarray]) -> Callable[[], np.ndarray]:
    """The points of three updates, each written with what was remembered."""

    def points() -> np.ndarray:
        x, memory, found = X, {}, []
        for t, g in enumerate(GRADIENTS, start=1):
            memory["x"] = x
            x = x - update(t, g, memory)
            found.append(x)
        return np.array(found)

    return points


def polyak(t: int, g: np.ndarray, memory: dict[str, Any]) -> np.ndarray:
    memory["v"] = 0.9 * memory.get("v", 0.0) + g
    return RATE * memory["v"]


def kingma_ba(t: int, g: np.ndarray, memory: dict[str, Any]) -> np.ndarray:
    """Algorithm 1 of the paper with the bias correction in the rate, as the end of its section 2 writes it."""
    memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * g
    memory["v"] = 0.999 * memory.get("v", 0.0) + 0.001 * g * g
    corrected = math.sqrt(1 - 0.999**t)
    return RATE * corrected / (1 - 0.9**t) * memory["m"] / (np.sqrt(memory["v"]) + 1e-8 * corrected)


FORMULAS: dict[str, Callable[[], np.ndarray]] = {
    "gd": rows(lambda t, g, memory: RATE * g),
    "normalized": rows(lambda t, g, memory: RATE / (np.linalg.norm(g) + 1e-6) * g),
    # |g| of the first is 0.037, of the others 13: the whole of the one, 0.3 of the length of the others.
    "bounded": rows(lambda t, g, memory: g if t == 1 else RATE * g / (13.0 + 1e-4)),
    "momentum": rows(polyak),
    "adam": rows(kingma_ba),
    "adamw": rows(lambda t, g, memory: kingma_ba(t, g, memory) + RATE * 0.01 * memory["x"]),
}


def test_every_rule_has_a_formula():
    assert list(FORMULAS) == list(RULES)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_its_published_formula(name: str):
    optimizer, x, found = make_optimizer(name, RATE), X, []
    state = optimizer.start(x)
    for g in GRADIENTS:
        x, state = optimizer.step(x, g, state)
        found.append(x)
    assert np.array(found) == pytest.approx(FORMULAS[name](), rel=1e-13)


def test_every_rule_is_public():
    for rule in RULES.values():
        kind = type(rule)
        assert getattr(training, kind.__name__, None) is kind and kind.__name__ in training.__all__, kind


def test_the_manuals_table_has_every_optimiser_in_order():
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    section = page.split("\n## Optimisers\n")[1].split("\n## ")[0]
    lines = [
        [c.strip() for c in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")
    ]
    assert [cells[0].strip("`") for cells in lines] == list(OPTIMIZERS)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for name, row in table.FOREIGN.items():
        (source,) = [cells[2] for cells in lines if cells[0] == f"`{name}`"]
        assert source == f"`pip install 'rosesim[{row.extra}]'`" and row.extra in extras


# ------------------------------------------------------------------------- one more optimiser, a row


def nelder_mead(x0: np.ndarray, search: Search, task: Task) -> str | None:
    """The simplex of SciPy, as a file of `optimise` would have it."""
    task.observe(Position(0, x0), task.value(x0), None)
    iteration = 0

    def accepted(intermediate_result: Any) -> None:
        nonlocal iteration
        iteration += 1
        task.observe(Position(iteration, intermediate_result.x.copy()), task.value(intermediate_result.x), None)

    options = {"maxiter": search.total + 1, "maxfev": math.inf}  # SciPy counts the first simplex as one
    optimize.minimize(lambda x: task.value(x.copy()), x0, method="Nelder-Mead", callback=accepted, options=options)
    return None if iteration >= search.total else "converged"


@pytest.fixture
def simplex(monkeypatch: pytest.MonkeyPatch) -> str:
    row = Foreign(nelder_mead, "scipy.optimize", "lbfgs", needs_gradient=False)
    monkeypatch.setitem(table.FOREIGN, "simplex", row)
    return "simplex"


def test_a_foreign_optimiser_is_a_row_and_trains(simplex: str):
    run = train(VALLEY, iterations=12, optimizer=simplex)
    assert run.iterations == 12 and run.best_loss < 0.8 * run.losses[0]
    assert set(run.gradient_norms) == {None}


def test_its_run_goes_on_to_the_same_bits(simplex: str, tmp_path: Path):
    at_once = train(VALLEY, iterations=12, optimizer=simplex)
    train(VALLEY, iterations=7, optimizer=simplex, out=tmp_path / "run")
    assert resume(tmp_path / "run", iterations=12, scene=VALLEY).losses == at_once.losses


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"sigma": 1.0}, "sigma is the deviation that cmaes starts with; simplex has none"),
        ({"clip": 1.0}, "simplex finds the lengths of its steps itself"),
        ({"smooth": 0.1}, "simplex needs the same loss at every evaluation"),
    ],
)
def test_what_it_does_not_say_of_itself_is_refused(simplex: str, given: dict[str, Any], says: str):
    with pytest.raises(SceneError, match=re.escape(says)):
        plan(VALLEY, VALLEY.inputs(), optimizer=simplex, **given)


def test_it_is_refused_in_a_batch_and_where_its_package_is_missing(simplex: str, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(SceneError, match="simplex evaluates one point after another: batch goes with gd, "):
        train_starts(VALLEY, 2, optimizer=simplex)
    monkeypatch.setitem(table.FOREIGN, simplex, Foreign(nelder_mead, "no_such.module", "simplex", False))
    with pytest.raises(SceneError, match=r"simplex needs the package no_such: pip install 'rosesim\[simplex\]'"):
        train(VALLEY, optimizer=simplex)


@pytest.mark.parametrize(("bits", "told"), [(None, True), (8, False)])
def test_seeds_are_told_to_be_the_same_run_only_where_it_draws_nothing(
    simplex: str, bits: int | None, told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    row = Foreign(nelder_mead, "scipy.optimize", "lbfgs", needs_gradient=False, seed_bits=bits)
    monkeypatch.setitem(table.FOREIGN, simplex, row)
    note_equal_seeds(Still(), Still().inputs(), [0, 1], simplex)
    assert ("leaves nothing to chance" in capsys.readouterr().err) is told
    if bits is not None:
        with pytest.raises(SceneError, match="simplex takes a seed below 2\\^8; 256 was given"):
            plan(VALLEY, VALLEY.inputs(), optimizer=simplex, seed=256)


class Still(Valley):
    """It begins with the same params whatever the seed."""

    name = "still"

    def params(self, rng: Any) -> Any:
        return super().params(np.random.default_rng(0))
