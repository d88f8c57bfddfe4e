"""Pictures: what a scene draws reaches the pixels, and files hold what was painted."""

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import imageio.v3 as iio
import numpy as np
import pytest

from rosesim.scenes import Camera, Canvas, OneOf
from rosesim.scenes.canvas import Primitive
from rosesim.scenes.colours import shaded
from rosesim.view import Box, render, write_gif, write_png
from rosesim.view.curve import loss_curve
from rosesim.view.theme import colours

ROOT = Path(__file__).parents[2]
COLOURS = colours({"red": "#ff0000"})
RED = np.array([255, 0, 0])


def painted(canvas: Canvas, size: int = 200) -> np.ndarray:
    return render((size, size), [(canvas, Box(0, 0, size, size))], COLOURS)


def redness(pixels: np.ndarray) -> np.ndarray:
    """How much of each pixel is covered with red on the background, 0 to 1."""
    background = np.array(COLOURS["background"], dtype=float)
    return (pixels - background) @ (RED - background) / ((RED - background) @ (RED - background))


def test_a_disc_covers_its_area_around_its_centre():
    canvas = Canvas((0, 0, 1, 1))
    canvas.circle((0.3, 0.8), 0.1, "red")
    covered = redness(painted(canvas))
    assert covered.sum() == pytest.approx(np.pi * 0.1**2 * 200**2, rel=0.03)
    rows, columns = np.mgrid[:200, :200] + 0.5
    centre = (covered * columns).sum() / covered.sum(), (covered * rows).sum() / covered.sum()
    assert centre == pytest.approx((60, 40), abs=0.5)  # y points up: 0.8 is in the fifth part from the top


def test_edges_are_antialiased():
    canvas = Canvas((0, 0, 1, 1))
    canvas.line([(0.1, 0.1), (0.9, 0.5)], "red", width=0.02)
    covered = redness(painted(canvas))
    assert np.logical_and(covered > 0.2, covered < 0.8).sum() > 100
    assert covered.sum() == pytest.approx(np.hypot(0.8, 0.4) * 0.02 * 200**2 + np.pi * 2**2, rel=0.05)


def test_a_ring_is_centred_on_its_radius():
    canvas = Canvas((0, 0, 1, 1))
    canvas.circle((0.5, 0.5), 0.3, "red", width=0.04)
    row = redness(painted(canvas))[100]
    inside, outside = np.flatnonzero(row > 0.5)[0], np.flatnonzero(row[:100] > 0.5)[-1] + 1
    assert (inside + outside) / 2 == pytest.approx(200 * (0.5 - 0.3), abs=1)
    assert outside - inside == pytest.approx(200 * 0.04, abs=1)


def test_a_faint_path_that_crosses_itself_is_evenly_faint():
    canvas = Canvas((0, 0, 1, 1))
    canvas.line([(0.1, 0.5), (0.9, 0.5), (0.5, 0.9), (0.5, 0.1)], "red", width=0.05, opacity=0.4)
    covered = redness(painted(canvas))
    assert covered[100, 100] == pytest.approx(0.4, abs=0.02)
    assert covered[100, 40] == pytest.approx(0.4, abs=0.02)
    assert covered.max() < 0.45


def test_an_arrow_points_along_its_vector():
    canvas = Canvas((0, 0, 1, 1))
    canvas.arrow((0.2, 0.5), (0.6, 0.0), "red", width=0.02)
    columns = (redness(painted(canvas)) > 0.5).sum(axis=0)
    assert columns[50:120].max() <= 5  # the shaft
    assert columns[142:146].max() > columns[156:160].max() > 0  # the head narrows towards the tip at 160
    assert not columns[162:].any()


def test_a_canvas_keeps_its_aspect_and_stays_in_its_box():
    canvas = Canvas((0, 0, 2, 1))
    canvas.circle((1, 0.5), 5, "red")
    pixels = render((200, 300), [(canvas, Box(50, 100, 100, 100))], COLOURS)
    rows, columns = np.nonzero(redness(pixels) > 0.5)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (100, 199, 50, 149)
    small = Canvas((0, 0, 2, 1))
    small.box((0, 0), (2, 1), "red")
    rows, columns = np.nonzero(redness(render((200, 200), [(small, Box(0, 0, 200, 200))], COLOURS)) > 0.5)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (50, 149, 0, 199)


def test_text_sits_where_it_is_put():
    canvas = Canvas((0, 0, 1, 1))
    canvas.text((0.9, 0.5), "loss", "red", size=0.1, align="right")
    rows, columns = np.nonzero(redness(painted(canvas)) > 0.5)
    assert columns.max() == pytest.approx(180, abs=4)
    assert rows.max() <= 101  # letters stand on the line
    assert 0.06 < (rows.max() - rows.min() + 1) / 200 < 0.12  # and are about as high as asked


def test_an_image_fills_its_box_with_the_first_row_on_top():
    canvas = Canvas((0, 0, 1, 1))
    canvas.image([[1.0, 0.0], [0.0, 0.0]], (0.0, 0.0), (1.0, 1.0))
    pixels = painted(canvas)
    assert pixels[10, 10].tolist() == [255, 255, 255]
    assert pixels[190, 10].tolist() == pixels[10, 190].tolist() == [0, 0, 0]


def test_a_view_of_space_shows_a_ball_where_its_camera_sees_it():
    canvas = Canvas((0, 0, 1, 1))
    camera = Camera((0.0, -10.0, 0.0), (0.0, 0.0, 0.0), 20.0)
    canvas.space(camera, sky="panel").sphere((1.0, 0.0, 0.5), 0.2, "red")
    pixels = painted(canvas)
    x, y = camera.seen((1.0, 0.0, 0.5), (0, 0, len(pixels), len(pixels)))
    assert (x, y) == pytest.approx(
        (len(pixels) * (0.5 + 0.05 / np.tan(np.radians(10))), len(pixels) * (0.5 + 0.025 / np.tan(np.radians(10))))
    )
    red = np.argwhere(pixels[..., 0].astype(int) > pixels[..., 2].astype(int) + 60)
    assert red.mean(axis=0) == pytest.approx([len(pixels) - y, x], abs=1.5)


def test_mistakes_in_a_drawing_are_named():
    canvas = Canvas((0, 0, 1, 1))
    canvas.circle((0, 0), 1, "reed")
    with pytest.raises(ValueError, match="the role 'reed' was drawn, which has no colour"):
        painted(canvas)
    with pytest.raises(ValueError, match="three or more corners; 2"):
        canvas.polygon([(0, 0), (1, 1)], "red")
    with pytest.raises(ValueError, match=r"shape \(n, 2\), not \(3,\)"):
        canvas.line([1, 2, 3], "red", width=1)
    with pytest.raises(ValueError, match="left < right"):
        Canvas((1, 0, 0, 1))
    with pytest.raises(ValueError, match="#rrggbb"):
        colours({"red": "ff00"})


def test_the_manual_lists_what_a_canvas_draws_and_this_file_measures_it():
    drawn = {name for name, f in vars(Canvas).items() if inspect.isfunction(f) and not name.startswith("_")}
    assert len(drawn) >= len(get_args(Primitive))
    page = (ROOT / "docs" / "scenes.md").read_text(encoding="utf-8")
    table = "".join(line for line in page.splitlines() if line.startswith("| `"))
    assert drawn <= set(re.findall(r"`(\w+)\(", table))
    own = Path(__file__).read_text(encoding="utf-8")
    assert all(f"canvas.{name}(" in own or f"small.{name}(" in own for name in drawn)


def test_nothing_breaks_far_outside_or_at_no_length():
    canvas = Canvas((0, 0, 1, 1))
    canvas.circle((1e30, 0.5), 0.1, "red", opacity=0.5)
    canvas.line([(0.5, 0.5), (0.5, 0.5)], "red", width=0.0)
    canvas.line([], "red", width=0.1)
    canvas.arrow((0.5, 0.5), (0.0, 0.0), "red", width=0.1)
    assert redness(painted(canvas))[:90].max() < 0.01


def test_a_png_holds_the_pixels(tmp_path):
    picture = painted(Canvas((0, 0, 1, 1)))
    write_png(tmp_path / "new" / "a.png", picture)
    assert np.array_equal(iio.imread(tmp_path / "new" / "a.png"), picture)


def test_a_gif_shows_every_frame_for_its_time_with_one_palette(tmp_path):
    frames = []
    for k in range(12):
        canvas = Canvas((0, 0, 1, 1))
        canvas.circle((0.2 + 0.05 * k, 0.5), 0.1, "red")
        frames.append(painted(canvas, 80))
    file = tmp_path / "a.gif"
    write_gif(file, frames, [0.1] * 11 + [1.0])
    shown = iio.imread(file)
    assert shown.shape == (12, 80, 80, 3)
    difference = np.abs(shown.astype(int) - np.stack(frames).astype(int))
    assert difference.mean() < 2 and difference.max() < 40
    assert iio.immeta(file, index=11)["duration"] == 1000
    colours_ = len(np.unique(shown.reshape(-1, 3), axis=0))
    assert colours_ <= 128


def test_the_loss_curve_ends_at_the_iteration_shown():
    losses = [1.0, 0.1, 0.01, 0.001]
    dots = [loss_curve(list(enumerate(losses)), now, (300, 300)).primitives[-1] for now in range(4)]
    places = [d.centre for d in dots]  # pyright: ignore[reportAttributeAccessIssue] -- the last one is the dot
    assert np.allclose(np.diff(places, axis=0), np.diff(places, axis=0)[0])  # a straight line on a logarithmic axis
    assert np.all(np.diff(places, axis=0) * [1, -1] > 0)


@pytest.mark.parametrize(
    "losses", [[1.0], [-0.25, -0.5], [0.0, 0.0], [1.0, float("nan")], [float("inf")], [1e-300, 1e300]]
)
def test_the_loss_curve_takes_what_a_run_may_give(losses):
    canvas = loss_curve(list(enumerate(losses)), len(losses) - 1, (60, 60))
    assert render((60, 60), [(canvas, Box(0, 0, 60, 60))], COLOURS).shape == (60, 60, 3)


def test_drawing_needs_neither_a_display_nor_pygame_until_pixels_are_asked_for():
    program = (
        "import sys; from rosesim.scenes import Canvas; from rosesim.view import render, Box\n"
        "c = Canvas((0, 0, 1, 1)); c.circle((0, 0), 1, 'ink')\n"
        "assert not {'pygame', 'imageio', 'PIL'} & set(sys.modules)\n"
        "render((8, 8), [(c, Box(0, 0, 8, 8))], {'ink': (0, 0, 0), 'background': (9, 9, 9)})\n"
        "import pygame; print(pygame.display.get_init())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"  # nor does pygame greet


def test_many_circles_are_painted_as_single_ones():
    many, single = Canvas((0, 0, 1, 1)), Canvas((0, 0, 1, 1))
    at, radius = np.array([(0.2, 0.3), (0.5, 0.5), (0.55, 0.5), (np.nan, 0.5), (0.8, 0.1)]), np.linspace(0.05, 0.1, 5)
    role = OneOf(("red", "ink"), np.array([0, 1, 0, 1, 1]))
    canvas = many
    canvas.circles(at, radius, role, which=[1, 2, 3, 0], depth=np.array([0.0, 1.0, 2.0, 0.5, 9.0]))
    canvas.circles(at, 0.02, "ink", opacity=np.array([0.5, 0.0, 1.0, 1.0, 1.0]), which=[0, 1, 4])
    canvas.circles(at, 0.04, "red", width=0.01, which=[4])
    for k in (2, 1, 0):  # the largest depth first
        single.circle(at[k], radius[k], ("red", "ink")[k % 2], width=0.0)
    single.circle(at[0], 0.02, "ink", opacity=0.5)
    single.circle(at[4], 0.02, "ink")
    single.circle(at[4], 0.04, "red", width=0.01)
    assert np.array_equal(painted(many), painted(single))
    with pytest.raises(ValueError, match=r"centres have the shape \(n, 2\), not \(2,\)"):
        canvas.circles((0.0, 0.0), 0.1, "red")


def test_segments_and_arrows_are_lines_and_arrows():
    canvas, single = Canvas((0, 0, 1, 1)), Canvas((0, 0, 1, 1))
    points, width = [(0.1, 0.1), (0.9, 0.2), (0.5, 0.9)], [0.01, 0.03]
    canvas.segments(points, np.array([[0, 1], [2, 0]]), OneOf(("red", "ink"), [1.0, 0.2]), width=width)
    canvas.arrows(points, [(0.1, 0.0), (0.0, 0.0), (0.0, -0.2)], "red", width=0.02)
    single.line([points[0], points[1]], "ink", width=0.01)
    single.line([points[2], points[0]], "red", width=0.03)
    single.arrow(points[0], (0.1, 0.0), "red", width=0.02)
    single.arrow(points[2], (0.0, -0.2), "red", width=0.02)
    assert canvas.primitives == single.primitives


def test_a_field_has_the_colours_of_its_palette_and_a_surface_is_lit():
    canvas, single = Canvas((0, 0, 1, 1)), Canvas((0, 0, 1, 1))
    values = np.linspace(-1.0, 3.0, 12).reshape(3, 4)
    canvas.image(values, (0, 0), (1, 1), palette=[(0, 0, 0), (1, 0, 0), (1, 1, 1)], least=-1.0, greatest=3.0)
    canvas.lit(values, (0, 0), (0.5, 0.5), steepness=2.0)
    part = (values + 1.0) / 4.0
    single.image(np.stack([np.minimum(2 * part, 1), *[np.maximum(2 * part - 1, 0)] * 2], -1), (0, 0), (1, 1))
    single.image(shaded(values, 2.0), (0, 0), (0.5, 0.5))
    assert np.array_equal(painted(canvas), painted(single))
