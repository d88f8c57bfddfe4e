"""`rosesim identify`: a robot's parameters from its recorded motion."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from rosesim.cli.app import app
from rosesim.cli.options import Json, path
from rosesim.cli.output import print_json

RobotFile = Annotated[Path, typer.Argument(metavar="ROBOT", parser=path, help="A robot's file, .xml or .urdf.")]
RecordFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="RECORD...",
        parser=path,
        help="CSV files with columns time, q0, q1, ..., ctrl0, ..., v0, ..., sensor0, ..., act0.",
    ),
]
Find = Annotated[
    list[str] | None,
    typer.Option(
        "--find",
        metavar="NAME[=VALUE]",
        help="A parameter or a pattern, as 'body * mass', and where to begin; all masses if not given.",
    ),
]
Noise = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[KIND=]NUMBER",
        help="The standard deviation of what was measured, of q, v or sensors; estimated if not given.",
    ),
]
ContactModel = Annotated[str, typer.Option("--contact", metavar="MODEL", help="soft, compliant or none.")]
Confidence = Annotated[float, typer.Option(metavar="PART", help="Of the intervals, between 0 and 1.")]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", metavar="CLASS", help="What to leave out of the file.")]


@app.command()
def identify(
    robot: RobotFile,
    records: RecordFiles,
    find: Find = None,
    noise: Noise = None,
    contact: ContactModel = "soft",
    confidence: Confidence = 0.95,
    ignore: Ignore = None,
    json: Json = False,
) -> None:
    """A robot's masses and frictions from recorded motion.

    Least squares over all records, with standard errors, confidence intervals, and what the records cannot tell
    apart. A doubtful result is printed with the doubt, and has the exit status 1.
    """
    from rosesim import robots

    try:
        model = robots.load(robot, ignore=ignore or [])
        wanted: dict[str, Any] = {}
        for text in find or ["body * mass"]:
            name, equals, value = text.rpartition("=")
            wanted[name.strip() if equals else text] = _number("--find", value) if equals else None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubts are printed with the rest
            found = robots.identify(
                model,
                [robots.read_record(file) for file in records],
                wanted,
                noise=_noise(noise or []),
                contact=contact,
                confidence=confidence,
            )
    except (ValueError, OSError) as e:
        raise typer.BadParameter(str(e)) from e
    print(found)
    if json:
        print_json(
            {
                "robot": found.robot,
                "values": found.values,
                "errors": found.errors,
                "intervals": found.intervals,
                "undetermined": [str(direction) for direction in found.undetermined],
                "noise": {kind: deviations.tolist() for kind, deviations in found.noise.items()},
                "iterations": found.iterations,
                "converged": found.converged,
                "doubts": found.doubts,
            }
        )
    if found.doubts:
        raise typer.Exit(1)


def _noise(texts: list[str]) -> Any:
    found: dict[str, float] = {}
    for text in texts:
        kind, equals, value = text.rpartition("=")
        if not equals and len(texts) == 1:
            return _number("--noise", value)
        found[kind] = _number("--noise", value)
    return found or None


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{option}: {text!r} was found; expected a number") from None
