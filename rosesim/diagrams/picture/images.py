"""Images: the first `svg` of a file, put into a picture."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

SVG = "{http://www.w3.org/2000/svg}"
PREFIXES = {"{http://www.w3.org/1999/xlink}": "xlink:", "{http://www.w3.org/XML/1998/namespace}": "xml:", SVG: ""}
"""What names of other namespaces turn into; names of all further ones (an editor's notes) are left out."""

_REFERENCE = re.compile(r"url\(\s*['\"]?#([^'\")]+)['\"]?\s*\)")
_SELECTOR = re.compile(r"([.#])(-?[A-Za-z_][\w-]*)")
_RULE = re.compile(r"[^{}]+(?=\{)")


def image(href: str, folders: Iterable[Path], prefix: str) -> Element:
    """The `svg` element that `href` names, in the first folder that has it; a placeholder where there is none.

    `prefix` is put before its ids and classes, which would otherwise meet those of the rest of the picture.
    """
    tried = (_read(folder / href) for folder in folders if "://" not in href)
    found = next((element for element in tried if element is not None), None)
    return _placeholder(href) if found is None else _renamed(copy.deepcopy(found), prefix)


def _placeholder(href: str) -> Element:
    element = Element("svg", {"viewBox": "0 0 200 200"})
    group = SubElement(element, "g", {"fill": "#f4f4f4", "stroke": "#a0a0a0", "stroke-width": "4"})
    SubElement(group, "desc").text = f"no SVG could be read from {href}"
    SubElement(group, "path", {"d": "M 2 2 L 198 2 L 198 198 L 2 198 Z"})
    SubElement(group, "path", {"d": "M 2 2 L 198 198 M 2 198 L 198 2"})
    return element


@cache
def _read(file: Path) -> Element | None:
    """The first `svg` of a file, with plain names; None where the file is not one."""
    try:
        root = ElementTree.fromstring(file.read_bytes())
    except (OSError, ElementTree.ParseError):
        return None
    element = next((e for e in root.iter() if e.tag in ("svg", f"{SVG}svg")), None)
    if element is not None:
        element.tail = None
        _plain(element)
        for name in ("x", "y", "version"):  # the picture says where it lies
            element.attrib.pop(name, None)
        if "viewBox" not in element.attrib and {"width", "height"} <= element.attrib.keys():
            sizes = [re.match(r"[\d.]+", element.attrib[name]) for name in ("width", "height")]
            if all(sizes):
                element.set("viewBox", "0 0 " + " ".join(m[0] for m in sizes if m))
    return element


def _name(name: str) -> str | None:
    """Without its namespace; None where it is of no namespace that we know."""
    if not name.startswith("{"):
        return name
    space, _, rest = name.rpartition("}")
    before = PREFIXES.get(space + "}")
    return None if before is None else before + rest


def _plain(element: Element) -> None:
    """Names without namespaces, and nothing that runs: a picture is no program."""
    element.tag = _name(element.tag) or "g"
    attributes = [(_name(key), value) for key, value in element.attrib.items()]
    element.attrib = {key: value for key, value in attributes if key and not key.lower().startswith("on")}
    for child in list(element):
        if _name(child.tag) in (None, "script"):
            element.remove(child)
        else:
            _plain(child)


def _renamed(root: Element, prefix: str) -> Element:
    """Ids and classes with a prefix, and all that refers to them."""
    linked = False
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, prefix + value)
            elif key == "class":
                element.set(key, " ".join(prefix + name for name in value.split()))
            elif key in ("href", "xlink:href") and value.startswith("#"):
                element.set(key, f"#{prefix}{value[1:]}")
            else:
                element.set(key, _REFERENCE.sub(rf"url(#{prefix}\1)", value))
            linked |= key == "xlink:href"
        if element.tag == "style" and element.text:
            text = _RULE.sub(lambda rule: _SELECTOR.sub(rf"\g<1>{prefix}\2", rule[0]), element.text)
            element.text = _REFERENCE.sub(rf"url(#{prefix}\1)", text)
    if linked:
        root.set("xmlns:xlink", "http://www.w3.org/1999/xlink")
    return root
