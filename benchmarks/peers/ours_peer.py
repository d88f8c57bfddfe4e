"""Ours, measured like the peers: the scenes of apps/ as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from family import LAWS, REACHES, Group, small
from family import H as STEP
from given import Array, Run, points  # noqa: F401 -- points is for serve.py

import rosesim
from rosesim import (
    Real,
    Vec,
    accumulate,
    cond,
    const,
    fn,
    for_each,
    scan,
    select,
    sin,
    sqrt,
    value_and_grad,
    vec,
    vmap,
)
from rosesim.ad.language.arguments import flat_args
from rosesim.ad.program import interp
from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.tree import map_leaves

VERSION = rosesim.__version__


def _scene(name: str, settings: list[str], interpreted: bool = False, runs: int = 1, **options: Any) -> Run:
    """`options` are those of `Fn.compile`; `interpreted` runs the program in the interpreter; with `runs`, this many
    equal runs are done at once."""
    scene, inputs = configure(find_scene(name), settings)
    made = compiled(scene)
    flat = made.flat
    like = scene.params(np.random.default_rng(0)), inputs
    one = value_and_grad(made.loss, wrt=0)
    if runs > 1:
        many = vmap(one, over=0).compile(map_leaves(lambda _, a: np.stack([a] * runs), like[0]), inputs, **options)

        def several(z: Array) -> Any:
            return map_leaves(lambda _, a: np.stack([a] * runs), flat.unflatten(z))

        def run_many(z: Array) -> tuple[float, Array]:
            losses, gradients = many(several(z), inputs)
            return float(losses[0]), flat.flatten(map_leaves(lambda _, a: np.float64(a[0]), gradients))

        def native_many(z: Array) -> Any:
            params = several(z)
            return lambda: many(params, inputs)

        run_many.native = native_many
        return run_many
    both: Any = one.compile(*like, **options)
    if interpreted:
        program = both

        def both(*args: Any) -> tuple[Any, Any]:
            given = [a for v, (t, n) in zip(args, program._types, strict=True) for a in flat_args(v, t, n)]
            loss, *gradient = interp.run(program.traced.func, given)
            return loss, flat.unflatten(np.concatenate([np.ravel(g) for g in gradient]))

    def run(z: Array) -> tuple[float, Array]:
        loss, gradient = both(flat.unflatten(z), inputs)
        return loss, flat.flatten(gradient)

    def native(z: Array) -> Any:
        params = flat.unflatten(z)
        return lambda: both(params, inputs)

    run.native = native
    return run


def billiards(steps: int, pairs: str = "guarded", **options: Any) -> Run:
    return _scene("billiards", [f"steps={steps}", f"pairs={pairs}", "contact=published"], **options)


def mass_spring(steps: int, **options: Any) -> Run:
    return _scene("mass_spring", ["robot=D", f"steps={steps}"], **options)


def batch(steps: int, shots: int) -> Run:
    """Many shots at once, by `vmap`."""
    scene, inputs = configure(find_scene("billiards"), [f"steps={steps}", "contact=published"])
    both = compiled(scene).batch(shots, gradient=True)
    like = scene.params(np.random.default_rng(0))

    def run(z: Array) -> tuple[Array, Array]:
        loss, gradient = both(replace(like, position=z[:, :2], velocity=z[:, 2:]), inputs)
        return loss, np.concatenate([gradient.position, gradient.velocity], axis=1)

    return run


def family(seed: int) -> Run:
    """A law is a function, the pairs under it a loop; a contact is computed where two bodies touch."""
    it = small(seed)
    n = it.n
    Points = Vec[Vec[Real, 2], n]

    def pulls(group: Group, x: Any, v: Any, force: Any) -> None:
        p, q, a, b = (const(c) for c in (group.p, group.q, group.a, group.b))

        @fn
        def law(q: Real, approach: Real, a: Real, b: Real) -> Real:
            return LAWS[group.law](rosesim, q, approach, a, b)

        def one(k: Any) -> None:
            d, r = x[p[k]] - x[q[k]], v[p[k]] - v[q[k]]
            near, approach = d[0] * d[0] + d[1] * d[1], d[0] * r[0] + d[1] * r[1]
            size = lambda: law(near, approach, a[k], b[k])
            pull = (cond(near < b[k] * b[k], size, lambda: 0.0) if group.law in REACHES else size()) * d
            force.at[p[k]].add(pull)
            force.at[q[k]].add(-pull)

        for_each(len(group.p), one)

    def step(state: Any, t: Any) -> Any:
        x, v = state
        forces = accumulate(Points, lambda force: [pulls(g, x, v, force) for g in it.groups] and None)

        def after(i: Any) -> Any:
            f = forces[i]
            if it.drag:
                f = f - it.drag * sqrt(v[i][0] ** 2 + v[i][1] ** 2 + 1e-6) * v[i]
            if it.drive:
                f = f.at[0].add(it.drive * sin(5.0 * STEP * t + x[i][1]))
            if it.ground:
                f = f.at[1].add(select(x[i][1] < 0, -it.ground * x[i][1], 0.0))
            return v[i] + STEP * f

        w = vec(n, after)
        return vec(n, lambda i: x[i] + STEP * w[i]), w

    @fn
    def loss(x: Points, v: Points) -> Real:
        x, v = scan(step, (x, v), it.steps)
        miss = x[-1] - const(it.goal)
        return miss[0] ** 2 + miss[1] ** 2 + 0.1 * rosesim.sum(n, lambda i: v[i][0] ** 2 + v[i][1] ** 2)

    both = value_and_grad(loss).compile()

    def run(z: Array) -> tuple[float, Array]:
        value, (x, v) = both(*z.reshape(2, n, 2))
        return value, np.concatenate([x.ravel(), v.ravel()])

    return run
