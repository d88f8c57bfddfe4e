"""What runs in a web page: the client of our WebAssembly modules, and a scene as one page."""

from rosesim.codegen.wasm.module import WasmModule
from rosesim.web.gallery import Entry, gallery
from rosesim.web.module import save, wasm
from rosesim.web.notebook import Shown, show
from rosesim.web.package import package
from rosesim.web.page import page
from rosesim.web.scene_package import run_package, scene_package

__all__ = [
    "Entry",
    "Shown",
    "WasmModule",
    "gallery",
    "package",
    "page",
    "run_package",
    "save",
    "scene_package",
    "show",
    "wasm",
]
