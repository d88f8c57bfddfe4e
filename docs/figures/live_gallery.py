"""The gallery in which every picture is alive: `python docs/figures/live_gallery.py [FILE]` writes docs/gallery.html.

Large scenes are there at sizes that a page can carry; each says which.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gallery import ORDER

from rosesim.scenes import configure, find_scene
from rosesim.web.gallery import Entry, gallery

SETTINGS = {
    "diffmpm3d": ["n=32", "steps=200"],
    "electric": ["path=fixed"],
    "smoke": ["n=64", "steps=60"],
    "volume_renderer": ["n=32", "pixels=96", "samples=60"],
    "water_renderer": ["n=48"],
    "wave": ["n=64"],
}
"""Settings and inputs that are not the published ones."""


def entries() -> list[Entry]:
    """All scenes, in the manual's order."""
    made: list[Entry] = []
    for name in ORDER:
        settings = SETTINGS.get(name, [])
        note = f"Here with {', '.join(settings)}." if settings else ""
        made.append(Entry(*configure(find_scene(name), settings), note))
    return made


if __name__ == "__main__":
    file = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "gallery.html")
    file.write_text(gallery(entries()), encoding="utf-8")
    print(f"wrote {file.name}, {file.stat().st_size / 1000:.0f} kB")
