"""The command line: `rosesim list`, `run`, `train`, `export`, `check`, `bench`, `new`, `info`.

Exit status: 0 done, 1 the run or the check failed, 2 the command was wrong; each mistake is one line on
standard error. With --json, the last line of standard output is one JSON object.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path

INTERRUPTED = 130
"""What typer makes of Ctrl-C by itself."""
LONGEST = 2000
"""Characters of a line that says what went wrong."""


def main() -> None:
    """Run the command line's arguments and exit."""
    try:
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # while what the commands need is imported
        sys.exit(1 if "--debug" in sys.argv else _fail(1, "interrupted"))


def run(arguments: Sequence[str]) -> int:
    """Run a command and give its exit status.

    >>> run(["list", "--no-such-flag"])
    2
    """
    import typer

    from rosesim.ad.debugging import debug_programs
    from rosesim.ad.errors import RosesimError
    from rosesim.cli.commands import app
    from rosesim.scenes.errors import SceneError

    # The flag is understood anywhere on the line, so it is taken out before the commands see it.
    debug = "--debug" in arguments
    args = [a for a in arguments if a != "--debug"] or ["--help"]
    try:
        with debug_programs(debug):
            status = typer.main.get_command(app).main(args, prog_name="rosesim", standalone_mode=False)
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        return status if isinstance(status, int) else 0
    except (Exception, KeyboardInterrupt) as e:
        if debug:
            raise
        match e:
            case typer.TyperException():
                return _fail(e.exit_code, e.format_message() + " (rosesim --help lists what there is)")
            case typer.Abort() | KeyboardInterrupt():
                return _fail(1, "interrupted")
            case SceneError():
                return _fail(2, str(e))
            case RosesimError():
                return _fail(1, str(e))
            case MemoryError():
                return _fail(1, f"there is not enough memory for this: {e} (--debug shows where)")
            case OSError():
                return _fail(1, f"{e.filename}: {e.strerror}" if e.filename else str(e))
            case _:
                return _fail(1, f"{_users_line(e)}unexpected {type(e).__name__}: {e} (--debug shows where)")


def _users_line(error: BaseException) -> str:
    """The innermost line of a file that is neither rosesim's nor an installed package's, where there is one."""
    paths = sysconfig.get_paths()
    others = (
        str(Path(__file__).parents[1]) + os.sep,
        *(paths[k] for k in ("stdlib", "platstdlib", "purelib", "platlib")),
        "<",
    )
    lines = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(others)]
    return f"{lines[-1].filename}:{lines[-1].lineno}: " if lines else ""


def _fail(status: int, message: str) -> int:
    line = " ".join(message.split())
    line = line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
    print(f"rosesim: {line}", file=sys.stderr)
    return status
