# SciPy has no types. Without this folder the type checker would infer them from its source, for half a minute.
from typing import Any

def __getattr__(name: str) -> Any: ...
