"""Pictures: shapes whose numbers are known, as SVG and PNG.

shapes = shown(problem, x)                      # a problem's shapes at given inputs
text = svg(shapes, problem.canvas)              # a document; equations are outlines
file.write_bytes(png(text, scale=2.0))
"""

from rosesim.diagrams.picture.document import sized, svg
from rosesim.diagrams.picture.known import shown
from rosesim.diagrams.picture.raster import png

__all__ = ["png", "shown", "sized", "svg"]
