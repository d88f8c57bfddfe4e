"""The gallery shows every scene, as its README does, with a picture that exists."""

import importlib.util
import re
from pathlib import Path
from typing import Any

from rosesim.scenes.registry import scene_names

ROOT = Path(__file__).parents[2]


def gallery() -> Any:
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "figures" / "gallery.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_gallery_is_made_from_the_scenes_of_today():
    made = gallery()
    assert set(made.ORDER) == {name for name in scene_names() if (ROOT / "apps" / name).is_dir()}
    assert (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8") == made.page()


def test_every_picture_of_the_documentation_exists_and_is_no_burden():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "apps").glob("*/README.md")]
    for page in pages:
        for name in re.findall(r"!\[.*?\]\((.*?)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / name).stat().st_size < 1_500_000, f"{page}: {name}"


def test_every_scene_has_a_moving_picture():
    pictures = re.findall(r"!\[.*?\]\(\.\./(apps/.*?)\)", gallery().page())
    assert len(pictures) == len(gallery().ORDER)
    for picture in pictures:
        assert picture.endswith(".gif") and (ROOT / picture).read_bytes()[:6] == b"GIF89a"
