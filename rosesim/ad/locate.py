"""Where in the user's program we are."""

from __future__ import annotations

import sys
from pathlib import Path

from rosesim.ad.ir import Where

_OURS = str(Path(__file__).resolve().parent.parent) + "/"
_MACHINERY = ("<frozen", "<string>", "<__array_function__")


def here() -> Where | None:
    """The innermost line that is neither rosesim's nor Python's own machinery."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] -- the only way without a traceback object
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_OURS) and not file.startswith(_MACHINERY) and "/functools.py" not in file:
            return Where(file, frame.f_lineno)
        frame = frame.f_back
    return None
