"""Values of Style: operators, lists, indices, colours; and what is refused."""

from typing import Any

import pytest
from diagrams_style_kit import mistake, probed, value_of

from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.values import List, Pair, Rows, Vector

M = "((1, 2), (3, 4))"
N = "((5, 6), (7, 8))"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("8 / 4 - 1", 1.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("-2 ^ 2", 4.0),
        ("(1, 2) + (3, 5)", [4.0, 7.0]),
        ("(1, 2) - (3, 5)", [-2.0, -3.0]),
        ("(1, 2) .* (3, 5)", [3.0, 10.0]),
        ("(6, 2) ./ (3, 4)", [2.0, 0.5]),
        ("3 * (1, 2)", [3.0, 6.0]),
        ("(1, 2) * 3", [3.0, 6.0]),
        ("(1, 2) / 4", [0.25, 0.5]),
        ("-(1, 2)", [-1.0, -2.0]),
        (f"2 * {M}", [[2.0, 4.0], [6.0, 8.0]]),
        (f"{M} * 2", [[2.0, 4.0], [6.0, 8.0]]),
        (f"{M} / 2", [[0.5, 1.0], [1.5, 2.0]]),
        (f"{M} * (5, 6)", [17.0, 39.0]),
        (f"(5, 6) * {M}", [23.0, 34.0]),
        (f"{M} * {N}", [[19.0, 22.0], [43.0, 50.0]]),
        (f"{M} then {N}", [[23.0, 34.0], [31.0, 46.0]]),
        (f"{M} + {N}", [[6.0, 8.0], [10.0, 12.0]]),
        (f"{N} - {M}", [[4.0, 4.0], [4.0, 4.0]]),
        (f"{M} .* {N}", [[5.0, 12.0], [21.0, 32.0]]),
        (f"{N} ./ {M}", [[5.0, 3.0], [7 / 3, 2.0]]),
        (f"{M}'", [[1.0, 3.0], [2.0, 4.0]]),
        ('"a" + "b"', "ab"),
        ("true", True),
        ("#f00", [1.0, 0.0, 0.0, 1.0]),
        ("#0f08", [0.0, 1.0, 0.0, 0x88 / 255]),
        ("#102030", [16 / 255, 32 / 255, 48 / 255, 1.0]),
        ("#10203040", [16 / 255, 32 / 255, 48 / 255, 64 / 255]),
    ],
)
def test_an_expression_has_its_value(expression: str, expected: Any):
    assert value_of(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[1, 2]", List((1.0, 2.0))),
        ("[]", List(())),
        ("(1, 2)", Vector((1.0, 2.0))),
        ("{1, 2}", Pair((1.0, 2.0))),
        ("[(1, 2), [3, 4, 5]]", Rows(((1.0, 2.0), (3.0, 4.0, 5.0)), "lists")),
        ("({1, 2}, (3, 4))", Rows(((1.0, 2.0), (3.0, 4.0)), "matrix")),
    ],
)
def test_brackets_and_first_element_decide_what_a_list_is(expression: str, expected: Any):
    assert probed(expression) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("v[1]", 2.0), ("l[0]", 3.0), ("p[1]", 6.0), ("m[1]", [3.0, 4.0]), ("m[1][0]", 3.0), ("v[m[0][0] - 1]", 1.0)],
)
def test_an_index_counts_from_zero(path: str, expected: Any):
    assert value_of(path, f"  v = (1, 2)\n  l = [3, 4]\n  p = {{5, 6}}\n  m = {M}") == expected


@pytest.mark.parametrize(
    ("expression", "kind", "said"),
    [
        (
            "(1, 2) * (3, 4)",
            "BinOpTypeError",
            "a vector of 2 numbers * a vector of 2 numbers has no meaning; `*` takes",
        ),
        ("[1, 2] + [3, 4]", "BinOpTypeError", "a list of 2 numbers + a list of 2 numbers has no meaning"),
        ("true + 1", "BinOpTypeError", "true + a number has no meaning"),
        ("(1, 2) + (1, 2, 3)", "BinOpTypeError", "expected operands of the same size"),
        (f"{M} * (1, 2, 3)", "BinOpTypeError", "expected operands of the same size"),
        ("(1, 2)'", "UOpTypeError", "`'` of a vector of 2 numbers has no meaning; expected a matrix"),
        ('-"a"', "UOpTypeError", '`-` of the string "a" has no meaning; expected a number or a vector'),
        ("[1, (2, 3)]", "BadElementError", "element 2 is a vector of 2 numbers; expected numbers only"),
        ("((1, 2), 3)", "BadElementError", "element 2 is a number; expected vectors, lists or pairs only"),
        ('["a"]', "BadElementError", 'element 1 is the string "a"; expected a number, a vector'),
        ("{1, true}", "BadElementError", "element 2 is true; expected numbers"),
        ("#12345", "InvalidColorLiteral", "#12345 has 5 hex digits; a colour has 3, 4, 6 or 8"),
        ("v[2]", "OutOfBoundsError", "here.v has no element 2; expected 0 to 1"),
        ("v[-1]", "OutOfBoundsError", "here.v has no element -1"),
        ("v[0.5]", "BadIndexError", "an index of here.v is 0.5; expected a whole number"),
        ("v[w]", "BadIndexError", "an index of here.v depends on the layout"),
        ('v["a"]', "BadIndexError", 'an index of here.v is the string "a"'),
        ("v[0][0]", "UnindexableItemError", "here.v is a vector of 2 numbers, which takes no such indices"),
        ("w[0]", "UnindexableItemError", "here.w is a number, which takes no index"),
        ("nofunction(1)", "InvalidFunctionNameError", "called nofunction; expected a function of the library"),
        ("disjoint(1)", "InvalidFunctionNameError", "called disjoint; as a statement it is `ensure disjoint(...)`"),
        ("vdst((1, 2), (3, 4))", "InvalidFunctionNameError", "no function is called vdst; did you mean vdist?"),
        ("sqr((1, 2))", "BadArgumentTypeError", "sqr(x) expects a number as x; found a vector of 2 numbers"),
        ("sqr()", "MissingArgumentError", "sqr(x) misses its argument x"),
        ("sqr(1, 2)", "TooManyArgumentsError", "sqr(x) was given 2 arguments"),
        ("vdist((1, 2), (1, 2, 3))", "FunctionInternalError", "vdist(v, w)"),
        ("nothing", "MissingPathError", "nothing does not exist: here has no field nothing"),
        ("here.ww", "MissingPathError", "here.ww does not exist: here has no field ww; did you mean w?"),
        ("v.x", "MissingPathError", "here.v is not a shape, so it has no property x"),
        ("canvas", "PathToNamespaceError", "canvas is a namespace, which has no value; expected canvas.field"),
    ],
)
def test_a_senseless_expression_is_one_sentence(expression: str, kind: str, said: str):
    fields = "  v = (1, 2)\n  w = ?\n"
    found, text = mistake(f"here {{\n{fields}  it = {expression}\n}}\n")
    assert found == kind
    assert said in text
    assert text.startswith("shops.style:8:")


def test_an_expression_as_deep_as_the_parser_reads_is_evaluated():
    assert value_of(" + ".join(["1"] * 190)) == 190.0
    assert value_of("sqr(" * 150 + "1" + ")" * 150) == 1.0


def test_what_reads_a_field_with_a_mistake_adds_none():
    kind, text = mistake("here {\n  a = 1 + true\n  b = a + 1\n  c = sqr(b)\n}\n")
    assert kind == "BinOpTypeError"
    assert "shops.style:6:" in text


def test_a_division_by_zero_is_infinite_as_in_javascript():
    with pytest.raises(DiagramError):
        value_of("(1, 2)[0]")  # not the language: only paths have indices
    assert value_of("1 / 0") == float("inf")
