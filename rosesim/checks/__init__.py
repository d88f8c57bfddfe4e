"""Checking gradients: reverse mode against forward mode and differences, with a verdict in words."""

from rosesim.checks.programs import Programs
from rosesim.checks.report import Report, check, check_grads
from rosesim.checks.verdict import Verdict

__all__ = ["Programs", "Report", "Verdict", "check", "check_grads"]
