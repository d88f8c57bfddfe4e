"""XML as elements with their lines, read by Python's own expat within limits.

Nothing that a document can do but nest, repeat and be long is left: document type declarations, and with them
entities, are refused, so no text grows while it is read and no other file is opened. Sizes, depth and the number of
elements have limits, since a file may come from anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from rosesim.robots.files import source
from rosesim.robots.files.errors import RobotError

LARGEST_BYTES = 32 << 20  # the largest robot files known have 3 MB, with their meshes written inline
DEEPEST = 200  # a chain of a hundred bodies and what they hold; also bounds every recursion over elements
MOST_ELEMENTS = 200_000  # about 200 MB as objects
MOST_ATTRIBUTES = 1_000_000  # the same again


@dataclass
class Element:
    """An element: its attributes as written, its children, and where it begins."""

    tag: str
    attributes: dict[str, str]
    file: str
    line: int
    children: list[Element] = field(default_factory=list)
    text: str = ""
    """Text that stands in it, without the blanks around."""
    text_line: int = 0

    def error(self, sentence: str) -> RobotError:
        """A fault of this element."""
        return RobotError(self.file, self.line, sentence)


def parse(path: str) -> Element:
    """The root element of a file. RobotError where it cannot be read, is not XML, or is beyond a limit."""
    return parse_bytes(source.read(path, LARGEST_BYTES), path)


def parse_bytes(content: bytes, file: str) -> Element:
    """The root element of a document that is already read; `file` is what messages call it.

    >>> root = parse_bytes(b'<robot name="a"><link name="b"/></robot>', "a.urdf")
    >>> root.tag, root.attributes, root.children[0].line
    ('robot', {'name': 'a'}, 1)
    >>> parse_bytes(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a.xml")
    Traceback (most recent call last):
        ...
    rosesim.robots.files.errors.RobotError: a.xml:1: has a document type declaration; robot files have ...
    """
    if content.count(b"=") > MOST_ATTRIBUTES:  # before expat makes objects of them
        raise RobotError(file, 0, f"has more than {MOST_ATTRIBUTES} attributes, which is the most that is read.")
    tree = _Tree(file)
    try:
        tree.parser.Parse(content, True)
    except expat.ExpatError as error:
        if not content.strip():
            raise RobotError(file, 0, "is empty; a robot in MJCF (<mujoco>) or URDF (<robot>) is expected.") from None
        reason = expat.ErrorString(error.code) or "it is not XML"
        raise RobotError(file, error.lineno, f"is not well-formed XML ({reason}); mend the text there.") from None
    except (ValueError, LookupError) as error:  # an encoding that Python does not know or cannot map
        if isinstance(error, RobotError):
            raise
        raise RobotError(file, 1, "has an encoding that is not read; save it as UTF-8.") from None
    assert tree.root is not None  # expat has refused a document without an element
    return tree.root


class _Tree:
    """The elements that are open while expat reads."""

    def __init__(self, file: str):
        self.file = file
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.doctype

    def error(self, sentence: str) -> RobotError:
        return RobotError(self.file, self.parser.CurrentLineNumber, sentence)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MOST_ELEMENTS:
            raise self.error(f"has more than {MOST_ELEMENTS} elements, which is the most that is read.")
        if len(self.open) >= DEEPEST:
            raise self.error(f"has elements nested deeper than {DEEPEST}, which is the deepest that is read.")
        element = Element(tag, attributes, self.file, self.parser.CurrentLineNumber)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, _tag: str) -> None:
        self.open.pop()

    def characters(self, text: str) -> None:
        inside = self.open[-1]
        if not inside.text and (found := text.strip()):
            inside.text, inside.text_line = found, self.parser.CurrentLineNumber

    def doctype(self, *_: object) -> None:
        raise self.error(
            "has a document type declaration; robot files have none, and entities are not read: remove it."
        )
