"""What goes wrong between a person and a scene, each in one sentence that says what would be right."""

from rosesim.ad.support.errors import RosesimError


class SceneError(RosesimError, ValueError):
    """A scene, a setting or an input was named or given wrongly; nothing has run."""


class UnwritableFile(RosesimError, OSError):
    """A file that was asked for could not be written; what it held before, it holds still.

    >>> from rosesim.scenes import UnwritableFile
    >>> from rosesim.scenes.writing import write_beside
    >>> try:
    ...     write_beside(".", b"content")
    ... except UnwritableFile as e:
    ...     print(e)
    cannot write .: Is a directory
    """
