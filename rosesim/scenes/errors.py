"""The errors between a user and a scene, each in one sentence that says what was expected."""

from rosesim.ad.support.errors import RosesimError


class SceneError(RosesimError, ValueError):
    """A scene, a setting or an input was named or given wrongly; nothing has run."""


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
