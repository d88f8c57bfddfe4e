"""A setting of each type that there is: typed by a person and read from a file, it is the same value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from rosesim.scenes import SceneError
from rosesim.scenes.setting_types import from_text, from_toml, to_toml


@dataclass(frozen=True)
class Ratio:
    """A type of one's own."""

    a: int
    b: int

    @classmethod
    def parse(cls, text: str) -> Ratio:
        a, colon, b = text.partition(":")
        if not colon:
            raise ValueError("a ratio is A:B")
        return cls(int(a), int(b))

    def __str__(self) -> str:
        return f"{self.a}:{self.b}"


KINDS: list[tuple[Any, str, Any, Any]] = [  # type, what is typed, its value, what a file holds
    (int, "-3", -3, -3),
    (float, "1e-3", 1e-3, 1e-3),
    (bool, "yes", True, True),
    (str, "of wood", "of wood", "of wood"),
    (Literal["soft", "hard"], "hard", "hard", "hard"),
    (Literal[1, 2], "2", 2, 2),
    (Literal["soft", "hard"] | None, "hard", "hard", "hard"),
    (float | None, "2", 2.0, 2.0),
    (Ratio, "2:3", Ratio(2, 3), "2:3"),
    (Ratio | None, "2:3", Ratio(2, 3), "2:3"),
    (tuple[int, str], "1,b", (1, "b"), [1, "b"]),
    (tuple[float, ...], "1, 2", (1.0, 2.0), [1.0, 2.0]),
    (tuple[float, ...] | None, "1", (1.0,), [1.0]),
]


@pytest.mark.parametrize(("kind", "text", "value", "written"), KINDS)
def test_typed_written_and_read_back_it_is_the_same(kind: Any, text: str, value: Any, written: Any):
    found = from_text("it", text, kind)
    assert (found, type(found)) == (value, type(value))
    assert to_toml("it", found, kind) == written
    back = from_toml("it", written, kind)
    assert (back, type(back)) == (value, type(value))


@pytest.mark.parametrize("kind", [float | None, Literal["soft"] | None, tuple[int, ...] | None])
def test_none_is_typed_and_is_absent_from_a_file(kind: Any):
    assert from_text("it", "None", kind) is None and from_toml("it", None, kind) is None


@pytest.mark.parametrize(
    ("kind", "text", "found", "says"),
    [
        (Literal["soft", "hard"], "firm", "firm", "it is one of soft, hard; 'firm' was "),
        (Literal["soft", "hard"] | None, "firm", "firm", "it is one of soft, hard; 'firm' was "),
        (Ratio, "2", "2", "it: a ratio is A:B"),
        (tuple[int, int], "1", [1], "it "),
        (int, "1.5", 1.5, "it "),
        (bool, "2", 2, "it is "),
    ],
)
def test_what_does_not_fit_is_refused_in_both(kind: Any, text: str, found: Any, says: str):
    for read, given in ((from_text, text), (from_toml, found)):
        with pytest.raises(SceneError) as e:
            read("it", given, kind)
        assert str(e.value).startswith(says)


def test_a_type_that_no_file_can_hold_is_refused():
    with pytest.raises(
        SceneError, match=r"the setting it of type complex cannot be written .* needs a parse\(text\)"
    ):
        to_toml("it", 1j, complex)
