class _LockContext:
    def __enter__(self) -> None: ...
    def __exit__(self) -> None: ...

class _Library:
    _lock: _LockContext

lib: _Library
