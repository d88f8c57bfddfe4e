"""The plugin of pytest: fixtures that come with an installed rosesim (the entry point `rosesim_pytest`).

It lies beside the package, not in it, for pytest imports it whenever it starts: importing anything of `rosesim`
would make every test run of that environment a tenth of a second longer. rosesim itself is imported by the first
test that asks for a fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rosesim.testing import AssertGrads, AssertScene


@pytest.fixture(scope="session")
def assert_grads() -> AssertGrads:
    """`rosesim.testing.assert_grads`: assert_grads(f, *args) is a full check of a gradient."""
    from rosesim import testing

    return testing.assert_grads


@pytest.fixture(scope="session")
def assert_scene() -> AssertScene:
    """`rosesim.testing.assert_scene`: assert_scene(scene) checks a scene's numbers, gradient and picture."""
    from rosesim import testing

    return testing.assert_scene
