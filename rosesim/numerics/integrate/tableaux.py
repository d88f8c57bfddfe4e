"""Coefficients of Runge-Kutta methods."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tableau:
    """An explicit method: k[i] = f(t + c[i] h, y + h Σ a[i][j] k[j]), and the step y + h Σ b[j] k[j]."""

    c: tuple[float, ...]
    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]


EULER = Tableau((0.0,), ((),), (1.0,))

RK4 = Tableau(
    (0.0, 0.5, 0.5, 1.0),
    ((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)),
    (1 / 6, 1 / 3, 1 / 3, 1 / 6),
)
"""Kutta (1901)."""

DOPRI5 = Tableau(
    (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0),
    (
        (),
        (1 / 5,),
        (3 / 40, 9 / 40),
        (44 / 45, -56 / 15, 32 / 9),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
        (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
    ),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0.0),
)
"""Dormand and Prince, "A family of embedded Runge-Kutta formulae", J. Comp. Appl. Math. 6 (1980), of order 5. The
last stage is the first one of the next step."""

DOPRI5_ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
"""b minus the weights of order 4."""

DOPRI5_DENSE = (
    -12715105075 / 11282082432, 0.0, 87487479700 / 32700410799, -10690763975 / 1880347072,
    701980252875 / 199316789632, -1453857185 / 822651844, 69997945 / 29380423,
)  # fmt: skip
"""The last coefficient of the interpolant of order 4: Hairer, Nørsett and Wanner, *Solving Ordinary Differential
Equations I* (1993), II.6, and their code `dopri5`."""

RODAS4_GAMMA = 0.25
RODAS4_A = (
    (),
    (1.544,),
    (0.9466785280815826, 0.2557011698983284),
    (3.314825187068521, 2.896124015972201, 0.9986419139977817),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0),
)
RODAS4_C = (
    (),
    (-5.6688,),
    (-2.430093356833875, -0.2063599157091915),
    (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
    (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
    (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054),
)
RODAS4_TIME = (0.0, 0.386, 0.21, 0.63, 1.0, 1.0)
RODAS4_TIME_SLOPE = (0.25, -0.1043, 0.1035, -0.0362, 0.0, 0.0)
RODAS4_DENSE = (
    (10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662, 0.0),
    (-0.6762803392806898, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872, 0.0),
)
"""RODAS of order 4(3), L-stable, with an interpolant of order 3: Hairer and Wanner, *Solving Ordinary Differential
Equations II* (1996), IV.7, and their code `rodas`. In the form without products with the Jacobian: stage i solves
(1 / (γ h) - J) u = f(t + α h, y + Σ a u) + Σ (c / h) u + γ' h ∂f/∂t. The step is the last stage's place plus its u,
which is also the error's estimate."""
