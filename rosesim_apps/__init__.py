"""The apps of a checkout: an editable install finds `rosesim_apps.NAME` in the folder apps/NAME.

A wheel does not hold this file; there the apps lie in `rosesim_apps` themselves.
"""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parent.parent / "apps")]
