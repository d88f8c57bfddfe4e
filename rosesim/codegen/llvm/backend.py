"""LLVM as a backend. A program becomes text, and the text becomes code that the target loads."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from rosesim.codegen.artifact import Artifact
from rosesim.codegen.limits import refuse_too_large
from rosesim.codegen.llvm import engine, module
from rosesim.codegen.llvm.divide import divided
from rosesim.codegen.planned import Effort, Options, Planned
from rosesim.codegen.target import Target


def lower(planned: Planned, target: Target) -> Artifact:
    """The text of a program, and the target's code for it.

    Raises TooLarge, before any code is made, if the program needs more memory than the target has.
    """
    written = module.write(planned, target)
    refuse_too_large(planned.func, written.workspace_bytes, target)
    texts = [written.text] if target.runtime is None else divided(written.text)  # others load a single file
    return replace(written, code=engine.target_codes(texts, target, planned.effort))


def final_text(artifact: Artifact, target: Target, options: Options) -> str:
    """The text that machine code is made from: optimised, if the options say so."""
    return engine.as_compiled(artifact.text, target, cast("Effort", artifact.effort))
