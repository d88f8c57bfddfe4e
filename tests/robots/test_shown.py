"""A robot's shapes in a view of space."""

import math

import pytest

from rosesim import robots
from rosesim.robots.description import Body, Description, Geom, Joint
from rosesim.scenes import Camera, Canvas
from rosesim.scenes.canvas import Circle, Line

HALF = math.sqrt(0.5)


def test_every_shape_is_drawn_where_the_joints_have_it():
    turned = (HALF, HALF, 0.0, 0.0)  # a quarter around x: z becomes -y
    geoms = (
        Geom("ground", "plane", 0, (5.0, 5.0, 1.0)),
        Geom("ball", "sphere", 1, (0.3,), (0.0, 0.0, 1.0)),
        Geom("rod", "capsule", 1, (0.1, 0.5), (0.0, 0.0, 2.0), turned),
        Geom("post", "cylinder", 1, (0.2, 0.4), (0.0, 1.0, 0.0)),
        Geom("brick", "box", 1, (0.1, 0.2, 0.3), (1.0, 0.0, 0.0), turned),
        Geom("egg", "ellipsoid", 1, (0.3, 0.2, 0.1)),
    )
    joints = (Joint("lift", "slide", 1, axis=(0.0, 0.0, 1.0)),)
    model = robots.Model(Description("zoo", (Body("world", 0), Body("all", 0)), joints, geoms))
    canvas = Canvas((0.0, 0.0, 1.0, 1.0))
    space = canvas.space(Camera((0.0, -5.0, 1.0), (0.0, 0.0, 1.0)))
    model.draw(space, [10.0], lambda geom: geom.name)
    ball, rod, post, brick, egg = space.bodies
    assert [b.role for b in space.bodies] == ["ball", "rod", "post", "brick", "egg"]
    assert (ball.centre, ball.size) == ((0.0, 0.0, pytest.approx(11.0)), (0.3, 0.3, 0.0))
    assert rod.centre == pytest.approx((0.0, 0.0, 12.0))
    assert rod.size == pytest.approx((0.1, 0.1, 0.5))
    w, x, y, z = rod.turn
    axis = 2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)
    assert [abs(a) for a in axis] == pytest.approx([0.0, 1.0, 0.0], abs=1e-9)
    assert (post.kind, post.centre, post.size[2]) == ("cylinder", pytest.approx((0.0, 1.0, 10.0)), pytest.approx(0.4))
    assert (brick.kind, brick.size, brick.turn) == ("box", (0.1, 0.2, 0.3), pytest.approx(turned))
    assert (egg.kind, egg.centre) == ("ellipsoid", pytest.approx((0.0, 0.0, 10.0)))


def test_from_the_side_the_middle_is_the_origin_and_a_second_robot_stands_beside():
    geoms = (
        Geom("rod", "capsule", 1, (0.1, 0.5), (0.0, 0.0, 2.0), (HALF, 0.0, HALF, 0.0)),  # along x
        Geom("ball", "sphere", 1, (0.3,), (0.0, 0.0, 1.0)),
    )
    joints = (Joint("slide", "slide", 1, axis=(1.0, 0.0, 0.0)),)
    model = robots.Model(Description("two", (Body("world", 0), Body("all", 0)), joints, geoms))
    canvas = Canvas((0.0, 0.0, 1.0, 1.0))
    model.draw_from_the_side(canvas, [7.0], "body", middle=(6.0, 1.5), scale=2.0)
    (rod,) = [p for p in canvas.singles if isinstance(p, Line)]
    (ball,) = [p for p in canvas.singles if isinstance(p, Circle)]
    assert sorted(tuple(p) for p in rod.points) == [pytest.approx((1.0, 1.0)), pytest.approx((3.0, 1.0))]
    assert (rod.width, ball.centre, ball.radius) == (0.4, pytest.approx((2.0, -1.0)), 0.6)
    space = canvas.space(Camera((0.0, -5.0, 1.0), (0.0, 0.0, 1.0)))
    model.draw(space, [7.0], moved=(0.0, -2.0, 0.5))
    assert [b.centre for b in space.bodies] == [pytest.approx((7.0, -2.0, 2.5)), pytest.approx((7.0, -2.0, 1.5))]
