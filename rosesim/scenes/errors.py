"""The errors between a user and a scene, each in one sentence that says what was expected."""

from rosesim.ad.support.errors import RosesimError


class SceneError(RosesimError, ValueError):
    """A scene, a setting or an input was named or given wrongly; nothing has run."""


def without_view(error: ImportError) -> SceneError:
    """What is told where a package that draws is not there: clusters do without, and some machines cannot load SDL.

    >>> without_view(ImportError("No module named 'PIL'"))
    SceneError("pictures and windows need more packages: pip install 'rosesim[view]' (No module named 'PIL')")
    """
    return SceneError(f"pictures and windows need more packages: pip install 'rosesim[view]' ({error})")


class UnwritableFile(RosesimError, OSError):
    """A file could not be written; it still holds what it held before.

    >>> from rosesim.scenes import UnwritableFile
    >>> from rosesim.scenes.writing import write_beside
    >>> try:
    ...     write_beside(".", b"content")
    ... except UnwritableFile as e:
    ...     print(e)
    cannot write .: Is a directory
    """
