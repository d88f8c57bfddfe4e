"""Roles: what a drawn thing is. One may be chosen by a number of the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.values.refused import formatter


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """One of several roles or texts, chosen by a number of the state: `OneOf(("cold", "warm"), celsius > 20.0)`.

    The number is rounded, and clipped to the list. An array of numbers chooses a role for each of many circles or
    segments. Within a text it stands in braces.

    >>> OneOf(("cold", "warm"), 0.0).chosen(), f"It is {OneOf(('cold', 'warm'), True)}."
    ('cold', 'It is warm.')
    """

    options: Sequence[str]
    which: Any

    def places(self) -> NDArray[np.int64]:
        """The numbers of the chosen ones, as an array."""
        which = np.asarray(self.which, dtype=np.float64)
        return np.rint(np.clip(np.nan_to_num(which), 0, len(self.options) - 1)).astype(np.int64)

    def chosen(self) -> str:
        """The chosen one."""
        return self.options[int(self.places())]

    def __format__(self, spec: str) -> str:
        shown = formatter.get()
        return self.chosen() if shown is None else shown(self, spec)


Role = str | OneOf


def roles_of(role: Role) -> tuple[tuple[str, ...], Any]:
    """The roles that there are, and which of them it is."""
    return (tuple(role.options), role.places()) if isinstance(role, OneOf) else ((role,), 0)


def role_of(role: Role) -> str:
    """The role that it is."""
    return role.chosen() if isinstance(role, OneOf) else role
