"""Pictures as PNG files.

resvg draws them (MPL 2.0 or MIT; a wheel of 3 MB that needs nothing of the system). CairoSVG needs the library cairo,
which pip does not install; a browser is 100 MB.
"""

from __future__ import annotations

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.labels.texts import font_files


def png(svg: str, scale: float = 1.0, background: str | None = "#ffffff") -> bytes:
    """The picture as a PNG file: `scale` pixels per unit of its view box, on a colour, or on nothing if None.

    Texts are drawn in the fonts that measured them, unless this machine has the family that they ask for.
    Raises `DiagramError` where the extra is missing or the text is no SVG.

    >>> png('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><rect width="4" height="4"/></svg>')[1:4]
    b'PNG'
    """
    try:
        import resvg_py
    except ImportError:
        sentence = "PNG files need the package resvg-py; install it with `pip install rosesim[diagrams]`"
        raise DiagramError(Fault("MissingExtra", sentence)) from None
    try:
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg,
                background=background,
                zoom=scale,
                font_files=[str(file) for file in font_files().values()],
                font_family="STIX Two Math",
                serif_family="STIX Two Math",
                sans_serif_family="DejaVu Sans",
                monospace_family="DejaVu Sans",
            )
        )
    except ValueError as error:
        raise DiagramError(Fault("InvalidPicture", f"the picture cannot be drawn: {error}")) from error
