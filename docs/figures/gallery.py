"""docs/gallery.md, from the READMEs of the scenes: for each scene its picture and the command that makes it.

    python docs/figures/gallery.py

A scene's README begins with its title, says in its first paragraph what the scene is, and has a picture
and indented commands. The page shows the first command that writes a file of the picture's kind.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ORDER = (
    "billiards whip mass_spring rigid_body diffmpm diffmpm3d diffmpm_simple electric wave water_renderer smoke "
    "volume_renderer mass_spring_simple robot identify bounce growth fly_by box_friction"
).split()
HEAD = (
    "# Gallery\n\n"
    "Every scene, what it is, and the command that made its picture. Each folder says what is tuned, the "
    "settings and what we corrected; what can go wrong, lesson by lesson, is in [lessons.md](lessons.md). This "
    "page is made from the scenes' READMEs by `python docs/figures/gallery.py`.\n"
)


def entry(name: str) -> str:
    """A scene's part of the page."""
    text = (ROOT / "apps" / name / "README.md").read_text(encoding="utf-8")
    title, what = text.split("\n\n")[:2]
    picture = re.search(r"!\[(.*?)\]\((.*?)\)", text)
    if picture is None:
        raise SystemExit(f"apps/{name}/README.md has no picture")
    kind = Path(picture[2]).suffix.removeprefix(".")
    writes = rf"^    ((?:rosesim|python) .*(?:--{kind}|docs/figures).*?)(?:  .*)?$"
    command = re.search(writes, text, flags=re.MULTILINE)
    if command is None:
        raise SystemExit(f"apps/{name}/README.md has no command that writes a {kind} file")
    # A link of the README begins in its folder, one of the page in docs/.
    moved = re.sub(
        r"\]\((?![a-z]+://|#)(.*?)\)", lambda m: f"]({posixpath.normpath(f'../apps/{name}/{m[1]}')})", what
    )
    image = f"![{picture[1]}](../apps/{name}/{picture[2]})"
    return f"## [{title.removeprefix('# ')}](../apps/{name})\n\n{moved}\n\n{image}\n\n    {command[1]}\n"


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *map(entry, ORDER)])


if __name__ == "__main__":
    (ROOT / "docs" / "gallery.md").write_text(page(), encoding="utf-8")
