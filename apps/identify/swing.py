"""The recorded motion that comes with the scene: `arm`, with other masses than its file says, on sine waves.

    python -m rosesim_apps.identify.swing

Positions every 0.01 s for 2 s, to a thousandth of a radian.
"""

from __future__ import annotations

import numpy as np

from .wanted import FOLDER, RobotFile

TRUE = {"body upper mass": 5.5, "body lower mass": 1.2, "body hand mass": 1.1}
"""What is to be found, kg; the file's are 4.0, 2.2 and 0.6."""
START = (0.5, -0.9, 0.7)
NOISE = 1e-3
STEPS = 200


def table() -> np.ndarray:
    """Time, three positions and three controls in a row, (201, 7)."""
    m = RobotFile.parse("arm").model
    t = m.timestep * np.arange(STEPS + 1)
    ctrl = np.stack([0.3 * np.sin(5.0 * t), 0.2 * np.sin(8.0 * t + 1.0), 0.25 * np.sin(11.0 * t + 2.0)], axis=1)
    q, v = np.array(START), np.zeros(m.nv)
    rows = [q]
    for u in ctrl[:-1]:
        q, v = m.step(q, v, u, contact="none", parameters=TRUE)
        rows.append(q)
    noise = NOISE * np.random.default_rng(0).normal(size=(STEPS + 1, m.nq))
    return np.column_stack([t, np.round(np.array(rows) + noise, 4), np.round(ctrl, 4)])


if __name__ == "__main__":
    head = "time,q0,q1,q2,ctrl0,ctrl1,ctrl2"
    np.savetxt(FOLDER / "swing.csv", table(), fmt="%.6g", delimiter=",", header=head, comments="")
