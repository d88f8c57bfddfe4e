"""Time in the viewer, and the losses that it keeps."""

import itertools

import pytest

from rosesim.view.history import MOST, History
from rosesim.view.player import HOLD_SECONDS, REPLAY_SECONDS, SPEEDS, Player


def test_a_replay_takes_its_seconds_whatever_the_number_of_states():
    for states in (2, 301, 100_001):
        player = Player(states)
        for _ in range(60):
            player.advance(REPLAY_SECONDS / 120)
        assert player.time == pytest.approx((states - 1) / 2)
        player.advance(REPLAY_SECONDS / 2 + 1e-6)
        assert player.index == player.last == states - 1


def test_the_end_stays_for_a_while_then_it_begins_again():
    player = Player(101)
    player.seek(100)
    player.advance(0.9 * HOLD_SECONDS)
    assert player.index == 100
    player.advance(0.2 * HOLD_SECONDS)
    assert player.index == 0 and player.playing


def test_no_time_passes_while_it_is_paused():
    player = Player(101, playing=False)
    player.advance(10.0)
    assert player.index == 0


def test_steps_and_seeks_stop_at_the_ends():
    player = Player(11)
    player.step(-1)
    assert player.index == 0 and not player.playing
    player.step(1)
    assert player.index == 1
    player.seek(99)
    assert player.index == 10
    player.step(1)
    assert player.index == 10


def test_play_at_the_end_begins_anew():
    player = Player(11, time=10.0, playing=False)
    player.toggle()
    assert player.playing and player.index == 0
    player.seek(10)
    player.toggle()
    assert not player.playing and player.index == 10


def test_the_scrub_bar_reaches_every_part_and_pauses():
    player = Player(1001)
    player.scrub(0.25)
    assert (player.index, player.part, player.playing) == (250, 0.25, False)
    player.scrub(1.0)
    assert player.index == 1000


def test_speed_changes_the_pace_by_notches_between_its_ends():
    player = Player(1001)
    player.change_speed(-1)
    player.advance(REPLAY_SECONDS / 10)
    assert player.index == 50
    for _ in range(20):
        player.change_speed(1)
    assert player.speed == SPEEDS[-1]
    for _ in range(20):
        player.change_speed(-1)
    assert player.speed == SPEEDS[0]


def test_a_scene_of_one_state_can_be_shown():
    player = Player(1)
    player.advance(5.0)
    assert (player.index, player.part) == (0, 0.0)


def test_a_history_of_any_length_is_bounded_even_and_ends_with_the_newest():
    history = History()
    for i in range(12_345):
        history.add(i, float(i))
    points = history.points
    assert len(points) <= MOST and points[0] == (0, 0.0) and points[-1] == (12_344, 12_344.0)
    gaps = {b - a for (a, _), (b, _) in itertools.pairwise(points[:-1])}
    assert len(gaps) == 1


def test_going_on_from_an_earlier_iteration_forgets_the_later_ones():
    history = History.of([5.0, 4.0, 3.0, 2.0])
    history.add(2, 9.0)
    assert history.points == [(0, 5.0), (1, 4.0), (2, 9.0)]
    history.add(2, 8.0)
    assert history.points == [(0, 5.0), (1, 4.0), (2, 8.0)]
