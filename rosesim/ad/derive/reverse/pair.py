"""The two functions that reverse mode makes of one, and the calling convention of the second.

J is the function that is transposed: a forward derivative, with tangents (Tan) among its parameters and results.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rosesim.ad.derive.reverse.cotangent import Ct, as_ref, booleans, cotangent
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Accum, Atom, Call, Func, TanT, Ty, Var

BIG = 16
"""Cotangents of arrays of more numbers than this are added into the caller's, not returned."""


def is_tan(a: Atom) -> bool:
    """Whether an atom is linear."""
    return is_tan_type(a.ty)


def is_tan_type(ty: Ty) -> bool:
    """Whether a type is linear."""
    return isinstance(ty.scalar, TanT)


# ------------------------------------------------------------------------------- arguments of bwd

MaskPattern = tuple[bool | None, ...]
"""For each cotangent that a reverse may take: whether it comes with a mask; None if nothing flows back there, which
is not the same as a zero that counts."""


def mask_pattern(cts: Iterable[Ct | None]) -> MaskPattern:
    """The pattern of these cotangents."""
    return tuple(None if ct is None else ct.mask is not True for ct in cts)


def parameters(tys: Iterable[Ty], pattern: MaskPattern) -> tuple[list[Var], list[Ct | None]]:
    """The parameters of bwd for cotangents of values of these types, and the same as cotangents."""
    params: list[Var] = []
    cts: list[Ct | None] = []
    for ty, has_mask in zip(tys, pattern, strict=True):
        if has_mask is None:
            cts.append(None)
            continue
        value = Var(cotangent(ty), "ct")
        mask = Var(booleans(ty), "mask") if has_mask else True
        params += [value] if mask is True else [value, mask]
        cts.append(Ct(value, mask, True))
    return params, cts


def arguments(b: Builder, cts: Iterable[Ct | None]) -> list[Atom]:
    """The arguments for those parameters; each value is zero where its mask is false."""
    found: list[Atom] = []
    for ct in cts:
        if ct is not None:
            found += [ct.clean(b)] if ct.mask is True else [ct.clean(b), ct.mask]
    return found


# --------------------------------------------------------------------------------- results of bwd


@dataclass(frozen=True, slots=True)
class Back:
    """How bwd returns the cotangent of one Tan parameter of J that is not a ref."""

    by_ref: bool = False
    """It is added into a ref that the caller passes, instead of returned."""
    nothing: bool = False
    """Nothing flows back and nothing is returned."""
    has_mask: bool = False
    """It has a mask, which is returned or added into a ref of its own."""
    always: bool = False
    """If it is added into a ref: it provably counts everywhere."""

    @property
    def is_result(self) -> bool:
        """Whether it is among the results."""
        return not (self.by_ref or self.nothing)


Into = tuple[Var, Var | None]
"""The refs into which bwd adds a large cotangent and, if it has one, its mask."""


def flat(into: Iterable[Into]) -> list[Var]:
    """These refs as bwd takes them."""
    return [r for refs in into for r in refs if r is not None]


@dataclass(frozen=True, slots=True)
class Pair:
    """The forward and the backward function of J.

    fwd: (primal parameters of J) -> (primal results, then the values of `stored`).
    bwd: (the values of `tape`; `parameters` for each Tan result, then for each Tan ref parameter of J; `flat` of
    those that `back` says are added) -> (the value of each that `back` says is returned, then their masks).
    """

    fwd: Func
    bwd: Func
    primals: tuple[Var, ...]
    """The primal parameters of J."""
    stored: tuple[Var, ...]
    """Variables of J that fwd returns for bwd."""
    tape: tuple[Var, ...]
    """What bwd reads: some of `primals` and of `stored`."""
    back: tuple[Back, ...]
    extra_work: float
    """The work of the forward pass that bwd recomputes."""

    def tape_of(self, args: Sequence[Atom], outs: Sequence[Atom]) -> list[Atom]:
        """The values of `tape`, if fwd was called with these arguments and returned these results."""
        held = dict(zip(self.primals, args, strict=True))
        held |= dict(zip(self.stored, outs[len(outs) - len(self.stored) :], strict=True))
        return [held[v] for v in self.tape]

    def call(self, given: Sequence[Atom], into: Iterable[Into]) -> Call:
        """The call of bwd."""
        return Call(self.bwd, (*given, *flat(into)))

    def returned(self, outs: Sequence[Atom]) -> list[Ct | None]:
        """The cotangents in the results of a call of bwd, one for each Tan parameter of J; None if it returned
        none."""
        count = sum(x.is_result for x in self.back)
        values, masks = iter(outs[:count]), iter(outs[count:])
        return [Ct.raw(next(values), next(masks) if x.has_mask else True) if x.is_result else None for x in self.back]


def call_back(b: Builder, pair: Pair, args: Sequence[Atom], cts: Sequence[Ty]) -> list[Atom]:
    """Call the reverse of J with new refs for large cotangents; return the cotangent of each Tan parameter of J.

    `cts` are their types. A cotangent is zero where its mask is false. The types may be those of tangents, because
    the reverse is linear in its last arguments.
    """
    inner = Builder(b)
    each = list(zip(cts, pair.back, strict=True))
    into = [(Var(as_ref(ty)), Var(as_ref(booleans(ty))) if x.has_mask else None) for ty, x in each if x.by_ref]
    plain = [ty for ty, x in each if x.is_result]
    outs: Sequence[Atom] = inner.let(pair.call(args, into), *plain, *pair.bwd.results[len(plain) :])
    sums: dict[Var, Atom] = {}
    if into:
        refs = flat(into)
        tys = [Ty(r.ty.scalar, r.ty.shape) for r in refs]
        accum = Accum(tuple(b.zeros(ty) for ty in tys), tuple(refs), inner.block(outs))
        ends = b.let(accum, *(o.ty for o in outs), *tys)
        outs, sums = ends[: len(outs)], dict(zip(refs, ends[len(outs) :], strict=True))
    else:
        b.lets += inner.lets
    large = (sums[ref] for ref, _ in into)
    found: list[Atom] = []
    for (ty, x), ct in zip(each, pair.returned(outs), strict=True):
        if ct is not None:
            found.append(ct.clean(b))
        else:
            found.append(next(large) if x.by_ref else b.zeros(ty))
    return found
