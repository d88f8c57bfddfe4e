"""Random numbers with keys: published answers, the same bits in every way to run, and statistics of fixed seeds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from support import interpreted

import rosesim as rs
from rosesim import Index, ProgramError, Real, TraceError, TypeMismatch, Vec, fn, grad, jvp, random, scan, vec, vmap
from rosesim.numerics.random.draws import below, standard_normal, unit
from rosesim.numerics.random.keys import block
from rosesim.numerics.random.normal import upper_quantile
from rosesim.numerics.random.picks import weighted
from rosesim.numerics.random.threefry import threefry

pytestmark = pytest.mark.usefixtures("unoptimised")

N = 20_000
PI = 0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344  # its first digits


@pytest.mark.parametrize(
    ("counter", "key", "answer"),  # of the tests that the authors publish with their Random123
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((2**32 - 1,) * 2, (2**32 - 1,) * 2, (0x1CB996FC, 0xBB002BE7)),
        (PI[:2], PI[2:], (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_threefry_gives_the_published_answers(counter: Any, key: Any, answer: Any):
    assert threefry(*key, *counter) == answer


@fn
def many(key: random.Key):
    return {
        "bits": random.bits(key, N),
        "uniform": random.uniform(key, (100, N // 100)),
        "normal": random.normal(key, N),
        "exponential": random.exponential(key, N),
        "integers": random.integers(key, N, -2, 8),
        "chosen": random.choice(key, 4, N, weights=[0.0, 0.5, 1.5, 0.0]),
        "order": random.permutation(key, N),
    }


@pytest.fixture(scope="module")
def drawn() -> dict[str, Any]:
    return many(random.key(2024))


def is_distributed(x: np.ndarray, cumulative: np.ndarray) -> bool:
    """The test of Kolmogorov and Smirnov at 1 percent, of sorted numbers and their distribution function."""
    n = len(x)
    steps = np.arange(n + 1) / n
    return max(abs(cumulative - steps[1:]).max(), abs(cumulative - steps[:-1]).max()) < 1.63 / n**0.5


def test_numbers_have_their_distributions(drawn: dict[str, Any]):
    u, z, e = (np.sort(drawn[name].ravel()) for name in ("uniform", "normal", "exponential"))
    assert is_distributed(u, u) and is_distributed(z, ndtr(z)) and is_distributed(e, 1.0 - np.exp(-e))
    assert not is_distributed(z, ndtr(1.05 * z))  # so much it notices
    error = 4.0 / N**0.5  # 4 standard deviations of a mean of numbers with variance 1
    assert abs(z.mean()) < error and abs((z**2).mean() - 1.0) < error * 2**0.5
    assert abs((z**3).mean()) < error * 15**0.5 and abs((z**4).mean() - 3.0) < error * 96**0.5


def test_integers_bits_and_choices_come_equally_often(drawn: dict[str, Any]):
    counts = np.bincount(drawn["integers"] + 2, minlength=10)
    assert ((counts - N / 10) ** 2 / (N / 10)).sum() < 27.9  # chi squared of 9 degrees of freedom, 0.1 percent
    ones = [(drawn["bits"] >> k & 1).sum() for k in range(32)]
    assert max(abs(n - N / 2) for n in map(int, ones)) < 4.0 * N**0.5 / 2
    chosen = np.bincount(drawn["chosen"], minlength=4)
    assert chosen[0] == chosen[3] == 0 and abs(chosen[1] - N / 4) < 4.0 * (N * 3 / 16) ** 0.5


def test_no_element_of_weight_zero_is_chosen_at_either_end():
    pick = fn(lambda a, b, sums: weighted(a, b, sums)).compile(Index[2**32], Index[2**32], Vec[Real, 5])
    sums, last = np.cumsum([0.0, 0.5, 0.0, 1.5, 0.0]), 2**32 - 1
    words = [(0, 0), (2**31, 0), (3 * 2**30 - 1, last), (3 * 2**30, 0), (last, last)]
    assert [pick(a, b, sums) for a, b in words] == [3, 3, 3, 1, 1]


def test_an_integer_is_made_of_all_64_bits():
    words: Any = ((0, 0), (2**32 - 1, 2**32 - 1), (0x80000000, 1), (0x55555555, 0x55555556), (0x2AAAAAAA, 0xAAAAAAAB))
    for a, b in words:
        for n in (1, 3, 1000, 2**29):
            assert below(a, b, n) == ((a << 32 | b) * n) >> 64
        assert below(a, b, 2**32) == (a << 29 | b >> 3) % 2**32


def test_a_permutation_has_every_index_once_and_each_order_is_as_likely(drawn: dict[str, Any]):
    assert sorted(drawn["order"]) == list(range(N))
    orders = vmap(fn(lambda k: random.permutation(k, 3)))(random.split(random.key(5), 6000))
    counts = np.unique(orders @ np.array([9, 3, 1]), return_counts=True)[1]
    assert len(counts) == 6 and ((counts - 1000.0) ** 2 / 1000.0).sum() < 20.5  # of 5 degrees, 0.1 percent


def test_streams_of_split_and_folded_keys_are_independent(drawn: dict[str, Any]):
    key = random.key(2024)
    keys = [key, *random.split(key, 3), random.fold_in(key, 0), random.fold_in(key, 1), random.key(2025)]
    rows = [drawn["normal"], *(many(k)["normal"] for k in keys[1:])]
    rows.append(np.roll(rows[0], 1))  # a stream and itself, one later
    for one, other in itertools.combinations(rows, 2):
        assert abs(np.dot(one, other)) / N < 4.0 / N**0.5
    made = [block(key, i, purpose) for i in (0, 1, 2**32, 2**62 - 1) for purpose in (0, 1, 2)]
    assert len(set(made)) == 12


@fn
def few(key: random.Key, low: Real, t: Index[1000]):
    keys = random.split(random.fold_in(key, t), 3)
    return (
        random.bits(key, 3),
        random.uniform(keys[1], (2, 2), low, 2.0),
        random.integers(keys[2], (), t, 1000),
        random.integers(random.key(t), 2, 0, 2**31),
        random.choice(keys[0], [1.0, 2.0, 4.0], 3, weights=[0.2, low, 0.5]),
        random.permutation(keys[0], 5),
        vec(3, lambda i: standard_normal(2**31 * (i % 2) + 2**30 + i, i)),  # in the middle, where nothing is rounded
    )


def flat(value: Any) -> list[float]:
    return [x for part in value for x in np.ravel(part).tolist()]


@pytest.mark.optimised
def test_bits_are_the_same_interpreted_strict_and_in_fast_lanes():
    keys, low, t = random.split(random.key(1), 6), 0.25, 17
    strict = few.compile(math="strict")
    want = [flat(interpreted(few, k, low, t)) for k in keys]
    assert [flat(strict(k, low, t)) for k in keys] == want
    lanes = vmap(few, over="key").compile(Vec[random.Key, 6], Real, Index[1000])(keys, low, t)
    assert [[x for part in lanes for x in np.ravel(part[i]).tolist()] for i in range(6)] == want
    single = flat(few.compile(precision="f32")(keys[0], low, t))
    np.testing.assert_allclose(single, want[0], rtol=3e-7)


def test_a_part_of_a_draw_is_the_same_whatever_is_drawn_beside_it(drawn: dict[str, Any]):
    alone = fn(lambda key: (random.uniform(key), random.normal(key, (2, 3)), random.uniform(key, ())))(
        random.key(2024)
    )
    assert alone[0] == alone[2] == drawn["uniform"][0, 0]
    np.testing.assert_allclose(np.ravel(alone[1]), drawn["normal"][:6], rtol=1e-15)


def test_a_uniform_number_is_below_1_in_single_precision_too():
    f = fn(lambda a, b: unit(a, b))
    last = 2**32 - 1
    for precision, most in (("f64", 1.0 - 2.0**-53), ("f32", 1.0 - 2.0**-24)):
        program = f.compile(Index[2**32], Index[2**32], precision=precision)
        assert program(last, last) == most and program(0, 0) == 0.0
        assert program(0, 2**11) == 2.0**-53


def test_the_normal_quantile_is_exact_into_the_tails():
    p = np.concatenate([np.linspace(1e-3, 0.5, 400), 0.5 ** np.arange(2.0, 65.0), [0.075, 1.388e-11, 1.389e-11]])
    z = fn(lambda p: vec(len(p), lambda i: upper_quantile(p[i])))(p)
    np.testing.assert_allclose(z, -ndtri(p), rtol=3e-15, atol=1e-16)
    ends = fn(
        lambda: (standard_normal(Index[1](0), Index[1](0)), standard_normal(Index[2**32](2**31), Index[1](0)))
    )()
    np.testing.assert_allclose(ends, (-ndtri(2.0**-64), ndtri(2.0**-64)), rtol=1e-14)


def test_derivatives_by_location_and_scale_are_those_of_the_path():
    @fn
    def path(p: Vec[Real, 3], key: random.Key) -> Real:
        def step(x: Real, t: Index) -> Real:
            k = random.fold_in(key, t)
            return x * random.uniform(k, (), 0.5, p[0]) + random.normal(k, (), p[1], p[2]) + random.exponential(k)

        return scan(step, 1.0, 8)

    p, key, h = np.array([1.5, 0.2, 0.7]), random.key(3), 1e-5
    differences = [(path(p + h * d, key) - path(p - h * d, key)) / (2.0 * h) for d in np.eye(3)]
    both: Any = grad(path)(p, key)
    found, none = both
    np.testing.assert_allclose(found, differences, rtol=1e-8)
    assert none.high is None and none.low is None
    assert jvp(path)(p, key, np.array([0.0, 0.0, 1.0]), None)[1] == pytest.approx(differences[2], rel=1e-8)


def test_keys_travel_as_carries():
    def step(key: Any, i: Any):
        following, now = random.split(key)
        return following, random.uniform(now)

    last, outputs = fn(lambda key: scan(step, key, 4))(random.key(9))
    key = random.key(9)
    for i in range(4):
        key, now = random.split(key)
        assert outputs[i] == fn(lambda k: random.uniform(k))(now)
    assert last == key


def test_seeds_are_integers_of_64_bits():
    assert random.key(2**40 + 3) == random.Key(2**8, 3) and random.key(-1) == random.key(2**64 - 1)
    assert random.key(np.uint32(7)) == random.key(7)
    assert fn(lambda s: random.key(s)).compile(Index[2**40 + 4])(2**40 + 3) == random.key(2**40 + 3)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (
            lambda k, x: random.uniform(x),
            "Real was found in uniform for the key; expected a key: rosesim.random.key",
        ),
        (lambda k, x: random.fold_in(k, x), "Real was found in fold_in(key, i) for i; expected an integer: annotate"),
        (lambda k, x: random.key(x), "Real was found as a seed"),
        (lambda k, x: random.key(2**64), "the seed 18446744073709551616 was found"),
        (lambda k, x: random.integers(k, (), 3, 3), "a range that may hold 0 of them"),
        (lambda k, x: random.integers(k, (), 0, 2**33), "a range that may hold 8589934592 of them"),
        (lambda k, x: random.integers(k, (), 0, x), "for a bound; expected an integer: annotate"),
        (lambda k, x: random.choice(k, 0), "0 was found in choice; expected a vector, or an integer of at least 1"),
        (lambda k, x: random.choice(k, 3, (), [1.0, x]), "Vec[Real, 2] was found in choice for the weights"),
        (lambda k, x: random.normal(k, x), "normal over a traced number of elements was found"),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_its_line(use: Any, said: str):
    with pytest.raises((TraceError, TypeMismatch)) as caught:
        fn(use)(random.key(0), 1.0)
    assert said in str(caught.value) and str(caught.value.where).startswith(__file__)


@pytest.mark.parametrize("weights", [[-1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [np.nan, 1.0, 1.0]])
def test_weights_that_are_no_shares_are_refused_also_by_a_running_program(weights: Any):
    with pytest.raises(TypeMismatch, match="found in choice for the weights"):
        fn(lambda k: random.choice(k, 3, 10, weights))(random.key(0))

    @fn
    def chosen(k: random.Key, w: Vec[Real, 3]):
        return random.choice(k, 3, 10, w)

    with pytest.raises(ProgramError, match="only zeros was found in choice"):
        chosen(random.key(0), weights)
    assert len(chosen(random.key(0), [0.0, 1.0, 2.0])) == 10


def test_vectors_of_parameters_have_a_draw_for_each_element():
    m, key = np.array([0.0, 10.0, 20.0]), random.key(4)

    @fn
    def all_of(k: random.Key, m: Vec[Real, 3]):
        return {
            "z": random.normal(k, 3), "u": random.uniform(k, (2, 3)), "e": random.exponential(k, 3),
            "normal": random.normal(k, (), m, 1.0), "normal3": random.normal(k, 3, m, 2.0),
            "uniform": random.uniform(k, (2, 3), m, m + 2.0), "column": random.uniform(k, (3, 3), m[:, None], 30.0),
            "exponential": random.exponential(k, (), m + 1.0),
        }  # fmt: skip

    x: dict[str, Any] = all_of(key, m)
    np.testing.assert_allclose(x["normal"], m + x["z"], 1e-14)
    np.testing.assert_allclose(x["normal3"], m + 2.0 * x["z"], 1e-14)
    np.testing.assert_allclose(x["uniform"], m + 2.0 * x["u"], 1e-14)
    np.testing.assert_allclose(x["exponential"], (m + 1.0) * x["e"], 1e-14)
    assert x["column"].shape == (3, 3) and (x["column"] >= m[:, None]).all()
    with pytest.raises(TypeMismatch, match=r"a parameter of shape \(3,\) was found in normal of shape \(2,\)"):
        fn(lambda k, m: random.normal(k, 2, m))(key, m)


def test_one_key_is_no_vector_of_keys():
    with pytest.raises(TypeMismatch, match="one key was found where several were expected"):
        _, _ = random.key(0)


def test_a_star_import_does_not_hide_pythons_own_random():
    names: dict[str, Any] = {}
    exec("from rosesim import *", names)
    assert "random" not in names and rs.random is random
