"""The gradient check of a scene: `rosesim.checks` applied to its loss, with the scene's own words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rosesim.ad.program.cost import func_work
from rosesim.ad.support.budget import memory_budget
from rosesim.checks.along import Along, along
from rosesim.checks.distance import OverDistance, directions_for, over_distance, scales
from rosesim.checks.programs import Programs
from rosesim.checks.report import Report, check
from rosesim.checks.scale import Given, given_scales
from rosesim.scenes.base import Scene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.errors import SceneError
from rosesim.scenes.smooth import AveragedField, Smoothed, Smoothing
from rosesim.scenes.tree import FlatView

PATIENCE = 8
"""A check of an averaged loss may take this many times the work of another check: its runs fill lanes."""


@dataclass(frozen=True)
class GradientCheck:
    """What a check of a scene's loss found: the largest errors, and a verdict in words for each param."""

    report: Report
    terms: Mapping[str, float] = field(default_factory=dict[str, float])
    """What the loss is the sum of, by name; empty where the scene gives one number."""

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
    scene: Scene[Any, Any, Any], inputs: Any = None, seed: int = 0, *, params: Any = None, scale: Given = None
) -> GradientCheck:
    """Check the gradient at these params, else where tuning begins, for the given or the default inputs.

    `scale` gives the scales of the params (a number, or a dict by name) whose own magnitude is not their scale.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("mass_spring_simple"), ["steps=50"])
    >>> found = check_gradient(scene, inputs)
    >>> found.verdicts, [at.same_sign > 0.95 for at in found.report.over_distance[0].at]
    ({'rest': 'right'}, [True, True, True])
    """
    program = compiled(scene)
    given = scene.inputs() if inputs is None else inputs
    rng = np.random.default_rng(seed)
    first = scene.params(rng)
    params = first if params is None else params
    with memory_budget(program.budget):
        programs = Programs(program.loss, (params, given), wrt="params")
        report = check(programs, rng=rng, scale=_of_params(programs, scale))
    verdicts = [replace(v, input=v.input.removeprefix("params").lstrip(".")) for v in report.verdicts]
    if all(v.kind == "zero because" for v in verdicts):
        because = scene.why_no_gradient(program.trajectory(params, given), params, given)
        verdicts = [v if because is None else replace(v, why=because) for v in verdicts]
    terms = program.terms(params, given) if program.term_names else {}
    return GradientCheck(replace(report, function=scene.name, verdicts=tuple(verdicts)), terms)


def _of_params(programs: Programs, scale: Given) -> Given:
    """The scale in the loss's own names, where a param is params.NAME. Raises SceneError for one that is invalid."""
    numbers = scale.values() if isinstance(scale, Mapping) else [] if scale is None else [scale]
    if bad := [s for s in numbers if not 0.0 < s < math.inf]:
        raise SceneError(f"the scale {bad[0]:g} was found; expected a positive number")
    if not isinstance(scale, Mapping):
        return scale
    known = [name.removeprefix("params.") for name in programs.inputs]
    if unknown := [k for k in scale if not any(n == k or n.startswith((f"{k}.", f"{k}[")) for n in known)]:
        raise SceneError(f"a scale of {unknown[0]} was given; the params are {', '.join(known)}")
    return {f"params.{k}": v for k, v in scale.items()}


def smoothed_over_distance(
    scene: Scene[Any, Any, Any],
    how: Smoothing,
    inputs: Any = None,
    seed: int = 0,
    *,
    params: Any = None,
    scale: Given = None,
) -> OverDistance:
    """Over what distance the averaged gradient is of use, compared with the averaged loss. Both have the same
    perturbations: those of the first iteration of a training with that seed. `scale` is as in `check_gradient`.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("bounce"), ["time_of_impact=no"])
    >>> found = smoothed_over_distance(scene, Smoothing.of(10.0, size=1), inputs)
    >>> [at.directions > 0 for at in found.at]
    [True, True, True]
    """
    program = compiled(scene)
    given = scene.inputs() if inputs is None else inputs
    first = scene.params(np.random.default_rng(seed))
    flat = FlatView.of(first if params is None else params)
    x0 = flat.flatten(first)
    smoothed = Smoothed(program, how, x0, flat)
    x = x0 if params is None else flat.flatten(params)
    with memory_budget(program.budget):
        work = func_work(program.loss.traced(program.loss.types_of((first, given))).func)
        count = directions_for(work * (how.samples + 1) // PATIENCE, len(x))
        field = AveragedField(smoothed, smoothed.perturbations(seed, 0), given)
        sizes = scales(x, list(flat.slices.values()))
        for name, size in given_scales(flat.slices, scale).items():
            sizes[flat.slices[name]] = size
        return over_distance(field, x, sizes, np.random.default_rng(seed), count=count)


def loss_along_gradient(
    scene: Scene[Any, Any, Any], inputs: Any = None, seed: int = 0, *, params: Any = None
) -> Along:
    """The loss along its gradient at these params, else where tuning begins, at several scales, for a picture."""
    program = compiled(scene)
    given = scene.inputs() if inputs is None else inputs
    params = scene.params(np.random.default_rng(seed)) if params is None else params
    with memory_budget(program.budget):
        return along(Programs(program.loss, (params, given), wrt="params"), name=f"the loss of {scene.name}")
