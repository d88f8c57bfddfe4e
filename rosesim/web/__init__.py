"""What runs in a web page: the client of our WebAssembly modules, and a scene as one page."""

from rosesim.codegen.wasm.module import WasmModule
from rosesim.web.module import save, wasm

__all__ = ["WasmModule", "save", "wasm"]
