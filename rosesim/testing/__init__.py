"""Assertions for the tests of users: a gradient, a scene. With pytest they are fixtures as well.

    from rosesim.testing import assert_grads

    def test_the_gradient_of_my_energy():
        assert_grads(energy, [1.0, 2.0, 3.0])

A failure reads as the check's verdict does (docs/gradients.md).
"""

from __future__ import annotations

from rosesim.testing.grads import AssertGrads, assert_grads
from rosesim.testing.scene import AssertScene, assert_scene

__all__ = ["AssertGrads", "AssertScene", "assert_grads", "assert_scene"]
