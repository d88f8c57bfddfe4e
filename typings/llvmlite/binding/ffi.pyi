class _Lock:
    def __enter__(self) -> None: ...
    def __exit__(self, *exc_details: object) -> None: ...

class _Library:
    _lock: _Lock

lib: _Library
