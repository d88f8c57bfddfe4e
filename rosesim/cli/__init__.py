"""The command line: `rosesim list`, `run`, `train`, `export`, `check`, `bench`, `new`, `info`.

Exit status: 0 done, 1 the run or the check failed, 2 the command was wrong; each mistake is one line on
standard error. With --json, the last line of standard output is one JSON object.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main() -> None:
    """Run the command line's arguments and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and give its exit status.

    >>> run(["list", "--no-such-flag"])
    2
    """
    import typer

    from rosesim.ad.errors import RosesimError
    from rosesim.cli.commands import app
    from rosesim.scenes.errors import SceneError

    # The flag is understood anywhere on the line, so it is taken out before the commands see it.
    debug = "--debug" in arguments
    args = [a for a in arguments if a != "--debug"] or ["--help"]
    try:
        status = typer.main.get_command(app).main(args, prog_name="rosesim", standalone_mode=False)
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
            case OSError():
                return _fail(1, f"{e.filename}: {e.strerror}" if e.filename else str(e))
            case _:
                return _fail(1, f"unexpected {type(e).__name__}: {e} (--debug shows where)")


def _fail(status: int, message: str) -> int:
    line = " ".join(message.split())
    print(f"rosesim: {line}", file=sys.stderr)
    return status
