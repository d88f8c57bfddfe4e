"""Where in a rollout a number first stopped being finite, for the message of a run that this ended; and why a
gradient is zero.

The programs for this are compiled only then: training itself never compiles after its first evaluation.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from rosesim.ad.language.function import fn
from rosesim.ad.language.values.index import Index
from rosesim.ad.support.errors import RosesimError
from rosesim.ad.transforms.derivatives import grad
from rosesim.scenes.compiled import Compiled, Trajectory
from rosesim.scenes.terms import summed, terms
from rosesim.scenes.tree import leaves

_DIAGNOSING = threading.Lock()
"""Only one run at a time compiles the programs that explain a failure: seeds on threads share a scene's programs."""


def explain_zero(program: Compiled[Any, Any, Any], params: Any, inputs: Any) -> str | None:
    """Why the gradient at the params is zero, as the scene explains it; None where it does not."""
    with _DIAGNOSING:
        trajectory = program.trajectory(params, inputs)
    return program.scene.why_no_gradient(trajectory, params, inputs)


def explain(program: Compiled[Any, Any, Any], params: Any, inputs: Any, what: str) -> str:
    """Where the loss or the gradient (`what`) at the params stopped being finite, as a clause; "" if unknown."""
    with _DIAGNOSING:
        return _explain(program, params, inputs, what)


def _explain(program: Compiled[Any, Any, Any], params: Any, inputs: Any, what: str) -> str:
    try:
        trajectory = program.trajectory(params, inputs)
        steps = program.scene.steps
        if (found := first_state_not_finite(trajectory)) is not None:
            t, leaf = found
            when = "before the first step" if t == 0 else f"after step {t} of {steps}"
            where = f"the rollout's `{leaf}` first is not finite in the state {when}"
            why = program.scene.why_not_finite(trajectory, params, inputs)
            return f"{where}: {why}" if why else where
        if what == "loss":
            if program.scene.has_cost():
                bad = [name for name, v in program.terms(params, inputs).items() if not np.isfinite(v)]
                what = f"the term `{bad[0]}`" if len(bad) == 1 else f"the terms {', '.join(bad)}"
                return f"every state of the rollout is finite; of the loss, {what} is not (--debug names the line)"
            return "every state of the rollout is finite; it is the loss of the last one that is not"
        return _explain_gradient(program, trajectory, params, inputs)
    except RosesimError:  # such a program may not be derivable; the run's own message must still appear
        return ""


def first_state_not_finite(trajectory: Trajectory[Any]) -> tuple[int, str] | None:
    """The first t whose state (after t steps) holds a number that is not finite, and the name of its leaf."""
    found: list[tuple[int, int, str]] = []
    for order, (name, array) in enumerate(leaves(trajectory.stacked).items()):
        bad = ~np.isfinite(np.asarray(array).reshape(len(trajectory), -1)).all(axis=1)
        if bad.any():
            found.append((int(np.argmax(bad)), order, name))
    return (min(found)[0], min(found)[2]) if found else None


def _explain_gradient(program: Compiled[Any, Any, Any], trajectory: Trajectory[Any], params: Any, inputs: Any) -> str:
    """Bisect for the last step whose state has no finite derivative of the loss; all states are finite."""
    scene, steps = program.scene, program.scene.steps

    def tail(state: Any, params: Any, t0: Any, inputs: Any) -> Any:
        """The loss from the state after t0 steps on."""
        left = Index[steps + 1].clamp(steps - t0)
        return summed(scene, terms(scene, state, params, inputs, left, lambda k: Index[steps].clamp(t0 + k)))

    def initial(params: Any, inputs: Any) -> Any:
        return scene.initial(params, inputs)

    # Compiled for its type, not for an example of it: as a NumPy value, an integer has lost its bounds.
    state = fn(initial).compile(params, inputs).traced.result
    derivative = grad(fn(tail), wrt=(0, 1)).compile(state, params, 0.0, inputs)

    def bad(t: int) -> str | None:
        """The first leaf of the state after t steps, or of params, by which the derivative is not finite."""
        by_state, by_params = derivative(trajectory[t], params, float(t), inputs)
        named = {**leaves(by_state), **leaves(by_params)}
        return next((name for name, g in named.items() if not np.isfinite(np.asarray(g)).all()), None)

    if (leaf := bad(steps)) is not None:
        return f"every state of the rollout is finite, but not the derivative of the loss by the last one's `{leaf}`"
    if bad(0) is None:
        return "every state of the rollout is finite; the derivative is lost in how the first state is made"
    known, finite = 0, steps  # the derivative at `known` is not finite, that at `finite` is
    while finite - known > 1:
        middle = (known + finite) // 2
        known, finite = (known, middle) if bad(middle) is None else (middle, finite)
    return (
        "every state of the rollout is finite; going back from the loss, the derivative by "
        f"`{bad(known)}` first is not finite across step {known + 1} of {steps}"
    )
