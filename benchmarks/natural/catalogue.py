"""The natural programs by name."""

from __future__ import annotations

from benchmarks.natural import (
    ba,
    cells,
    chain,
    cloth,
    fdtd,
    fem,
    fits,
    gmm,
    heat,
    kalman,
    kmeans,
    lbm,
    lennard_jones,
    lorenz,
    lstm,
    mlp,
    nbody,
    neural_ode,
    ode_cells,
    policy,
    rays,
    sph,
    wave3d,
)
from benchmarks.natural.program import Program

KINDS = [
    nbody,
    lennard_jones,
    sph,
    lbm,
    fdtd,
    wave3d,
    cloth,
    heat,
    fem,
    neural_ode,
    mlp,
    kalman,
    chain,
    rays,
    cells,
    fits,
    policy,
    lorenz,
    gmm,
    kmeans,
    lstm,
    ba,
    ode_cells,
]
NAMES = [name for kind in KINDS for name in kind.SIZES]


def program(name: str, *, small: bool = False) -> Program:
    """The program of a name, at its size or at one that takes no time."""
    kind = next(kind for kind in KINDS if name in kind.SIZES)
    return kind.program(**kind.SIZES[name] | (kind.SMALL if small else {}))
