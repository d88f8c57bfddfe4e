import pytest

from rosesim.diagrams import library
from rosesim.diagrams.problem import Term
from rosesim.diagrams.scalars import Number, Scalar, evaluated, sin
from rosesim.diagrams.templates import Row, Templates
from rosesim.diagrams.values import Rows, Shape, Vector


def x(k: int) -> Scalar:
    return Scalar("input", index=k)


def circle(name: str, cx: Number, cy: Number, r: Number) -> Shape:
    return Shape("Circle", name, {"center": Vector((cx, cy)), "r": r, "strokeWidth": 0.0, "fillColor": "any"})


def row(templates: Templates, verb: str, name: str, *args: object, x0: tuple[float, ...] = (0.0,) * 8) -> Row:
    item = library.constraint(name) if verb == "constraint" else library.objective(name)
    assert item is not None
    term = Term(name, item.check(args), (), frozenset({0}))  # pyright: ignore[reportArgumentType]
    return templates.row(term, verb, item, x0)


def value(r: Row, x0: list[float]) -> float:
    leaves = [x0[leaf] if isinstance(leaf, int) else leaf for leaf in r.leaves]
    return evaluated([r.template.root], leaves)[0]


def test_circles_that_differ_in_inputs_and_radii_share_a_template():
    t = Templates()
    first = row(t, "constraint", "disjoint", circle("a", x(0), x(1), 5.0), circle("b", x(2), x(3), 7.0), 2.5)
    second = row(t, "constraint", "disjoint", circle("c", x(4), x(0), 6.0), circle("d", x(1), x(2), 9.0), 3.5)
    assert first.template is second.template
    assert sorted(map(str, first.leaves)) == sorted(map(str, (0, 1, 2, 3, 5.0, 7.0, 2.5)))
    at = [0.0, 0.0, 30.0, 40.0, 8.0]
    assert value(first, at) == pytest.approx(2.5 - (50.0 - 12.0))
    assert value(second, at) == pytest.approx(3.5 - (((8 - 0) ** 2 + (0 - 30) ** 2) ** 0.5 - 15.0))


def test_a_known_zero_folds_and_makes_another_template():
    t = Templates()
    with_padding = row(t, "constraint", "lessThan", x(0), x(1), 2.0)
    without = row(t, "constraint", "lessThan", x(0), x(1), 0.0)
    assert with_padding.template is not without.template
    assert (with_padding.template.leaves, without.template.leaves) == (3, 2)


def test_the_order_in_which_expressions_were_made_does_not_matter():
    t = Templates()
    a = sin(x(0))
    b = sin(x(1))
    c = sin(x(3))
    d = sin(x(2))
    first, second = row(t, "objective", "equal", a, b), row(t, "objective", "equal", d, c)
    assert first.template is second.template
    assert (first.leaves, second.leaves) == ((0, 1), (2, 3))


def test_a_shared_expression_is_shared_in_the_template():
    t = Templates()
    s = sin(x(0))
    shared = row(t, "objective", "equal", s * 2.0, s)
    apart = row(t, "objective", "equal", sin(x(0)) * 2.0, sin(x(1)))
    assert shared.template is not apart.template
    assert value(shared, [0.3, 0.7]) == pytest.approx((evaluated([s], [0.3])[0]) ** 2)


def test_whole_numbers_of_the_library_are_constants_not_inputs():
    t = Templates()
    half = Scalar("div", (x(1), 2))
    r = row(t, "objective", "minimal", half * Scalar("add", (x(1), 1)))
    assert all(leaf == 1 for leaf in r.leaves if isinstance(leaf, int))
    assert value(r, [0.0, 6.0]) == 3.0 * 7.0


def test_terms_that_read_no_input_are_rows_of_one_template_which_is_their_value():
    t = Templates()
    two = row(t, "constraint", "lessThan", 3.0, 1.0)
    folded = row(t, "constraint", "lessThan", 0.0, 1.0, 0.0)
    apart = row(t, "constraint", "disjoint", circle("a", 0.0, 0.0, 5.0), circle("b", 30.0, 40.0, 7.0), 2.0)
    assert [r.leaves for r in (two, folded, apart)] == [(2.0,), (-1.0,), (pytest.approx(2.0 - 38.0),)]
    assert two.template is folded.template is apart.template
    assert [value(r, []) for r in (two, folded)] == [2.0, -1.0]


def test_polygons_that_are_cut_differently_have_different_templates():
    def star(points: list[tuple[float, float]]) -> tuple[Shape, tuple[float, ...]]:
        flat = tuple(n for p in points for n in p)
        rows = Rows(tuple((x(2 * k), x(2 * k + 1)) for k in range(len(points))), "lists")
        return Shape("Polygon", "p", {"points": rows, "scale": 1.0, "strokeWidth": 0.0}), flat

    square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    dart = [(0.0, 0.0), (10.0, 0.0), (2.0, 2.0), (0.0, 10.0)]
    ball = circle("c", 3.0, 3.0, 0.5)
    t = Templates()
    a, b = (row(t, "constraint", "contains", s, ball, x0=x0) for s, x0 in map(star, (square, dart)))
    assert a.template is not b.template
    assert value(a, list(star(square)[1])) == pytest.approx(-2.5, abs=1e-5)  # normals are shorter than 1 by eps
    again = row(t, "constraint", "contains", star(square)[0], ball, x0=star(square)[1])
    assert again.template is a.template
