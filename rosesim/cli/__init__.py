"""The command line: `rosesim run`, `train`, `check`, `bench`, `export`, `compare`, `list`, `info`, `new`, `diagram`.

Exit status: 0 done, 1 the run or the check failed, 2 the command was wrong. Each mistake is one line on
standard error. With --json, the last line of standard output is one JSON object.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
import sysconfig
import traceback
import warnings
from collections.abc import Generator, Sequence
from contextvars import copy_context
from functools import cache
from pathlib import Path
from typing import Any

INTERRUPTED = 130
"""The status that typer returns for Ctrl-C."""
LONGEST = 2000
"""Most characters of an error line."""


def main() -> None:
    """Run the command line's arguments and exit."""
    try:
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # Ctrl-C while the modules of a command are imported
        sys.exit(1 if "--debug" in sys.argv else _fail(1, "interrupted"))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status.

    >>> run(["list", "--no-such-flag"])
    2
    """
    import typer

    from rosesim.ad.support.debugging import debug_programs
    from rosesim.ad.support.errors import RosesimError

    # The flag is allowed anywhere on the line, so it is removed before the commands see it.
    debug = "--debug" in arguments
    args = [a for a in arguments if a != "--debug"] or ["--help"]
    try:
        with debug_programs(debug), _warnings_as_lines():
            # In a context of its own: what a command sets for itself (a precision) ends with it.
            status = copy_context().run(_command().main, args, prog_name="rosesim", standalone_mode=False)
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        return status if isinstance(status, int) else 0
    except SystemExit as e:  # of typer, when it has answered or set up a shell's completion
        if e.code:
            raise
        return 0
    except (Exception, KeyboardInterrupt) as e:
        if debug:
            raise
        from rosesim.scenes.errors import SceneError  # with the scenes' package, which --help does without

        match e:
            case typer.TyperException():
                return _fail(e.exit_code, _what_is_wrong(e))
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


@cache
def _command() -> Any:
    """All commands as typer makes them, once in a process: it takes as long as a small command."""
    import typer

    from rosesim.cli.app import app

    return typer.main.get_command(app)


def _what_is_wrong(error: Any) -> str:
    """The sentence about a wrong command: what typer found, the name that was meant, where to look."""
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None and context.parent is not None else "rosesim"
    wrong = getattr(error, "option_name", None)
    if wrong is None or context is None or not error.message.startswith("No such option"):
        what = "arguments and options" if where != "rosesim" else "commands"
        return f"{error.format_message()} ({where} --help lists the {what})"
    known = [o for p in context.command.params for o in p.opts if o.startswith("--")]
    close = difflib.get_close_matches(wrong, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"{where} --help lists them"
    return f"{error.message}; {hint}"


@contextlib.contextmanager
def _warnings_as_lines() -> Generator[None]:
    """rosesim's warnings become one line each, like its errors, printed once; other warnings stay as they are."""
    plain, said = warnings.showwarning, set[str]()

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if category.__module__.startswith("rosesim."):
            if str(message) not in said:
                said.add(str(message))
                _say(str(message))
        else:
            plain(message, category, *where, **more)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _users_line(error: BaseException) -> str:
    """The innermost traceback line in a file that is neither rosesim's nor an installed package's; "" without one."""
    paths = sysconfig.get_paths()
    others = (
        str(Path(__file__).parents[1]) + os.sep,
        *(paths[k] for k in ("stdlib", "platstdlib", "purelib", "platlib")),
        "<",
    )
    lines = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(others)]
    return f"{lines[-1].filename}:{lines[-1].lineno}: " if lines else ""


def _fail(status: int, message: str) -> int:
    _say(message)
    return status


def _say(message: str) -> None:
    line = " ".join(message.split())
    line = line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
    print(f"rosesim: {line}", file=sys.stderr)
