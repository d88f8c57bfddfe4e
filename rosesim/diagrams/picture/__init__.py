"""Pictures: shapes whose numbers are known, as SVG and PNG.

shapes = shown(problem, x)                      # a problem's shapes at given inputs
text = svg(shapes, problem.canvas)              # a document; equations are outlines
file.write_bytes(png(text, scale=2.0))
text, nodes = slotted(problem.shapes, ...)      # a document with slots, for numbers that are not known yet
"""

from rosesim.diagrams.picture.document import sized, slotted, svg
from rosesim.diagrams.picture.known import shown
from rosesim.diagrams.picture.raster import png

__all__ = ["png", "shown", "sized", "slotted", "svg"]
