# Written by docs/figures/builder_types.py, from rosesim.diagrams.library.
# ruff: noqa: E501 -- docstrings of functions, which are one level deeper here

from collections.abc import Sequence
from typing import Any, Literal

from rosesim.diagrams.builder.canvas import Canvas
from rosesim.diagrams.builder.convert import PathLike
from rosesim.diagrams.builder.handles import (
    Circle,
    Ellipse,
    Equation,
    Group,
    Image,
    Line,
    Path,
    Polygon,
    Polyline,
    Rectangle,
    Text,
)
from rosesim.diagrams.builder.vec import Vec, VecLike
from rosesim.diagrams.library import Item
from rosesim.diagrams.problem import Term
from rosesim.diagrams.scalars import Number
from rosesim.diagrams.values import Clip, Color, Shape, Value

StagesLike = str | Sequence[str] | None

class Verb:
    def __init__(self, canvas: Canvas) -> None: ...

def arguments(item: Item, args: Sequence[Any], named: dict[str, Any]) -> tuple[Value, ...]: ...

class Ensure(Verb):
    def equal(self, x: Number, y: Number, *, stages: StagesLike = None) -> Term:
        """|x − y|."""
    def lessThan(self, x: Number, y: Number, padding: Number = 0, *, stages: StagesLike = None) -> Term:
        """x − y + padding."""
    def greaterThan(self, x: Number, y: Number, padding: Number = 0, *, stages: StagesLike = None) -> Term:
        """y − x + padding."""
    def inRange(self, x: Number, x0: Number, x1: Number, *, stages: StagesLike = None) -> Term:
        """(x − x₁ unless x < x₁) + (x₀ − x unless x₀ < x)."""
    def disjoint(self, s1: Shape, s2: Shape, padding: Number = 0, *, stages: StagesLike = None) -> Term:
        """padding − shapeDistance(s1, s2)."""
    def overlapping(self, s1: Shape, s2: Shape, overlap: Number = 0, *, stages: StagesLike = None) -> Term:
        """shapeDistance(s1, s2) + overlap."""
    def touching(self, s1: Shape, s2: Shape, padding: Number = 0, *, stages: StagesLike = None) -> Term:
        """|shapeDistance(s1, s2) − padding|."""
    def onCanvas(self, s: Shape, width: Number, height: Number, *, stages: StagesLike = None) -> Term:
        """How far the shape's box is out of a canvas about the origin, summed over the four sides."""
    def distributeVertically(
        self, shapes: Sequence[Shape], padding: Number = 0, topToBottom: bool = True, *, stages: StagesLike = None
    ) -> Term:
        """The sum over neighbours of |maxY + padding − minY of the next|, after a reversal if topToBottom.

        The reversal changes the list value itself.
        """
    def distributeHorizontally(
        self, shapes: Sequence[Shape], padding: Number = 0, leftToRight: bool = True, *, stages: StagesLike = None
    ) -> Term:
        """The sum over neighbours of |maxX + padding − minX of the next|, after a reversal unless leftToRight.

        The reversal changes the list value itself.
        """
    def isEquilateral(self, points: Sequence[VecLike], closed: bool, *, stages: StagesLike = None) -> Term:
        """The sum over edges of (length − mean length)²."""
    def contains(self, s1: Shape, s2: Shape, padding: Number = 0, *, stages: StagesLike = None) -> Term:
        """s2 is in s1, at least `padding` from its border. The first rule that fits, on boxes with stroke:

        - Circle, Circle: |c₁ − c₂| − (r₁ − r₂ − padding)
        - Polygon, Polygon: the greatest of padding + n·q − d over the points q of s2 and the sides of s1's convex parts,
          n·p = d with n outward
        - Polygon, Circle: that of the centre, with padding + r
        - Circle, Polygon: the greatest of |q − c| + padding − r
        - Circle, rectlike: |c₁ − c₂| − (r₁ − max(width, height)), the padding ignored
        - rectlike, Circle: the greater of |c₁ₓ − c₂ₓ| − (w/2 − r − padding) and the same for y and h
        - Group: the least of its members' values; with a clip, √(max(0, that)² + max(0, contains(clip, s2))²)
        - all others: by boxes, the sum of squares of how far each edge of s2 is out; with a warning, unless both are
          rectlike
        """

class Encourage(Verb):
    def equal(self, x: Number, y: Number, *, stages: StagesLike = None) -> Term:
        """(x − y)²."""
    def lessThan(self, x: Number, y: Number, *, stages: StagesLike = None) -> Term:
        """max(0, x − y)²."""
    def greaterThan(self, x: Number, y: Number, *, stages: StagesLike = None) -> Term:
        """max(0, y − x)²."""
    def minimal(self, x: Number, *, stages: StagesLike = None) -> Term:
        """x."""
    def maximal(self, x: Number, *, stages: StagesLike = None) -> Term:
        """−x."""
    def sameCenter(self, s1: Shape, s2: Shape, *, stages: StagesLike = None) -> Term:
        """|c₁ − c₂|², c the centres: a shape's `center`, otherwise its box's."""
    def nearPt(self, s: Shape, x: Number, y: Number, *, stages: StagesLike = None) -> Term:
        """|c − (x, y)|²."""
    def near(self, s1: Shape, s2: Shape, offset: Number = 10, *, stages: StagesLike = None) -> Term:
        """|c₁ − c₂|² − offset²; may be negative."""
    def notTooClose(self, s1: Shape, s2: Shape, weight: Number = 10, *, stages: StagesLike = None) -> Term:
        """1e7 / (|c₁ − c₂|² + eps), the weight ignored; of a Line s1, 1e7 weight Σ weight / (|c₂ − p_i|² + eps).

        The points of the Line are p_i = start (1 − i/16) + end i/16, i = 0 to 15.
        """
    def above(self, top: Shape, bottom: Shape, offset: Number = 100, *, stages: StagesLike = None) -> Term:
        """((c_top − c_bottom) · normalise((0, 1)) − offset)²."""
    def isEquilateral(self, points: Sequence[VecLike], closed: bool, *, stages: StagesLike = None) -> Term:
        """The sum over edges of (length − mean length)²."""

class Functions(Verb):
    def rectLineDist(self, bottomLeft: VecLike, topRight: VecLike, start: VecLike, end: VecLike) -> Number:
        """The signed distance of an axis-aligned rectangle and a segment: of the origin to their Minkowski difference.

        Where the origin is outside, the distance; where it is inside, minus the distance to the nearest side.
        """
    def shapeDistanceLines(self, start1: VecLike, end1: VecLike, start2: VecLike, end2: VecLike) -> Number:
        """The signed distance of two segments; negative where they cross: of the origin to the parallelogram of a − b."""
    def shapeDistance(self, s1: Shape, s2: Shape) -> Number:
        """The signed distance of two shapes, by the first rule that fits, in either order.

        - Circle, Circle: |c₁ − c₂| − (r₁ + r₂)
        - two of Rectangle, Equation, Text, Image (*rectlike*): of their boxes without stroke
        - rectlike, Line: `rectLineDist` of the box without stroke
        - two of Polygon and Polyline: the greatest, over convex parts of the first, of the least over those of the second
        - rectlike, Circle: of the box without stroke and the centre, minus r
        - Polygon or Polyline, Ellipse: the least over convex parts of an implicit function, which has the distance's sign
        - Circle, Line: of the centre and the segment, minus r
        - Line, Line: `shapeDistanceLines`
        - Polyline, Circle; Polyline, rectlike: the least over segments
        - all others: of their boxes with stroke, with a warning
        """
    def signedDistance(
        self, s: Rectangle | Equation | Text | Image | Circle | Polygon | Line | Polyline, p: VecLike
    ) -> Number:
        """The distance of a point to a shape, negative inside.

        - Rectangle, Equation, Text, Image: of the box, with stroke
        - Circle: |p − c| − r
        - Polygon: the least to its sides
        - Line, Polyline: the least to its segments, never negative
        """
    def closestPoint(
        self,
        s: Rectangle | Equation | Text | Image | Circle | Polygon | Line | Polyline | Ellipse | Group,
        p: VecLike,
    ) -> Vec:
        """The point of a shape's border that is closest to p.

        - Circle: c + r (p − c)/|p − c|
        - Line: a + (b − a) clamp((p − a)·(b − a)/|b − a|², 0, 1)
        - Polygon, Polyline: the closest of their segments; of equally close ones the last
        - Rectangle, Equation, Text, Image: on the closest side of the box without stroke
        - Ellipse: by two steps of Newton for the angle t, from atan2(a q_y, b q_x), q = p − c; rough close to the centre
        - Group: the closest of its members; of equally close ones the last
        """
    def rgba(self, r: Number, g: Number, b: Number, a: Number) -> Color:
        """A colour of red, green, blue and opacity, each 0 to 1; not clamped."""
    def hsva(self, h: Number, s: Number, v: Number, a: Number) -> Color:
        """A colour of hue in degrees, saturation and value in percent, opacity 0 to 1; converted when drawn."""
    def none(self) -> Color:
        """No paint."""
    def clip(
        self, s: Circle | Ellipse | Rectangle | Polygon | Polyline | Line | Path | Equation | Text | Image
    ) -> Clip:
        """Clips a group to a shape, which is not a group."""
    def noClip(self) -> Clip:
        """Clips a group to nothing: all of it is seen."""
    def sqrt(self, x: Number) -> Number:
        """The square root of x."""
    def log(self, x: Number) -> Number:
        """The natural logarithm of x."""
    def exp(self, x: Number) -> Number:
        """e to the x."""
    def max(self, x: Number, y: Number) -> Number:
        """x if x > y, otherwise y."""
    def min(self, x: Number, y: Number) -> Number:
        """x if x < y, otherwise y."""
    def sqr(self, x: Number) -> Number:
        """x²."""
    def abs(self, x: Number) -> Number:
        """|x|."""
    def sin(self, x: Number) -> Number:
        """The sine of x radians."""
    def cos(self, x: Number) -> Number:
        """The cosine of x radians."""
    def MathPI(self) -> Number:
        """π."""
    def toRadians(self, t: Number) -> Number:
        """π t / 180: degrees as radians."""
    def toDegrees(self, t: Number) -> Number:
        """180 t / π: radians as degrees."""
    def atan2(self, x: Number, y: Number) -> Number:
        """The angle of the point (x, y), in (−π, π]. Note the order: x comes first."""
    def random(self, minVal: Number, maxVal: Number) -> Number:
        """A number that is drawn uniformly from [minVal, maxVal), both known, and never moves."""
    def diskRandom(self) -> Vec:
        """√u (cos 2πv, sin 2πv) of draws u, v in [0, 1): a point that is uniform in the unit disk."""
    def sphereRandom(self) -> Vec:
        """(r cos 2πv, r sin 2πv, z) of draws u, v in [0, 1), z = 1 − 2u, r = √(1 − z²): uniform on the unit sphere."""
    def triangleRandom(self, a: VecLike, b: VecLike, c: VecLike) -> Vec:
        """(1 − √u) a + √u (1 − v) b + √u v c of draws u, v in [0, 1): a point that is uniform in the triangle."""
    def unit(self, v: VecLike) -> Vec:
        """v / (|v| + eps)."""
    def normalize(self, v: VecLike) -> Vec:
        """v / (|v| + eps)."""
    def norm(self, v: VecLike) -> Number:
        """|v|."""
    def normsq(self, v: VecLike) -> Number:
        """|v|²."""
    def vdist(self, v: VecLike, w: VecLike) -> Number:
        """|v − w|."""
    def vdistsq(self, v: VecLike, w: VecLike) -> Number:
        """|v − w|²."""
    def rot90(self, v: VecLike) -> Vec:
        """(−v₁, v₀): v turned by 90° to the left."""
    def angleOf(self, v: VecLike) -> Number:
        """The angle of (v₀, v₁), in (−π, π]."""
    def angleBetween(self, u: VecLike, v: VecLike) -> Number:
        """acos((1 − 1e-10) normalise(u) · normalise(v)), in [0, π]."""
    def angleFrom(self, u: VecLike, v: VecLike) -> Number:
        """The angle from u to v, counter-clockwise, in (−π, π]: atan2(cross, dot) of their directions."""
    def cross2D(self, u: VecLike, v: VecLike) -> Number:
        """u₀ v₁ − u₁ v₀."""
    def count(self, xs: VecLike) -> Number:
        """How many numbers there are; a constant."""
    def sum(self, xs: VecLike) -> Number:
        """The sum of the numbers; 0 of none."""
    def get(self, xs: VecLike, i: Number) -> Number:
        """Number i, which is known; the first is 0."""
    def repeat(self, n: Number, k: Number) -> Vec:
        """n times k; n is known."""
    def sumVectors(self, vs: Sequence[VecLike]) -> Vec:
        """The sum of vectors."""
    def averagePoint(self, vs: Sequence[VecLike]) -> Vec:
        """The sum of vectors divided by how many there are."""
    def perimeter(self, points: Sequence[VecLike], closed: bool) -> Number:
        """The sum of the distances of neighbours; of the last and the first too, if closed."""
    def signedArea(self, points: Sequence[VecLike], closed: bool) -> Number:
        """½ Σ (p_x q_y − p_y q_x) over neighbours p, q: positive where the curve goes counter-clockwise."""
    def elasticEnergy(self, points: Sequence[VecLike], closed: bool) -> Number:
        """Σ (2 sin(a/2))² ½ |p − q| |q − r| over three neighbours p, q, r, with a the angle at q."""
    def offsetCurve(self, points: Sequence[VecLike], closed: bool, magnitude: Number) -> list[Vec]:
        """p_i + magnitude n_i, n_i the normals: to the left in the plane, otherwise the principal ones."""
    def evoluteCurve(self, points: Sequence[VecLike], closed: bool) -> list[Vec]:
        """p_i + m_i / κ_i: the centres of curvature, κ the curvature and m the principal normals."""
    def tsneEnergy(self, points: Sequence[VecLike], projected: Sequence[VecLike]) -> Number:
        """Σ P_ij ln((P_ij + e)/(Q_ij + e)), e = 2⁻⁵²: how badly projected points have the points' neighbourhoods.

        P_ij = exp(−|x_i − x_j|/2) and Q_ij = 1/(1 + |y_i − y_j|) for i ≠ j, each divided by its sum (distances are not
        squared, unlike in van der Maaten and Hinton 2008).
        """
    def identity(self, n: Number) -> list[Vec]:
        """The n × n unit matrix; n is known."""
    def diagonal(self, v: VecLike) -> list[Vec]:
        """The matrix with v on its diagonal."""
    def scale2d(self, sx: Number, sy: Number) -> list[Vec]:
        """The matrix with (sx, sy) on its diagonal."""
    def scale3d(self, sx: Number, sy: Number, sz: Number) -> list[Vec]:
        """The matrix with (sx, sy, sz) on its diagonal."""
    def inverse(self, A: Sequence[VecLike]) -> list[Vec]:
        """The inverse of a matrix of 2, 3 or 4 rows: the adjugate divided by the determinant; singular: not finite."""
    def outerProduct(self, v: VecLike, w: VecLike) -> list[Vec]:
        """The matrix of v_i w_j."""
    def crossProductMatrix(self, v: VecLike) -> list[Vec]:
        """The matrix A with A w = v × w: rows (0, −v₂, v₁), (v₂, 0, −v₀), (−v₁, v₀, 0)."""
    def matrixMultiplyList(self, A: Sequence[VecLike], V: Sequence[VecLike]) -> list[Vec]:
        """A v for each vector v of a list."""
    def rotate2d(self, t: Number) -> list[Vec]:
        """Turns by t radians: rows (cos t, −sin t), (sin t, cos t)."""
    def rotate3d(self, t: Number, v: VecLike) -> list[Vec]:
        """Turns by t radians about a unit vector: I + sin t K + (1 − cos t) K K, K v's crossProductMatrix (Rodrigues)."""
    def shear2d(self, u: VecLike, v: VecLike) -> list[Vec]:
        """I + outerProduct(u, v): moves along u by how far a point lies along v."""
    def shear3d(self, u: VecLike, v: VecLike) -> list[Vec]:
        """I + outerProduct(u, v): moves along u by how far a point lies along v."""
    def skew2d(self, ax: Number, ay: Number = 0) -> list[Vec]:
        """Rows (1, tan ax), (tan ay, 1)."""
    def lookAt(self, eye: VecLike, center: VecLike, up: VecLike) -> list[Vec]:
        """The 4 × 4 matrix of a camera at `eye` that looks at `center`.

        f = normalise(center − eye), s = normalise(f × up), t = s × f: rows (s, 0), (t, 0), (−f, 0), (0, 0, 0, 1) times
        the translation by −eye.
        """
    def perspective(self, fovy: Number, aspect: Number, zNear: Number = 0.1, zFar: Number = 100) -> list[Vec]:
        """The 4 × 4 matrix of a perspective projection; `fovy` is the vertical angle in degrees.

        c = 1/tan(π fovy/360): M₀₀ = c/aspect, M₁₁ = −c, M₂₂ = −(zFar + zNear)/(zFar − zNear),
        M₂₃ = 2 zNear zFar/(zFar − zNear), M₃₂ = −1, the rest 0 (the signs of M₁₁ and M₂₃ are Penrose's).
        """
    def project(self, p: VecLike, model: Sequence[VecLike], proj: Sequence[VecLike], view: VecLike) -> Vec:
        """The point p, seen by a camera: q = proj (model (p, 1)), r = q_xyz/q_w/2 + ½, (r_x w + x, r_y h + y).

        `view` is (x, y, w, h).
        """
    def pathFromPoints(self, type: Literal["open", "closed"], pts: Sequence[VecLike]) -> PathLike:
        """M p₀, L p₁, L p₂, ...; Z if closed."""
    def quadraticCurveFromPoints(self, type: Literal["open", "closed"], pts: Sequence[VecLike]) -> PathLike:
        """M p₀, Q p₁ p₂, T p₃, T p₄, ...; Z if closed."""
    def cubicCurveFromPoints(self, type: Literal["open", "closed"], pts: Sequence[VecLike]) -> PathLike:
        """M p₀, C p₁ p₂ p₃, S p₄ p₅, S p₆ p₇, ...; Z if closed."""
    def interpolateQuadraticFromPoints(
        self, type: Literal["open", "closed"], p0: VecLike, p1: VecLike, p2: VecLike
    ) -> PathLike:
        """M p₀, Q 2 p₁ − (p₀ + p₂)/2, p₂: passes through p₁; Z if closed."""
    def interpolatingSpline(
        self, type: Literal["open", "closed"], points: Sequence[VecLike], tension: Number = 0.25
    ) -> PathLike:
        """Cubic spans through all points (Catmull and Rom 1974).

        Tangents T_i = tension (p_{i+1} − p_{i−1}), around the end if closed; at the ends of an open one
        tension (p₁ − p₀) and tension (p_{n−1} − p_{n−2}). M p₀, C p_i + T_i, p_j − T_j, p_j for each span; Z if closed.
        """
    def makePath(self, start: VecLike, end: VecLike, curveHeight: Number, padding: Number) -> PathLike:
        """A quadratic arch. u = normalise(start − end), c = end + |start − end|/2 u + curveHeight rot90(u).

        M start − padding u, Q c, end + padding u.
        """
    def circularArc(
        self, type: Literal["open", "closed"], center: VecLike, r: Number, theta0: Number, theta1: Number
    ) -> PathLike:
        """M c + r (cos θ₀, sin θ₀), A (r, r, 0, |θ₁ − θ₀| > π, θ₀ > θ₁) to c + r (cos θ₁, sin θ₁); closed: L c, Z."""
    def arc(
        self,
        type: Literal["open", "closed"],
        start: VecLike,
        end: VecLike,
        radius: VecLike,
        rotation: Number,
        largeArc: Number,
        arcSweep: Number,
    ) -> PathLike:
        """M start, A (radius, rotation, largeArc, arcSweep) to end; Z if closed."""
    def wedge(
        self,
        center: VecLike,
        start: VecLike,
        end: VecLike,
        radius: VecLike,
        rotation: Number,
        largeArc: Number,
        arcSweep: Number,
    ) -> PathLike:
        """M start, A (radius, rotation, largeArc, arcSweep) to end, L center, Z."""
    def joinPaths(self, paths: Sequence[PathLike]) -> PathLike:
        """All commands of a list of path data, one after the other."""
    def Penrose(
        self,
        center: VecLike = ...,
        radius: Number = 50,
        holeSize: Number = 0.35,
        angle: Number = 0,
        nSides: Number = 5,
        chirality: str = "ccw",
    ) -> PathLike:
        """The impossible polygon, with a hole of `holeSize` times its radius; nSides is known.

        n = ⌊max(nSides, 3)⌋, R = radius, r = holeSize R, α = π (n − 2)/n, w = (R − r)/(4 cos(α/2)), s = 1 for "cw",
        otherwise −1; θ_k = angle + 2π k/n, a_k = center + r (s sin θ_k, cos θ_k), b_k likewise with R,
        u_i = normalise(a_{i+1} − a_i), c_i = a_i − w u_i, d_i = b_i − w u_{i−1}, indices modulo n.
        For each i (j = i + 1, k = i + 2): M d_i L b_i L d_j L c_k L a_k L c_j Z.
        """
    def rayIntersectDistance(
        self, S: Rectangle | Equation | Text | Image | Line | Polyline | Polygon | Group, p: VecLike, v: VecLike
    ) -> Number:
        """The distance from p to the first point of a shape's border along the ray p + t v; ∞ if it meets none."""
    def rayIntersectNormal(
        self, S: Rectangle | Equation | Text | Image | Line | Polyline | Polygon | Group, p: VecLike, v: VecLike
    ) -> Vec:
        """The normal, of length 1 and towards p, where p + t v first meets a shape's border; (0, 0) if nowhere."""
    def closestSilhouetteDistance(
        self, S: Rectangle | Equation | Text | Image | Line | Polyline | Polygon | Group, p: VecLike
    ) -> Number:
        """The distance of p to the closest corner where a shape turns away from it; ∞ if there is none.

        p sees one of the corner's sides from the front and the other from behind or from its edge. Ends of an open shape
        do not count.
        """
    def barycenter(self, a: VecLike, b: VecLike, c: VecLike) -> Vec:
        """(a + b + c)/3."""
    def circumcenter(self, p: VecLike, q: VecLike, r: VecLike) -> Vec:
        """The point that is equally far from p, q and r."""
    def circumradius(self, p: VecLike, q: VecLike, r: VecLike) -> Number:
        """a b c/(4 area): the radius of the circle through p, q and r."""
    def incenter(self, p: VecLike, q: VecLike, r: VecLike) -> Vec:
        """(a p + b q + c r)/(a + b + c), with the edges a, b, c opposite to p, q, r."""
    def inradius(self, p: VecLike, q: VecLike, r: VecLike) -> Number:
        """√((s − a)(s − b)(s − c)/s) with s = (a + b + c)/2: the radius of the circle inside."""
