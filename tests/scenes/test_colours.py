"""The colours of values are those of a published colour map."""

import numpy as np
import pytest

from rosesim.scenes.kit import PALETTE, balanced, coloured

CIVIDIS = {
    0: (0.0, 0.135112, 0.304751), 12: (0.0, 0.168204, 0.385902), 37: (0.13683, 0.234216, 0.432148),
    64: (0.263738, 0.307831, 0.422789), 99: (0.391151, 0.403464, 0.438096), 128: (0.488697, 0.485318, 0.471008),
    171: (0.652178, 0.613664, 0.453689), 203: (0.781795, 0.717074, 0.401966), 240: (0.941147, 0.84753, 0.275815),
    255: (0.995737, 0.909344, 0.217772),
}  # fmt: skip
"""Some of the 256 rows that Nunez, Anderton and Renslow published; some are not among ours."""


def test_values_have_the_colours_of_cividis():
    # Ours have a byte for each channel, and every fifth row: off by half a byte, and where the map bends by four.
    found = coloured([*CIVIDIS], 0, 255)
    np.testing.assert_allclose(found, [*CIVIDIS.values()], atol=4 / 255)
    on_a_row = [k for k in CIVIDIS if k % 5 == 0]
    np.testing.assert_allclose(coloured(on_a_row, 0, 255), [CIVIDIS[k] for k in on_a_row], atol=0.51 / 255)


def test_lightness_rises_evenly():
    light = np.asarray(coloured(np.linspace(0, 1, 200), 0, 1))
    linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1
    lightness = 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16  # CIE L*
    steps = np.diff(lightness)
    # Cividis is even in CAM02-UCS, from which L* differs by some parts in ten.
    assert steps.min() > 0.5 * steps.mean() and steps.max() < 1.5 * steps.mean()


def test_zero_is_in_the_middle():
    assert balanced([[-2.0, 0.0, 1.0]])[0, 1] == pytest.approx(np.mean(PALETTE[25:27], axis=0))
