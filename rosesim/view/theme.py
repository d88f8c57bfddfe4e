"""The colour of each role. A scene may add roles of its own, or override these, in `Scene.colours`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rosesim.ad.support.typeguards import is_dict, is_list
from rosesim.scenes.errors import SceneError

Colour = tuple[int, int, int]

# The colours also differ in lightness, so that a picture is readable in greyscale.
ROLES: dict[str, str] = {
    "background": "#f6f4ef",
    "panel": "#ffffff",
    "ink": "#22252b",
    "muted": "#8b8f98",
    "grid": "#e3e1db",
    "ground": "#5b5347",
    "body": "#3b3f48",
    "goal": "#101216",
    "target": "#2f6fd6",
    "trail": "#2f6fd6",
    "ghost": "#8b8f98",
    "arrow": "#e08a00",
    "gradient": "#d04bb8",
    "positive": "#c8342c",
    "negative": "#2f6fd6",
    "curve": "#2f6fd6",
    # of space
    "sky": "#f6f4ef",
    "floor": "#ebe7de",
    "line": "#cfc9bd",
    # of the window
    "button": "#e7e4dc",
    "hovered": "#d9d5ca",
    "accent": "#22252b",
    "accent-hovered": "#3d424c",
    "on-accent": "#ffffff",
    "warning": "#c8342c",
}

DARK: dict[str, str] = {
    "background": "#16181c",
    "panel": "#1f2227",
    "ink": "#eceae5",
    "muted": "#8b8f98",
    "grid": "#33373e",
    "ground": "#8d8273",
    "body": "#c9ccd3",
    "goal": "#f4f2ec",
    "target": "#6fa3ff",
    "trail": "#6fa3ff",
    "ghost": "#767b85",
    "arrow": "#f0a83c",
    "gradient": "#e87fd4",
    "positive": "#ff7a70",
    "negative": "#6fa3ff",
    "curve": "#7fb0ff",
    "sky": "#1b1e23",
    "floor": "#262a31",
    "line": "#434953",
}
"""The roles of scenes on a dark ground, for web pages; others keep their colours. The lightness is turned over."""


def colours(own: Mapping[str, str]) -> dict[str, Colour]:
    """The colours of all roles, with a scene's own.

    >>> colours({"ball": "#ff0000"})["ball"]
    (255, 0, 0)
    """
    return {role: _rgb(hex_) for role, hex_ in {**ROLES, **own}.items()}


def no_colour(role: str, known: Iterable[str]) -> SceneError:
    """That a drawing names a role that has no colour."""
    return SceneError(
        f"the role {role!r} was drawn, which has no colour; expected one of {', '.join(sorted(known))}, or one of "
        f'the scene\'s own, as in colours = {{"{role}": "#5b8ff9"}}'
    )


def check_roles(template: Any, own: Mapping[str, str], what: str) -> None:
    """SceneError where a traced drawing names a role that has no colour."""
    known = {**ROLES, **own}
    if is_list(template):
        for part in template:
            check_roles(part, own, what)
    elif is_dict(template):
        role = template.get("role")
        if isinstance(role, str) and role not in known:
            raise SceneError(f"{what}: {no_colour(role, known)}")
        for part in template.values():
            check_roles(part, own, what)


def _rgb(hex_: str) -> Colour:
    digits = hex_.removeprefix("#")
    if len(digits) != 6:
        raise ValueError(f"a colour is written as #rrggbb, not {hex_!r}")
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
