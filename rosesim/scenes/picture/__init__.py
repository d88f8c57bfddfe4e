"""A scene's picture as programs: what it draws is traced like its step, once, and runs without Python.

A *layer* (`backdrop`, `draw`, `ghost`) is a function of the language that computes numbers and arrays, its *outputs*,
and a *template* that says what is drawn with them. The template is plain JSON: a list of calls of the canvas, in
order. Each is an object with the name of a method of `rosesim.scenes.Canvas` as its `kind`, and that method's
arguments as the other fields. All arguments are there, defaults too:

    {"kind": "circle", "centre": P, "radius": N, "role": R, "width": N, "opacity": N}
    {"kind": "circles", "centres": A, "radius": N or A, "role": R, "width": N, "opacity": N or A,
                        "which": null or [int], "depth": null or A}
    {"kind": "line", "points": A, "role": R, "width": N, "opacity": N}
    {"kind": "segments", "points": A, "ends": [[int, int]], "role": R, "width": N or A, "opacity": N or A}
    {"kind": "polygon", "points": A, "role": R, "opacity": N}
    {"kind": "box", "low": P, "high": P, "role": R, "opacity": N}
    {"kind": "arrow", "tail": P, "vector": P, "role": R, "width": N, "opacity": N}
    {"kind": "arrows", "tails": A, "vectors": A, "role": R, "width": N, "opacity": N}
    {"kind": "text", "at": P, "text": T, "role": R, "size": N, "align": "left", "centre" or "right"}
    {"kind": "image", "pixels": A, "low": P, "high": P, "palette": null or [[r, g, b]], "least": N, "greatest": N}
    {"kind": "lit", "height": A, "low": P, "high": P, "steepness": N}
    {"kind": "space", "camera": {"eye": A, "target": A, "field": N}, "light": A, "sky": R, "low": null or P,
                      "high": null or P, "bodies": [calls]}

The calls of `bodies` are those of `rosesim.scenes.space.Space`, in the same form. Places, sizes and turns are A:

    {"kind": "ground", "height": N, "role": R, "cell": N, "line": R}
    {"kind": "sphere", "centre": A, "radius": N, "role": R}
    {"kind": "spheres", "centres": A, "radius": N, "role": R, "values": null or A, "palette": null or [[r, g, b]],
                        "least": N, "greatest": N}
    {"kind": "capsule" or "cylinder", "start": A, "end": A, "radius": N, "role": R}
    {"kind": "box" or "ellipsoid", "centre": A, "size": A, "role": R, "turn": A}

- N is a number or `{"out": k}`, the k-th output (a single number).
- P is a point and A an array. Each is a list of numbers, of outputs, or of such lists (a point may be
  `[0.1, {"out": 3}]`, points may be `[[0, 0], {"out": 1, "shape": [2]}]`), or a whole output
  `{"out": k, "shape": [n, 2]}` in row-major order.
- R is a role, a string; or `{"one_of": [roles], "which": N}`; in `circles`, `segments` and `spheres` also
  `"which": A`, a number for each of them. The number is rounded and clipped to the list; NaN is 0.
- T is a string; or `{"one_of": [T], "which": N}`; or a list of pieces, each of them one of these or
  `{"out": k, "format": ".3f"}` (Python's format of a float: an optional `+`, width and precision, and f, e, g or %).

A circle whose width is not 0 is a ring. Lines of fewer than two points, arrows of length 0, shapes with a number that
is not finite and those with an opacity of 0 or less are not visible.

`which` of circles: only these of the centres are drawn, in this order (radii, roles, opacities and depths have one
element for each centre). `depth`: circles with a larger depth are drawn first; equal ones in their order. The first
row of an image is on top. With a palette, its values (rows, columns) are colours between `least` (the first of the
palette, 0 to 1 each) and `greatest` (the last), linear in between, NaN as the first; without, they are greys (rows,
columns) or colours (rows, columns, 3) from 0 to 1. `spheres` take `values` (n) and a palette in the same way. `lit`
is the grey surface of `rosesim.scenes.kit.shaded`.

`trail` gives an array (k, 2); `handles` a tuple of points in the order of the handles' names; `drag` of each handle
(x, y, params, inputs) gives new (params, inputs). A method that cannot be traced is called with NumPy values instead,
and `Picture.refusals` says why, with its line.
"""

from rosesim.scenes.picture.layers import Layer, Picture, picture
from rosesim.scenes.picture.template import fill

__all__ = ["Layer", "Picture", "fill", "picture"]
