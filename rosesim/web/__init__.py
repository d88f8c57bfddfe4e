"""What runs in a web page: the client of our WebAssembly modules, and a scene as one page."""

from rosesim.codegen.wasm.module import WasmModule
from rosesim.web.gallery import Entry, gallery
from rosesim.web.module import save, wasm
from rosesim.web.notebook import Shown, show
from rosesim.web.page import page

__all__ = ["Entry", "Shown", "WasmModule", "gallery", "page", "save", "show", "wasm"]
