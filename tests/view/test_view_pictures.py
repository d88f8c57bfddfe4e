"""Pictures of an optimisation: movies and contact sheets, by the code that draws the window."""

from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image, ImageSequence
from viewing import CASES, opened

from rosesim.scenes import Canvas
from rosesim.train import train
from rosesim.view import attempts, contact_sheet, movie, write_gif, write_mp4
from rosesim.view.movie import FRAMES, Frame
from rosesim.view.painter import View
from rosesim.view.panel import Panel
from rosesim.view.raster import Box, render
from rosesim.view.sheet import COLUMNS
from rosesim.view.theme import colours

NAMES = list(CASES)


@pytest.fixture(scope="module", params=NAMES)
def shown(request: pytest.FixtureRequest) -> Any:
    """A scene, its attempts, its losses, and the movie of them."""
    scene, beginning = opened(request.param)
    run = train(scene, inputs=beginning.inputs, iterations=4)
    made = attempts(scene, beginning.inputs, run.attempts, run.losses)
    frames, seconds = movie(scene, beginning.inputs, made, run.losses)
    return request.param, scene, beginning.inputs, made, run.losses, frames, seconds


def test_a_movie_shows_every_attempt_and_lingers_at_its_end(shown: Any):
    _, _, _, made, _, frames, seconds = shown
    assert [a.iteration for a in made] == [0, 1, 2, 4]
    assert len(frames) == len(seconds) == FRAMES * len(made)
    ends = [k for k, s in enumerate(seconds) if s > min(seconds)]
    assert ends == [FRAMES * (k + 1) - 1 for k in range(len(made))]
    assert seconds[-1] == max(seconds)
    assert all(f.shape == frames[0].shape for f in frames)
    assert frames[0].shape[0] % 2 == frames[0].shape[1] % 2 == 0


def test_a_frame_shows_a_thing_where_it_is(shown: Any):
    name, scene, _, made, _, frames, _ = shown
    box = Frame.of(scene).scene
    view = View(scene.extent, (box.left, box.top, box.width, box.height))
    wanted = colours(scene.colours)[CASES[name].role]
    for k in range(len(made)):
        where = CASES[name].thing(made[k].trajectory[-1])
        x, y = view.pixel((float(where[0]), float(where[1])))
        pixel = frames[FRAMES * (k + 1) - 1][int(y), int(x)].astype(int)
        assert np.abs(pixel - wanted).max() <= 12


def test_the_caption_and_the_curve_change_with_the_attempt_alone(shown: Any):
    _, scene, _, _, _, frames, _ = shown
    where = Frame.of(scene)
    for box in (where.caption, where.curve):
        cut = lambda f, b=box: f[b.top : b.top + b.height, b.left : b.left + b.width]
        assert np.array_equal(cut(frames[0]), cut(frames[FRAMES - 1]))
        assert not np.array_equal(cut(frames[0]), cut(frames[FRAMES]))


def test_a_gif_is_small_enough_for_a_readme(shown: Any, tmp_path: Path):
    *_, frames, seconds = shown
    write_gif(tmp_path / "a.gif", frames, seconds)
    assert (tmp_path / "a.gif").stat().st_size < 3e6 * len(frames) / (8 * FRAMES)


def test_a_gif_shows_the_frames_in_their_time_and_a_still_one_for_longer(tmp_path: Path):
    """Only what changes is written; what is read back are whole frames."""
    first = np.full((12, 20, 3), 250, np.uint8)
    second, third = first.copy(), first.copy()
    second[3:5, 4:9] = (200, 30, 30)
    third[7:11, 15:] = (30, 30, 200)
    write_gif(tmp_path / "a.gif", [first, second, second, second, third], [0.1, 0.2, 0.3, 0.05, 0.4])
    with Image.open(tmp_path / "a.gif") as gif:
        read = [(np.asarray(frame.convert("RGB")), frame.info["duration"]) for frame in ImageSequence.Iterator(gif)]
    assert [duration for _, duration in read] == [100, 550, 400]
    for (found, _), wanted in zip(read, (first, second, third), strict=True):
        assert np.abs(found.astype(int) - wanted).max() < 8


def test_a_video_can_be_read_back_and_shows_the_frames_in_their_time(shown: Any, tmp_path: Path):
    *_, frames, seconds = shown
    file = tmp_path / "new" / "a.mp4"
    write_mp4(file, frames[: FRAMES + 5], seconds[: FRAMES + 5])
    read = iio.imread(file)
    assert read.shape[1:] == frames[0].shape
    assert len(read) == sum(round(25 * s) for s in seconds[: FRAMES + 5])
    assert np.abs(read[3].astype(int) - frames[3].astype(int)).mean() < 4
    assert np.abs(read[-1].astype(int) - frames[FRAMES + 4].astype(int)).mean() < 4
    assert iio.immeta(file)["fps"] == 25.0


def test_a_video_of_odd_sides_gets_even_ones(tmp_path: Path):
    write_mp4(tmp_path / "a.mp4", [np.full((31, 45, 3), 200, np.uint8)] * 3, [0.04] * 3)
    assert iio.imread(tmp_path / "a.mp4").shape == (3, 32, 46, 3)


def test_a_contact_sheet_shows_iterations_by_times(shown: Any):
    name, scene, inputs, made, losses, _, _ = shown
    sheet = contact_sheet(scene, inputs, made, losses)
    wanted = np.array(colours(scene.colours)[CASES[name].role])
    same = (np.abs(sheet.astype(int) - wanted).max(axis=2) <= 12).sum()
    once = np.pi * {"billiards": 0.03, "mass_spring": 0.011}[name] ** 2
    left, bottom, right, top = scene.extent
    cell = 60_000  # pixels of a picture of the scene
    per_picture = once / ((right - left) * (top - bottom)) * cell
    assert same == pytest.approx(len(made) * COLUMNS * per_picture, rel=0.35)  # the rims are mixed, lines cross


def test_a_panel_that_repaints_what_changed_shows_what_a_new_painting_would():
    rng = np.random.default_rng(3)
    theme = colours({})
    box, extent = Box(0, 0, 120, 90), (0.0, 0.0, 4.0, 3.0)
    panel = Panel(box, extent, theme, layers=2)
    things = [(*rng.uniform(-1, 5, 2), rng.uniform(0.05, 0.6)) for _ in range(12)]
    for _ in range(30):
        k = rng.integers(len(things))
        things[k] = (*rng.uniform(-1, 5, 2), rng.uniform(0.05, 0.6))
        if rng.random() < 0.2:
            things.pop(rng.integers(len(things)))
        layers = Canvas(extent), Canvas(extent)
        for j, (x, y, r) in enumerate(things):
            canvas = layers[j % 2]
            canvas.circle((x, y), r, "trail", opacity=(1.0, 0.5)[j % 3 == 0])
            canvas.line([(x, y), (y, x), (1, 1)], "ink", width=0.05, opacity=(1.0, 0.4)[j % 4 == 0])
            canvas.text((x, y), f"{j}", "gradient", size=0.3)
        panel.show(*layers)
        together = [(layer, box) for layer in layers]
        assert np.array_equal(panel.pixels, render((box.width, box.height), together, theme))
        things.append((*rng.uniform(-1, 5, 2), rng.uniform(0.05, 0.6)))


def test_a_panel_paints_little_where_little_changes(monkeypatch: pytest.MonkeyPatch):
    from rosesim.view.raster import Sheet

    areas: list[int] = []
    averaged = Sheet.averaged

    def noted(self: Sheet, part: tuple[int, int, int, int]) -> Any:
        areas.append((part[2] - part[0]) * (part[3] - part[1]))
        return averaged(self, part)

    monkeypatch.setattr(Sheet, "averaged", noted)
    panel = Panel(Box(0, 0, 300, 300), (0.0, 0.0, 1.0, 1.0), colours({}))
    for x in (0.5, 0.5, 0.51, 7.0, 8.0):
        canvas = Canvas((0.0, 0.0, 1.0, 1.0))
        canvas.circle((0.1, 0.1), 0.05, "ink")
        canvas.circle((x, 0.5), 0.02, "ink")
        panel.show(canvas)
    assert areas[0] == 300 * 300  # all, then nothing, a ball that moves, one that leaves, nothing
    assert len(areas) == 3 and max(areas[1:]) < 50 * 50


def test_billiards_reads_in_greyscale():
    """The table and the things on it differ by their lightness, of 255."""
    scene, _ = opened("billiards")
    theme = colours(scene.colours)
    grey = sorted(np.dot(theme[role], [0.299, 0.587, 0.114]) for role in ("goal", "table", "ball", "target", "cue"))
    assert np.diff(grey).min() > 40
