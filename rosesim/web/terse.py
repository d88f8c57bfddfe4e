"""A page's script in fewer characters: no comments, no needless blanks, and short names for what is ours.

A name is renamed everywhere or nowhere, as a variable and as a property alike, so nothing has to be known about
scopes. It keeps its name if the world outside knows it: the language and the browser (`PLATFORM`, which the tests
compare with a browser's own names), data, styles, and every word that occurs in a text of the script.
"""

from __future__ import annotations

import itertools
import re
import string
from collections import Counter
from collections.abc import Iterator, Set

TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<number>0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?n?)
    |(?P<sign>=>|\.\.\.|\?\?=|\?\.(?!\d)|\?\?|\*\*|\+\+|--|&&=?|\|\|=?|[=!]==?|<=|>=|<<|>>>?|[-+*/%]=|.)""",
    re.X | re.S,
)
REGEX = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
TEMPLATE = re.compile(r"[`}](?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{)", re.S)
BEFORE_VALUE = frozenset("( , = : [ ! & && | || ? ?? { } ; => return".split())
"""Tokens after which a slash begins a regular expression."""
Token = tuple[str, str]
"""A kind and its characters."""


def tokens(script: str) -> Iterator[Token]:
    """The script's tokens without blanks and comments. A template is text, and code between `${` and `}`."""
    at, before = 0, ";"
    depths = [0]  # open braces in the script and in each template's code around this place
    while at < len(script):
        ends = script[at] == "}" and len(depths) > 1 and depths[-1] == 0
        kind, pattern = None, TOKEN
        if ends or script[at] == "`":
            kind, pattern = "text", TEMPLATE
        elif script[at] == "/" and script[at + 1] not in "/*" and before in BEFORE_VALUE:
            kind, pattern = "regex", REGEX
        found = pattern.match(script, at)
        if found is None:
            raise ValueError(f"this is no JavaScript that we understand: {script[at : at + 40]}")
        kind, text, at = kind or str(found.lastgroup), found[0], found.end()
        if pattern is TEMPLATE:
            if ends:
                depths.pop()
            if text.endswith("${"):
                depths.append(0)
        elif kind == "sign":
            depths[-1] += (text == "{") - (text == "}")
        if kind not in ("space", "comment"):
            before = text
            yield kind, text


def terse(script: str, outside: Set[str]) -> str:
    """The script with short names and without needless blanks. `outside`: names that must stay."""
    found = [*tokens(script)]
    short = short_names(found, outside)
    made: list[str] = []
    for kind, text in found:
        new = short.get(text, text) if kind == "name" else text
        if made and _join(made[-1][-1], new[0]):
            made.append(" ")
        made.append(new)
    return "".join(made)


def short_names(found: list[Token], outside: Set[str]) -> dict[str, str]:
    """The new names of those that are ours, the shortest for the most frequent."""
    said = {
        word for kind, text in found if kind in ("text", "regex") for word in re.findall(r"[A-Za-z_$][\w$]*", text)
    }
    kept = said | outside | PLATFORM
    counts = Counter(text for kind, text in found if kind == "name" and text not in kept)
    taken = {text for kind, text in found if kind == "name"} | kept
    names = (n for n in _names() if n not in taken)
    # A name of one letter stays: it is short, and what takes its place must not be a name that stays.
    return {name: next(names) for name, _ in counts.most_common() if len(name) > 1}


def _names() -> Iterator[str]:
    first = string.ascii_letters + "$_"
    for size in itertools.count(1):
        for head in first:
            for rest in itertools.product(first + string.digits, repeat=size - 1):
                yield head + "".join(rest)


def _join(before: str, after: str) -> bool:
    """Whether two neighbours would be one token without a blank."""
    word = re.compile(r"[\w$]")
    return bool(word.match(before) and word.match(after)) or (before in "+-" and before == after)


PLATFORM = frozenset(
    """
    Array ArrayBuffer ArrowDown ArrowLeft ArrowRight ArrowUp BigInt BigInt64Array BigUint64Array Blob Boolean
    DOMParser DecompressionStream End Error F1 FLOAT FRAGMENT_SHADER Float32Array Float64Array Home ImageData
    Infinity JSON LINK_STATUS Math MessageChannel Module NEAREST NaN Number Object PI POINTS Promise RGBA RGBA32F
    ResizeObserver Response SQRT1_2 Set String TEXTURE0 TEXTURE1 TEXTURE_2D TEXTURE_MAG_FILTER TEXTURE_MIN_FILTER
    TRIANGLES TextDecoder URL Uint16Array Uint32Array Uint8Array Uint8ClampedArray VERTEX_SHADER WebAssembly Worker
    abs action activeTexture add addEventListener advance align all alpha altKey angle antialias append arc
    ariaExpanded ariaLabel ariaPressed arrayBuffer asin assign async at atan2 atob attachShader attributes await
    back before beginPath bindTexture body bool bottom break buffer button buttons byteLength byteOffset bytes call
    canvas case catch cbrt ceil cells channel charCodeAt childElementCount chrome class classList className
    clearRect click clientWidth clientX clientY closest code columns command compileShader const constructor
    contains context continue cos count createElement createElementNS createObjectURL createProgram createShader
    createTexture ctrlKey currentScript curve customSections data dataset decode default delete deltaY
    devicePixelRatio disabled display do document documentElement done download drawArrays drawImage drop else end
    endsWith entries env error evaluate every exec exponent export exports extends f32 f64 false fill fillStyle
    fillText filter finally find first fixed flat flatMap floor fmod focus focusVisible font for forEach format
    forward frame from fromEntries function get getBoundingClientRect getComputedStyle getContext getElementById
    getProgramInfoLog getProgramParameter getPropertyValue getUniformLocation globalAlpha go grid has head height
    hidden high href hypot i64 id if image imageSmoothingEnabled import importNode in includes index indexOf input
    instance instanceof instantiate is isArray isContextLost isFinite isNaN isPrimary isView items join json key
    keys kind label last left length let line lineCap lineJoin lineTo lineWidth linkProgram list log10 low map
    matchMedia matches max measureText memory message metaKey min module move moveTo ms muted name new now null
    observe of offset onclick onerror oninput onmessage opacity open order padStart page parameters parent parse
    parseFromString parseInt part passive pause performance pipeThrough pitch play pointerId pointerType points pop
    port1 port2 postMessage preventDefault preventScroll prototype push put putImageData querySelector
    querySelectorAll read ready reduce refresh release remove repeat replace replaceChildren requestAnimationFrame
    reset resolve restore result results return revokeObjectURL right role round rows run rx ry scale segments self
    send set setAttribute setPointerCapture setProperty setTimeout setTransform shaderSource shape sheet shiftKey
    show sign sin size sizes slice slope some sort source speed splice split sqrt src start startsWith state states
    static status step stream stroke strokeStyle style subarray super switch table tag tagName take tan target test
    texImage2D texParameteri text textAlign textContent then this throw time title to toExponential toFixed
    toLowerCase toPrecision toString toggle top trace transform trim true try turn type typeof types u16 u32 u64 u8
    undefined uniform1i uniform2f uniform3fv uniform4fv unit useProgram value valueOf values var view void which
    while width window with x1 y1 yield
    """.split()
)
"""Names of the language and of the browser among those that our scripts use, and of what both take as options."""
