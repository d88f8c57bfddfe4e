"""`x.at[...]`: a vector with some of its elements replaced or increased."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NoReturn

from rosesim.ad.support.errors import MissingAttribute, TypeMismatch
from rosesim.ad.support.locate import here

if TYPE_CHECKING:
    from rosesim.ad.language.values.vector import VecValue


@dataclasses.dataclass(frozen=True, slots=True)
class At:
    """Places in a vector: `x.at[i]`, `x.at[i, j]`, `x.at[:, 0]`, `x.at[i][j]`."""

    x: VecValue
    places: tuple[Any, ...]

    def __getitem__(self, i: Any) -> At:
        return At(self.x, (*self.places, i))

    def set(self, v: Any) -> VecValue:
        """The vector with the elements here replaced by v. In place if the old vector is not used again.

        >>> from rosesim import fn, Real, Vec
        >>> @fn
        ... def second_zero(x: Vec[Real, 3]) -> Vec[Real, 3]:
        ...     return x.at[1].set(0.0)
        >>> second_zero([1.0, 2.0, 3.0])
        array([1., 0., 3.])
        """
        return self._changed(v, "set", add=False)

    def add(self, v: Any) -> VecValue:
        """The vector with v added to the elements here.

        >>> from rosesim import fn, Real, Vec
        >>> @fn
        ... def raised(x: Vec[Vec[Real, 2], 2]):
        ...     return x.at[:, 0].add(10.0)
        >>> raised([[1.0, 2.0], [3.0, 4.0]])
        array([[11.,  2.],
               [13.,  4.]])
        """
        return self._changed(v, "add", add=True)

    if not TYPE_CHECKING:  # with it, an editor would accept every misspelt attribute

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):
                raise AttributeError(name)  # Python reads these to find out what an object can do
            raise MissingAttribute(
                f"x.at[i].{name} was found; expected x.at[i].set(v) or x.at[i].add(v), with x[i] in v where the new "
                "element is made of the old one",
                here(),
            )

    def _changed(self, v: Any, name: str, *, add: bool) -> VecValue:
        if not self.places:
            raise TypeMismatch(f"x.at.{name}(v) was found; expected x.at[i].{name}(v)", here())
        from rosesim.ad.language.indexing import write  # late: it needs loops, and loops make vectors

        return write(self.x, self.places, v, add=add)
