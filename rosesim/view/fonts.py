"""The fonts of pictures: one face on every machine, because it comes with Pillow."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pygame

CAPITALS = 0.72
"""Height of a capital letter as a part of the font's size."""


def font(height: float, text: str) -> pygame.font.Font:
    """The font whose capitals are `height` pixels high, for that text.

    Aileron, which comes with Pillow, has ASCII and little more. Other texts use pygame's own font, which is bolder
    and has Greek and mathematical signs too.
    """
    return _opened(max(6, round(height / CAPITALS)), text.isascii())


@functools.lru_cache(maxsize=64)
def _opened(size: int, plain: bool) -> pygame.font.Font:
    import pygame.font

    if not pygame.font.get_init():
        pygame.font.init()
    return pygame.font.Font(io.BytesIO(_aileron()) if plain else None, size)


@functools.cache
def _aileron() -> bytes:
    from PIL import ImageFont

    face = ImageFont.load_default(16)
    assert isinstance(face, ImageFont.FreeTypeFont)  # all of Pillow's wheels have FreeType
    return face.font_bytes
