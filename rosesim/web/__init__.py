"""What runs in a web page: the client of our WebAssembly modules, and a scene as one page."""

from typing import TYPE_CHECKING, Any

from rosesim.codegen.wasm.module import WasmModule
from rosesim.scenes.errors import SceneError
from rosesim.web.gallery import Entry, gallery
from rosesim.web.module import save, wasm
from rosesim.web.notebook import Shown, show
from rosesim.web.package import package
from rosesim.web.page import page
from rosesim.web.scene_package import run_package, scene_package

if TYPE_CHECKING:
    from rosesim.web.diagram import diagram_page
    from rosesim.web.widget import Widget

__all__ = [
    "Entry",
    "Shown",
    "WasmModule",
    "Widget",
    "diagram_page",
    "gallery",
    "package",
    "page",
    "run_package",
    "save",
    "scene_package",
    "show",
    "wasm",
]


def __getattr__(name: str) -> Any:
    if name == "diagram_page":  # at its first use: pages of scenes need none of rosesim[diagrams]
        from rosesim.web.diagram import diagram_page

        return diagram_page
    if name != "Widget":
        raise AttributeError(f"module 'rosesim.web' has no attribute {name!r}")
    try:  # at its first use: of all pages, only a widget needs the package
        from rosesim.web.widget import Widget
    except ImportError as e:
        raise SceneError(f"a widget needs the package anywidget: pip install 'rosesim[notebook]' ({e})") from e
    return Widget
