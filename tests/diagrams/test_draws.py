"""The generator draws what seedrandom draws."""

import pytest

from rosesim.diagrams.style.draws import Draws


def test_the_published_number_of_the_package_comes_first():
    assert Draws("hello.").unit() == 0.9282578795792454  # README of seedrandom
    draws = Draws("hello.")
    assert [draws.unit(), draws.unit()] == [0.9282578795792454, 0.3752569768646784]


@pytest.mark.parametrize("variation", ["", "a", "θ-\U0001d465", "x" * 300])
def test_any_variation_gives_numbers_below_one_and_the_same_ones_again(variation: str):
    draws, again = Draws(variation), Draws(variation)
    numbers = [draws.unit() for _ in range(50)]
    assert numbers == [again.unit() for _ in range(50)]
    assert all(0 <= u < 1 for u in numbers)
    assert len(set(numbers)) == 50


def test_a_uniform_number_lies_in_its_interval():
    draws = Draws("seed")
    assert all(-3 <= draws.uniform(-3, 5) < 5 for _ in range(100))
