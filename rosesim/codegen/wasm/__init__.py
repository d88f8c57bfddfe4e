"""Programs as a WebAssembly module that stands alone: linked, with all of its memory planned, and described."""
