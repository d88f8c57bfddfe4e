"""The text of a sweep: what it means, that draws are the same each time, and what is said of a wrong one."""

import math
from typing import Any

import numpy as np
import pytest
from valley import Valley

from rosesim.scenes import SceneError, configure, find_scene
from rosesim.train.sweeps.record import make_record
from rosesim.train.sweeps.spec import parse_spec

BILLIARDS = find_scene("billiards")


def values(text: str, kind: Any = BILLIARDS, seed: int = 0) -> list[dict[str, str]]:
    spec = parse_spec(text, kind)
    found = spec.values(seed)
    assert len(found) == spec.count
    return found


def test_a_grid_is_every_combination_the_last_name_fastest():
    found = values("learning_rate=0.01,0.03,0.1 layers=1..2  seeds=0..1")
    assert len(found) == 12 and len({tuple(v.items()) for v in found}) == 12
    assert found[0] == {"learning_rate": "0.01", "layers": "1", "seeds": "0"}
    assert [v["seeds"] for v in found[:4]] == ["0", "1", "0", "1"]
    assert [v["learning_rate"] for v in found[::4]] == ["0.01", "0.03", "0.1"]


def test_a_field_of_several_numbers_has_its_alternatives_between_bars():
    assert [v["goal"] for v in values("goal=0.8,0.7|0.9,0.5")] == ["0.8,0.7", "0.9,0.5"]
    assert [v["goal"] for v in values("goal=0.8,0.7")] == ["0.8,0.7"]
    assert [v["weights"] for v in values("weights=1,2|3,4 steps=3|4", Valley)] == ["1,2", "1,2", "3,4", "3,4"]
    assert [v["kind"] for v in values("kind=plain,blunt", Valley)] == ["plain", "blunt"]
    assert [v["drag"] for v in values("drag=-0.5,1e-3", Valley)] == ["-0.5", "1e-3"]


def test_draws_are_within_their_bounds_and_spread_as_said():
    found = values("learning_rate=log(1e-3, 1) restitution=uniform(0.5,1) trials=4000")
    rates = np.array([float(v["learning_rate"]) for v in found])
    shares = np.array([float(v["restitution"]) for v in found])
    assert ((rates >= 1e-3) & (rates <= 1)).all() and ((shares >= 0.5) & (shares <= 1)).all()
    # Means of 4000: within five of their standard deviations, 1/sqrt(12 * 4000) of the width.
    assert math.isclose(np.log10(rates).mean(), -1.5, abs_tol=5 * 3 / math.sqrt(12 * 4000))
    assert math.isclose(shares.mean(), 0.75, abs_tol=5 * 0.5 / math.sqrt(12 * 4000))
    assert abs(np.corrcoef(np.log(rates), shares)[0, 1]) < 5 / math.sqrt(4000)
    assert len(set(rates)) == 4000


def test_whole_numbers_are_drawn_with_both_ends():
    found = [int(v["layers"]) for v in values("layers=uniform(1,4) trials=4000")]
    counts = np.bincount(found, minlength=5)[1:]
    assert counts.sum() == 4000 and (abs(counts - 1000) < 5 * math.sqrt(1000 * 0.75)).all()
    assert {int(v["layers"]) for v in values("layers=log(1,9) trials=400")} == set(range(1, 10))


def test_every_number_of_a_field_is_drawn_and_alternatives_too():
    found = values("goal=uniform(0.1,0.9) layers=1,3 seeds=0..9 trials=300")
    goals = [[float(x) for x in v["goal"].split(",")] for v in found]
    assert all(len(g) == 2 and g[0] != g[1] for g in goals)
    assert {v["layers"] for v in found} == {"1", "3"} and {v["seeds"] for v in found} == set(map(str, range(10)))


def test_draws_follow_from_the_seed_the_number_and_the_name_alone():
    text = "learning_rate=log(1e-3,1) restitution=uniform(0,1)"
    first = values(f"{text} trials=5", seed=3)
    assert values(f"{text} trials=5", seed=3) == first
    assert values(f"{text} trials=9", seed=3)[:5] == first
    more = values(f"layers=1,2 {text} trials=5", seed=3)
    assert [{k: v[k] for k in first[0]} for v in more] == first
    assert values(f"{text} trials=5", seed=4) != first


def test_a_drawn_value_is_read_back_exactly():
    for v in values("learning_rate=log(1e-9,1e9) trials=200"):
        _, inputs = configure(BILLIARDS, [f"learning_rate={v['learning_rate']}"])
        assert repr(inputs.learning_rate) == v["learning_rate"]


WRONG = {
    "": "a sweep names what it tries",
    "trials=3": "a sweep names what it tries",
    "layers": "a sweep is NAME=VALUES NAME=VALUES ...",
    "layers=": "'layers=' was given",
    "layers= 1,2": "'layers=' was given",
    "layers=1,2 layers=3": "a sweep names layers once",
    "layerz=1,2": "billiards has no setting or input 'layerz'; did you mean layers?",
    "velocity=1,2": "'velocity' of billiards is tuned, not set",
    "seed=0..3": "a sweep over seeds is seeds=0..3",
    "seeds=0..x": "seeds takes integers; '0..x' was given",
    "seeds=0.5": "seeds takes integers; '0.5' was given",
    "seeds=3..1": "seeds=a..b has a below b",
    "seeds=0..1000000000000": "at most 100000 numbers",
    "learning_rate=0..3": "a..b is all integers between, which learning_rate does not take",
    "layers=1,,2": "layers has a value missing between two commas",
    "layers=1,2,1": "layers has a value twice",
    "learning_rate=normal(0,1) trials=2": "random numbers are uniform(a,b) or log(a,b)",
    "learning_rate=uniform(0) trials=2": "uniform(a,b) has two bounds",
    "learning_rate=uniform(1,0) trials=2": "uniform(a,b) needs a < b",
    "learning_rate=uniform(1,nan) trials=2": "learning_rate takes finite numbers; 'nan' was given",
    "learning_rate=log(0,1) trials=2": "log(a,b) needs 0 < a < b",
    "layers=uniform(0.5,2) trials=2": "layers takes integers; '0.5' was given",
    "pairs=uniform(0,1) trials=2": "pairs is not a number that could be sampled",
    "learning_rate=uniform(0,1)": "is sampled at random: say how many trials, as trials=20",
    "layers=1,2 trials=0": "a sweep has from 1 to 100000 trials",
    "layers=1,2 trials=many": "trials takes integers; 'many' was given",
    "seeds=0..999 layers=1..999": "has 999000",
    "learning_rate=0.1(": "learning_rate takes a number; '0.1(' was given",
    "layers=one,2": "layers takes an integer; 'one' was given",
    "layers=1,-3": "billiards: ",
    "goal=0.5|0.3,0.4": "goal takes 2 numbers with commas between; '0.5' was given",
    "pairs=guarded,none": "pairs is one of",
    "seeds=-1,0": "seed is 0 or more; -1 was given",
    "steps=10,20": "steps is both set by --set and swept; expected only one of these",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_text_is_one_sentence(text: str):
    with pytest.raises(SceneError) as e:
        make_record("billiards", text, ["steps=64"], {})
    assert WRONG[text] in str(e.value) and "\n" not in str(e.value)
