"""The gradient check of a scene: `rosesim.checks` of its loss, with the scene's own words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rosesim.ad.budget import memory_budget
from rosesim.checks.along import Along, along
from rosesim.checks.distance import OverDistance
from rosesim.checks.programs import Programs
from rosesim.checks.report import Report, check
from rosesim.scenes.base import Scene
from rosesim.scenes.compiled import compiled


@dataclass(frozen=True)
class GradientCheck:
    """What a check of a scene's loss found: the largest errors, and a verdict in words for each param."""

    report: Report

    @property
    def max_rel_error_jvp_vjp(self) -> float:
        """The largest difference of reverse and forward mode: see `Report`."""
        return self.report.max_rel_error_jvp_vjp

    @property
    def max_rel_error_fd(self) -> float:
        """The largest difference of the gradient and differences: see `Report`."""
        return self.report.max_rel_error_fd

    @property
    def verdicts(self) -> dict[str, str]:
        """The words for each param."""
        return {v.input: v.text for v in self.report.verdicts}

    @property
    def over_distance(self) -> OverDistance | None:
        """Over what distance the gradient is of use; None where it is not finite."""
        return self.report.over_distance[0] if self.report.over_distance else None

    @property
    def passed(self) -> bool:
        """Whether every verdict is `right` or begins with `kinked` or `zero because`."""
        return self.report.passed


def check_gradient(
    scene: Scene[Any, Any, Any], inputs: Any = None, seed: int = 0, *, params: Any = None
) -> GradientCheck:
    """Check the gradient at these params, else where tuning begins, for the given or the default inputs.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("mass_spring_simple"), ["steps=50"])
    >>> found = check_gradient(scene, inputs)
    >>> found.verdicts, [at.same_sign > 0.95 for at in found.over_distance.at]
    ({'rest': 'right'}, [True, True, True])
    """
    program = compiled(scene)
    given = scene.inputs() if inputs is None else inputs
    rng = np.random.default_rng(seed)
    first = scene.params(rng)
    params = first if params is None else params
    with memory_budget(program.budget):
        report = check(Programs(program.loss, (params, given), wrt="params"), rng=rng)
    verdicts = [replace(v, input=v.input.removeprefix("params").lstrip(".")) for v in report.verdicts]
    if all(v.kind == "zero because" for v in verdicts):
        because = scene.why_no_gradient(program.trajectory(params, given), params, given)
        verdicts = [v if because is None else replace(v, why=because) for v in verdicts]
    return GradientCheck(replace(report, function=scene.name, verdicts=tuple(verdicts)))


def loss_along_gradient(
    scene: Scene[Any, Any, Any], inputs: Any = None, seed: int = 0, *, params: Any = None
) -> Along:
    """The loss along its gradient at these params, else where tuning begins, at several scales: for a picture."""
    program = compiled(scene)
    given = scene.inputs() if inputs is None else inputs
    params = scene.params(np.random.default_rng(seed)) if params is None else params
    with memory_budget(program.budget):
        return along(Programs(program.loss, (params, given), wrt="params"), name=f"the loss of {scene.name}")
