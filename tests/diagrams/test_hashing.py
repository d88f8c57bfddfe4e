"""Maps iterate as Immutable's do."""

import random

from rosesim.diagrams.style.hashing import OrderedMap, scope_hash, string_hash, string_rank, trie_rank


def filled(names: str) -> OrderedMap[str, int]:
    found: OrderedMap[str, int] = OrderedMap(string_rank)
    for i, name in enumerate(names):
        found[name] = i
    return found


def test_a_string_hashes_as_in_java():
    assert string_hash("icon") == 3226745  # "icon".hashCode()
    assert string_hash("") == 0


def test_a_hash_has_31_bits_so_the_two_highest_agree():
    for text in ("center", "a longer name", "θ", "\U0001d465", "x" * 100):
        assert string_hash(text) >> 31 == string_hash(text) >> 30 & 1


def test_eight_entries_stand_in_order_of_insertion():
    assert list(filled("hgfedcba")) == list("hgfedcba")


def test_a_removal_moves_the_last_of_few_entries_into_the_gap():
    found = filled("abcd")
    del found["b"]
    assert list(found) == ["a", "d", "c"]
    del found["c"]
    assert list(found) == ["a", "d"]


def test_nine_entries_stand_by_hash_and_stay_so():
    found = filled("ihgfedcba")
    by_hash = sorted("ihgfedcba", key=lambda c: trie_rank(ord(c)))
    assert list(found) == by_hash
    del found["c"]
    del found["d"]
    assert list(found) == [c for c in by_hash if c not in "cd"]
    found["c"] = 0
    assert list(found) == [c for c in by_hash if c != "d"]


def test_an_assignment_to_a_known_key_keeps_its_place():
    found = filled("abc")
    found["a"] = 7
    assert found.items() == [("a", 7), ("b", 1), ("c", 2)]


def test_five_bits_from_the_lowest_decide_first():
    hashes = [0b1_00000, 0b00001, 0b1_00001, 0b00000]
    assert sorted(hashes, key=trie_rank) == [0b00000, 0b1_00000, 0b00001, 0b1_00001]


def test_scopes_hash_by_block_and_match():
    pairs = [(b, m) for b in range(30) for m in range(30)]
    assert len({scope_hash(*p) for p in pairs}) == len(pairs)


def test_any_history_leaves_the_same_entries_as_a_dictionary():
    rng = random.Random(1)
    found: OrderedMap[str, int] = OrderedMap(string_rank)
    plain: dict[str, int] = {}
    for i in range(400):
        name = rng.choice("abcdefghijkl")
        if name in plain and rng.random() < 0.5:
            del found[name]
            del plain[name]
        else:
            found[name] = plain[name] = i
        assert dict(found.items()) == plain
