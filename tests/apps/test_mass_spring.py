"""Mass-spring robots: the reference values, the physics, robots from files, and both controllers."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rosesim.codegen
from rosesim.scenes import SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.check import check_gradient
from rosesim.scenes.kit import Network, Table
from rosesim.scenes.picture import picture
from rosesim.train import train

pytestmark = pytest.mark.usefixtures("unoptimised")

# By its entry point, as the command line finds it.
MassSpring: Any = find_scene("mass_spring")
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "mass_spring.json").read_text())
RELATIVE = 1e-9  # two independent programs agree on the reference to 1e-12


def scene_of(*assignments: str) -> Any:
    return configure(MassSpring, assignments)[0]


def deterministic(scene: Any, seed: float) -> Any:
    """The weights that the reference values are for."""
    hidden, springs = scene.hidden, len(scene.robot.springs)
    inputs = scene.sines + 4 * len(scene.robot.nodes) + 2
    i, j = np.mgrid[:hidden, :inputs]
    weights1: Any = np.sin(seed + 7 * i + 3 * j) * np.sqrt(2 / (hidden + inputs)) * 2
    i, j = np.mgrid[:springs, :hidden]
    weights2: Any = np.sin(seed + 1 + 5 * i + 11 * j) * np.sqrt(2 / (hidden + springs)) * 3
    biases: list[Any] = [np.zeros(hidden), np.zeros(springs)]
    return Network(weights1, biases[0], weights2, biases[1])


# ------------------------------------------------------------------------------- the reference


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['robot']}-{c['seed']:g}")
def test_loss_and_gradient_are_those_of_the_reference(case: dict[str, Any]):
    scene = scene_of(f"robot={case['robot']}", f"steps={case['steps']}")
    loss, gradient = compiled(scene).value_and_grad(deterministic(scene, case["seed"]), scene.inputs())
    assert loss == pytest.approx(case["loss"], rel=RELATIVE)
    for name, norm in case["grad_norm"].items():
        assert np.linalg.norm(getattr(gradient, name)) == pytest.approx(norm, rel=RELATIVE)
    some = case["grad_some"]
    scale = RELATIVE * max(case["grad_norm"].values())
    assert gradient.weights1[0, :5] == pytest.approx(some["weights1_0_0_to_4"], rel=RELATIVE, abs=scale)
    assert gradient.weights2[0, :5] == pytest.approx(some["weights2_0_0_to_4"], rel=RELATIVE, abs=scale)
    assert gradient.bias1[:5] == pytest.approx(some["bias1_0_to_4"], rel=RELATIVE, abs=scale)


# --------------------------------------------------------------------------------- the physics

FREE = "gravity=0", "damping=0", "ground=-1000"


def passive(scene: Any) -> Any:
    """Weights that tell every spring 0."""
    return deterministic(scene, 0.0).__class__(*(0 * np.asarray(w) for w in vars(deterministic(scene, 0.0)).values()))


def stretched(scene: Any, by: float = 0.003) -> Any:
    """The robot with its points moved a little, so that its springs pull."""
    start: Any = scene.robot.positions + by * np.random.default_rng(3).normal(size=(len(scene.robot.nodes), 2))
    return replace(scene.inputs(), start=start)


def energy(scene: Any, position: np.ndarray, velocity: np.ndarray) -> float:
    """Of motion, and of springs whose length has 1e-4 added."""
    ends, rest, stiffness = scene.robot.ends, scene.robot.of_springs(2), scene.robot.of_springs(3)
    length = np.linalg.norm(position[ends[:, 0]] - position[ends[:, 1]], axis=1) + 1e-4
    return float((velocity**2).sum() / 2 + (stiffness * (length - rest) ** 2).sum() / 2)


@pytest.mark.parametrize("robot", "ABCD")
def test_the_springs_add_no_momentum(robot: str):
    """Damping takes the same part of all velocities; from rest, nothing else adds any."""
    scene = scene_of(f"robot={robot}", "steps=300", *FREE)
    states = rollout(scene, deterministic(scene, 2.0), stretched(scene)).stacked  # muscles at work
    momentum = np.asarray(states.velocity).sum(axis=1)
    assert np.abs(np.asarray(states.velocity)).max() > 0.1
    assert np.abs(momentum).max() < 1e-12


def test_without_losses_the_energy_is_kept_to_first_order_in_the_time_step():
    """Half the time step, half the largest error, over the same time."""
    errors = []
    for h, steps in ((1e-3, 400), (5e-4, 800), (2.5e-4, 1600)):
        scene = scene_of("robot=A", f"h={h}", f"steps={steps}", *FREE)
        states = rollout(scene, passive(scene), stretched(scene))
        found = np.array([energy(scene, np.asarray(s.position), np.asarray(s.velocity)) for s in states])
        errors.append(np.abs(found / found[0] - 1).max())
    assert errors[0] < 0.2
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.15) and errors[1] / errors[2] == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize("robot", "ABCD")
def test_a_robot_whose_springs_are_at_rest_stays_put(robot: str):
    """At rest length: 1e-4 is added to each spring's length, so its rest length has to have it too."""
    published = scene_of(f"robot={robot}").robot
    x = published.positions
    springs = tuple((p, q, float(np.linalg.norm(x[p] - x[q])) + 1e-4, k, a) for p, q, _, k, a in published.springs)
    scene = replace(scene_of("steps=200", "gravity=0"), robot=replace(published, name="", springs=springs))
    last = rollout(scene, passive(scene))[-1]
    assert np.abs(np.asarray(last.position) - x).max() < 1e-12


def test_a_mirrored_robot_with_mirrored_weights_has_the_mirrored_gait():
    """Mirrored about x = 0: the weights that read a horizontal number change their sign."""
    scene = scene_of("robot=B", "steps=250")
    net, inputs = deterministic(scene, 5.0), stretched(scene)
    flip = np.array([-1.0, 1.0])
    signs = np.concatenate([np.ones(scene.sines), np.tile(flip, 2 * len(scene.robot.nodes)), flip])
    mirrored: Any = replace(net, weights1=np.asarray(net.weights1) * signs)
    there: Any = replace(inputs, start=np.asarray(inputs.start) * flip, goal=np.asarray(inputs.goal) * flip)
    a, b = rollout(scene, net, inputs)[-1], rollout(scene, mirrored, there)[-1]
    assert np.abs(np.asarray(a.position) - np.asarray(stretched(scene).start)).max() > 0.01
    assert np.asarray(b.position) == pytest.approx(np.asarray(a.position) * flip, abs=1e-9)  # it amplifies rounding


def test_the_ground_holds_what_touches_it():
    scene = scene_of("robot=A", "steps=200")
    for state in rollout(scene, deterministic(scene, 2.0)):
        height = np.asarray(state.position)[:, 1]
        assert height.min() >= scene.ground - 1e-12
    lying = np.abs(height - scene.ground) < 1e-12
    assert lying.any() and not np.asarray(state.velocity)[lying].any()


def test_a_fall_is_the_closed_form():
    """A step damps and pulls, so speeds are geometric sums; springs move no centre of mass."""
    scene = scene_of("robot=A", "steps=60", "ground=-0.2")
    x0 = scene.robot.positions
    keep, h = math.exp(-scene.h * scene.damping), scene.h
    speed = h * scene.gravity * (1 - keep ** np.arange(1, 61)) / (1 - keep)
    fallen = x0[:, 1].mean() + h * np.cumsum(speed)
    trajectory = rollout(scene, passive(scene))
    means = np.array([np.asarray(s.position)[:, 1].mean() for s in trajectory])[1:]
    assert 0.05 < means[0] - means[-1] < 0.2  # far, and not yet landed
    assert means == pytest.approx(fallen, abs=1e-12)


# --------------------------------------------------------------------------------- the scene


@pytest.mark.optimised  # the programs that users get, against differences
@pytest.mark.parametrize(
    "settings",
    [
        ["robot=A", "steps=100"],
        pytest.param(["robot=A", "steps=400"], marks=pytest.mark.full),
        pytest.param(["robot=C", "steps=682"], marks=pytest.mark.full),
        ["controller=table", "robot=B", "steps=100"],
    ],
)
def test_the_gradient_check_passes(settings: list[str]):
    found = check_gradient(scene_of(*settings))
    assert found.passed and set(found.verdicts.values()) == {"right"}, found


def test_a_head_that_never_leaves_the_ground_is_explained():
    scene = scene_of("robot=A", "steps=10")
    assert scene.robot.nodes[0][1] == scene.ground
    found = check_gradient(replace(scene, gravity=-1000.0))
    assert found.passed
    assert all("zero because the head (node 0) lies on the ground" in v for v in found.verdicts.values())


@pytest.mark.parametrize(("controller", "rate"), [("network", 0.2), ("table", 3.0)])
def test_training_makes_the_robot_run_farther(controller: str, rate: float):
    scene, inputs = configure(
        MassSpring, ["robot=B", "steps=682", f"controller={controller}", f"learning_rate={rate}"]
    )
    run = train(scene, inputs=inputs, iterations=12)
    assert run.best_loss < run.losses[0] - 0.02
    assert isinstance(run.best_params, Network if controller == "network" else Table)
    found = compiled(scene).value(run.best_params, scene.inputs())
    assert found == pytest.approx(run.best_loss, rel=1e-9)  # two programs, whose rounding 682 steps amplify


def test_dragging_a_hundred_nodes_and_goals_compiles_nothing(monkeypatch: pytest.MonkeyPatch):
    scene = scene_of("robot=A", "steps=60")
    params, inputs = scene.params(np.random.default_rng(0)), scene.inputs()
    program = compiled(scene)
    program.value_and_grad(params, inputs)
    program.trajectory(params, inputs)
    monkeypatch.setattr(rosesim.codegen, "compile_func", lambda *a, **k: pytest.fail("something was compiled"))
    for k in range(100):
        handle = "goal" if k % 2 else f"node {k % 6}"
        x, y = picture(scene).handles(params, inputs)[handle]
        params, inputs = picture(scene).drag(handle, (x + 1e-4, y + 2e-4), params, inputs)
        assert picture(scene).handles(params, inputs)[handle] == pytest.approx((x + 1e-4, y + 2e-4))
        first = program.trajectory(params, inputs)[0]
        assert np.array_equal(first.position, inputs.start)
        program.value_and_grad(params, inputs)


def test_the_goal_reaches_the_network_and_nothing_else():
    scene = scene_of("robot=A", "steps=100")
    moved = replace(scene.inputs(), goal=np.array([0.5, 0.4]))
    net = deterministic(scene, 2.0)
    assert compiled(scene).value(net, moved) != compiled(scene).value(net, scene.inputs())
    net.weights1[:, -2:] = 0
    assert compiled(scene).value(net, moved) == compiled(scene).value(net, scene.inputs())


# ---------------------------------------------------------------------------- robots from files

TRIANGLE = {
    "nodes": [[0.2, 0.15], [0.3, 0.15], [0.25, 0.25]],
    "springs": [[0, 1, 0.1, 3000, 0.1], [1, 2, 0.11, 3000, 0], [2, 0, 0.11, 3000, 0.0]],
}


def test_a_robot_is_read_from_a_file_and_its_scene_does_not_depend_on_it(tmp_path: Path):
    file = tmp_path / "triangle.json"
    file.write_text(json.dumps(TRIANGLE))
    scene = scene_of(f"robot={file}", "steps=50")
    assert scene.robot.positions.tolist() == TRIANGLE["nodes"]
    assert [list(s) for s in scene.robot.springs] == TRIANGLE["springs"]
    assert check_gradient(scene).passed
    file.unlink()
    assert scene_of(f"robot={scene.robot}", "steps=50") == scene  # its text is all of it
    assert str(scene_of("robot=D").robot) == "D"


def changed(**entries: Any) -> dict[str, Any]:
    """The triangle with nodes_1 or springs_2 and such replaced."""
    made = json.loads(json.dumps(TRIANGLE))
    for name, v in entries.items():
        key, k = name.split("_")
        made[key][int(k)] = v
    return made


MALFORMED = {
    "node out of range": (changed(springs_1=[1, 3, 0.1, 3000, 0]), "springs[1] names node 3; there are nodes 0 to 2"),
    "negative node": (changed(springs_1=[1, -1, 0.1, 3000, 0]), "springs[1] names node -1"),
    "half a node": (changed(springs_1=[1, 0.5, 0.1, 3000, 0]), "springs[1] names node 0.5"),
    "no length": (changed(nodes_1=[0.2, 0.15]), "springs[0] has zero length: nodes 0 and 1 are both at (0.2, 0.15)"),
    "no rest length": (changed(springs_2=[2, 0, 0, 3000, 0]), "springs[2] has the rest length 0; expected a"),
    "one node": (changed(springs_2=[2, 2, 0.1, 3000, 0]), "springs[2] joins node 2 to itself"),
    "not a number": (changed(nodes_2=[math.nan, 0.1]), "nodes[2] holds NaN; expected finite numbers"),
    "infinite": (changed(springs_0=[0, 1, math.inf, 3000, 0]), "springs[0] holds Infinity; expected finite numbers"),
    "endless": (changed(springs_0=[0, 1, 10**400, 3000, 0]), "springs[0] holds 1000"),
    "duplicate": (changed(springs_2=[1, 0, 0.1, 3000, 0]), "springs[2] joins nodes 1 and 0, as springs[0] does"),
    "too few numbers": (changed(springs_0=[0, 1, 0.1]), "springs[0] is [0, 1, 0.1]; expected [node, node, rest"),
    "words": (changed(nodes_0=["a", 0.1]), 'nodes[0] holds "a"'),
    "truth": (changed(nodes_0=[True, 0.1]), "nodes[0] holds true"),
    "negative stiffness": (changed(springs_0=[0, 1, 0.1, -3, 0]), "springs[0] has the stiffness -3; expected 0 or"),
    "too strong": (changed(springs_0=[0, 1, 0.1, 3000, 1]), "springs[0] has the actuation 1; expected 0 or more and"),
    "no springs": ({"nodes": [[0, 0]], "springs": []}, "has 1 nodes and 0 springs; expected at least one of each"),
    "no nodes": ({"springs": []}, "it has no list of nodes"),
    "no object": ([1, 2], "it has no list of nodes"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MALFORMED)
def test_a_malformed_robot_is_refused_with_the_entry_named(mistake: str, tmp_path: Path):
    data, says = MALFORMED[mistake]
    file = tmp_path / "robot.json"
    file.write_text(json.dumps(data))
    with pytest.raises(SceneError) as e:
        scene_of(f"robot={file}")
    assert says in str(e.value) and str(file) in str(e.value) and "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"no json", "is not JSON"), (b"[" * 100_000, "is not JSON"), (b"\xff\xfe\x00", "is not JSON")],
    ids=["text", "nested", "bytes"],
)
def test_a_file_that_is_no_robot_is_refused(content: bytes, says: str, tmp_path: Path):
    file = tmp_path / "robot.json"
    file.write_bytes(content)
    with pytest.raises(SceneError, match=says):
        scene_of(f"robot={file}")


def test_a_name_that_is_no_robot_is_refused():
    with pytest.raises(SceneError, match="a robot is one of A, B, C, D or a JSON file of nodes and springs; 'E' is"):
        scene_of("robot=E")


def test_an_enormous_file_is_refused_without_being_read(tmp_path: Path):
    file = tmp_path / "robot.json"
    with file.open("wb") as f:
        f.truncate(10**12)  # sparse: it takes no room
    with pytest.raises(SceneError, match="is larger than 1000000 bytes"):
        scene_of(f"robot={file}")
