"""Products of matrices as blocked kernels.

c[i, j] += sum over k of a[i, k] b[k, j] reads two numbers for each term; what makes it fast is to read each of them
once for many terms. A tile of c, four rows of a few vectors, stays in registers while k runs: seven reads then feed
twelve multiplications of vectors. The columns of b that a tile needs are first copied to lie one after the other
(unless they are few), so that they stay in the first cache; depth is cut so that they fit (Goto and van de Geijn,
Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34, 2008).

Each element takes its terms in the order of k whatever the tile, so strict bits are those of the plain nest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from rosesim.codegen.artifact import INTERRUPTED
from rosesim.codegen.llvm import calls
from rosesim.codegen.llvm.code import Code
from rosesim.codegen.llvm.panels import Panel, panels_of, places_of
from rosesim.codegen.llvm.region import FIRST, Region
from rosesim.codegen.llvm.tables import FuncInfo, ModuleTables
from rosesim.codegen.passes.products import Product

ROWS = 4
"""Rows of a tile: with three vectors a row, twelve sums, three vectors of b and one of a fill sixteen registers."""

DEPTH = 256
"""Terms between two writes of a tile: so many rows of a panel of b take 24 kB, most of a first cache."""

BLOCK_ROWS = 128
"""Rows of a that are copied to lie one after the other where all of them are more: 256 kB, half of a second cache."""

PACK_ROWS = 16
"""Rows of a from which on the panel is read often enough to be copied first."""

PACK_COLUMNS = 48
"""Columns from which on a is read often enough for a transposed one to be copied first: its rows lie across."""

SHARED_TERMS = 2_000_000
"""Multiplications of a block of rows and depth, about 100 microseconds, from which on threads share its panels."""

PACK_BYTES = 1 << 14
"""Below so many bytes b lies in the first cache as it is."""


def write(c: Code, info: FuncInfo, product: Product, tables: ModuleTables) -> None:
    """The body of a function (a, b, c) that multiplies."""
    _Kernel(c, info, product, tables).write()


@dataclass(frozen=True, slots=True)
class _Strip:
    """A panel of c for one block of depth: where its part of b begins, and how far apart the rows of that are."""

    panel: Panel
    source: str
    step: int
    start: str
    column: str
    length: str


class _Kernel:
    def __init__(self, c: Code, info: FuncInfo, p: Product, tables: ModuleTables):
        self.c, self.info, self.p, self.tables = c, info, p, tables
        self.flags = tables.flags.replace("reassoc ", "")
        self.kind = "float" if p.width == 32 else "double"
        self.size = p.width // 8
        self.lanes = max(2, tables.target.vector_bytes // self.size)
        self.a: str = "%a0"
        self.b: str = "%a1"
        self.to: str = "%a2"
        self.packed_a: str = ""
        self.packed_b: str = ""
        self.panels = panels_of(p.columns, self.lanes)
        self.row_of_a, self.step_of_a = (1, p.rows) if p.a_transposed else (p.depth, 1)
        self.step_of_b, self.column_of_b = (1, p.depth) if p.b_transposed else (p.columns, 1)

    def write(self) -> None:
        c, p = self.c, self.p
        deep = min(p.depth, DEPTH)
        widest = max(x.columns for x in self.panels)
        packs_b = p.b_transposed or (p.rows >= PACK_ROWS and p.depth * p.columns * self.size > PACK_BYTES)
        packs_a = p.rows * deep > BLOCK_ROWS * DEPTH or (
            p.a_transposed and p.rows * deep * self.size > PACK_BYTES and p.columns >= PACK_COLUMNS
        )
        self.panel_of_b = deep * widest
        self.packed_b = self._buffer(self.panel_of_b) if packs_b else ""
        self.packed_a = self._buffer(deep * min(BLOCK_ROWS, p.rows)) if packs_a else ""
        whole = p.rows - p.rows % ROWS
        block_rows = min(BLOCK_ROWS, whole) if packs_a and whole else max(whole, 1)
        blocks = -(-p.depth // deep)
        with c.loop(blocks) as block:
            number = block if not p.reverse else c.let(f"sub i64 {blocks - 1}, {block}")
            start = c.let(f"mul nuw nsw i64 {number}, {deep}")
            rest = c.let(f"sub nuw nsw i64 {p.depth}, {start}")
            length = str(p.depth) if deep == p.depth else c.let(f"call i64 @llvm.smin.i64(i64 {rest}, i64 {deep})")
            with c.loop(-(-whole // block_rows)) as row_block:
                mark = c.mark()
                row = c.let(f"mul nuw nsw i64 {row_block}, {block_rows}")
                below = c.let(f"sub nuw nsw i64 {whole}, {row}")
                rows = c.let(f"call i64 @llvm.smin.i64(i64 {block_rows}, i64 {below})")
                tiles = c.let(f"udiv i64 {rows}, {ROWS}")
                if packs_a:
                    self._pack_a(row, tiles, start, length)
                if self.tables.planned.shares and block_rows * deep * p.columns >= SHARED_TERMS:
                    self._shared_panels(start, length, row, tiles)
                else:
                    self._panels(start, length, row, tiles)
                c.release(mark)
            if whole < p.rows:
                self._panels(start, length, str(whole), "")
        calls.give_back(c, self.info, [])

    def _buffer(self, numbers: int) -> str:
        return self.c.alloc(f"[{numbers} x {self.kind}]", numbers * self.size)

    def _shared_panels(self, start: str, length: str, row: str, tiles: str) -> None:
        """The same of so many tiles, where threads share the panels."""
        outside, region = self.c, Region(self.tables, self.c, self.info.name)
        kept = self.a, self.b, self.to, self.packed_a, self.packed_b
        self.c = region.code
        self.a = region.capture("ptr", self.a, "noalias")
        self.b = region.capture("ptr", self.b, "noalias")
        self.to = region.capture("ptr", self.to, "noalias")
        self.packed_a = region.capture("ptr", self.packed_a, "noalias")
        if self.packed_b:
            self.packed_b = self._buffer(self.panel_of_b)
        start, length, row, tiles = (region.capture("i64", x) for x in (start, length, row, tiles))
        units = sum(panel.count for panel in self.panels)
        # Panels that run at once lie far apart: neighbours write to the same cache lines.
        number = region.code.let(f"urem i64 {region.code.let(f'mul nuw nsw i64 {FIRST}, {_stride(units)}')}, {units}")
        self._panels(start, length, row, tiles, (number, region.code.let(f"add nuw nsw i64 {number}, 1")))
        self.c = outside
        self.a, self.b, self.to, self.packed_a, self.packed_b = kept
        region.share(units, 1, [])

    def _panels(
        self,
        start: str,
        length: str,
        row: str,
        tiles: str,
        span: tuple[str, str] | None = None,
    ) -> None:
        """All columns of some rows: of so many tiles, or (without a number) of the rows left at the end.

        With a span, only those of the panels, which are counted through.
        """
        c = self.c
        before = 0
        for panel in self.panels:
            first, last = ("0", str(panel.count)) if span is None else (self._within(x, before, panel) for x in span)
            before += panel.count
            with c.loop(last, first) as which:
                self._poll()
                column = c.let(f"add nuw nsw i64 {c.let(f'mul nuw nsw i64 {which}, {panel.columns}')}, {panel.first}")
                source, step = self._start_of_b(start, column), self.step_of_b
                if self.packed_b:
                    self._pack_b(panel, source, length)
                    source, step = self.packed_b, panel.columns
                where = _Strip(panel, source, step, start, column, length)
                if not tiles:
                    self._tile(where, row, self._start_of_a(start, row), self.p.rows % ROWS)
                    continue
                with c.loop(tiles) as tile:
                    at = c.let(f"add nuw nsw i64 {row}, {c.let(f'mul nuw nsw i64 {tile}, {ROWS}')}")
                    if self.packed_a:
                        size = c.let(f"mul nuw nsw i64 {length}, {ROWS}")
                        from_a = self._at(self.packed_a, c.let(f"mul nuw nsw i64 {tile}, {size}"))
                    else:
                        from_a = self._start_of_a(start, at)
                    self._tile(where, at, from_a, ROWS)

    def _within(self, number: str, before: int, panel: Panel) -> str:
        """The number of a panel, counted through, as one of those of a width: 0 or their count where it is beyond."""
        low = self.c.let(f"call i64 @llvm.smax.i64(i64 {self.c.let(f'sub nsw i64 {number}, {before}')}, i64 0)")
        return self.c.let(f"call i64 @llvm.smin.i64(i64 {low}, i64 {panel.count})")

    def _start_of_a(self, start: str, row: str) -> str:
        along = self.c.let(f"mul nuw nsw i64 {start}, {self.step_of_a}")
        down = self.c.let(f"mul nuw nsw i64 {row}, {self.row_of_a}")
        return self._at(self.a, self.c.let(f"add nuw nsw i64 {along}, {down}"))

    def _pack_a(self, row: str, tiles: str, start: str, length: str) -> None:
        """Copy a block of a, tile by tile: for each k the numbers of a tile's rows."""
        c = self.c
        with c.loop(tiles) as tile, c.loop(length) as k:
            first = c.let(f"add nuw nsw i64 {row}, {c.let(f'mul nuw nsw i64 {tile}, {ROWS}')}")
            source = self._at(self._start_of_a(start, first), c.let(f"mul nuw nsw i64 {k}, {self.step_of_a}"))
            number = c.let(f"add nuw nsw i64 {c.let(f'mul nuw nsw i64 {tile}, {length}')}, {k}")
            to = self._at(self.packed_a, c.let(f"mul nuw nsw i64 {number}, {ROWS}"))
            for r in range(ROWS):
                one = c.let(f"load {self.kind}, ptr {self._at(source, str(r * self.row_of_a))}")
                c.put(f"store {self.kind} {one}, ptr {self._at(to, str(r))}")

    def _start_of_b(self, start: str, column: str) -> str:
        at = self.c.let(f"mul nuw nsw i64 {start}, {self.step_of_b}")
        by = self.c.let(f"mul nuw nsw i64 {column}, {self.column_of_b}")
        return self._at(self.b, self.c.let(f"add nuw nsw i64 {at}, {by}"))

    def _at(self, pointer: str, index: str) -> str:
        return self.c.let(f"getelementptr inbounds nuw {self.kind}, ptr {pointer}, i64 {index}")

    def _vector(self, width: int) -> str:
        return f"<{width} x {self.kind}>"

    def _load(self, pointer: str, width: int) -> str:
        return self.c.let(f"load {self._vector(width)}, ptr {pointer}, align {self.size}")

    def _poll(self) -> None:
        """Look for an interrupt where the plain nest would."""
        if self.info.fallible:
            self.c.fail_if(self.c.let("call i1 @rosesim_poll()"), str(INTERRUPTED))

    def _pack_b(self, panel: Panel, source: str, length: str) -> None:
        """Copy a panel's columns of b."""
        c = self.c
        with c.loop(length) as k:
            row = self._at(source, c.let(f"mul nuw nsw i64 {k}, {self.step_of_b}"))
            to = self._at(self.packed_b, c.let(f"mul nuw nsw i64 {k}, {panel.columns}"))
            for first, width in places_of(panel.widths):
                if self.column_of_b == 1:
                    value = self._load(self._at(row, str(first)), width)
                else:
                    value = "poison"
                    for n in range(width):
                        one = c.let(f"load {self.kind}, ptr {self._at(row, str((first + n) * self.column_of_b))}")
                        value = c.let(f"insertelement {self._vector(width)} {value}, {self.kind} {one}, i64 {n}")
                c.put(f"store {self._vector(width)} {value}, ptr {self._at(to, str(first))}, align {self.size}")

    def _tile(self, s: _Strip, row: str, from_a: str, rows: int) -> None:
        """Some rows of a panel."""
        c, p = self.c, self.p
        places = places_of(s.panel.widths)
        corner = c.let(f"add nuw nsw i64 {s.column}, {c.let(f'mul nuw nsw i64 {row}, {p.columns}')}")
        to = self._at(self.to, corner)
        spots = [(self._at(to, str(r * p.columns + first)), width) for r in range(rows) for first, width in places]
        begun = [self._load(home, width) for home, width in spots]
        sums = self._sums(s, begun, rows, from_a)
        for (home, width), total in zip(spots, sums, strict=True):
            c.put(f"store {self._vector(width)} {total}, ptr {home}, align {self.size}")

    def _sums(self, s: _Strip, begun: Sequence[str], rows: int, from_a: str) -> list[str]:
        """The loop over k, whose sums are in registers."""
        c, p = self.c, self.p
        places = places_of(s.panel.widths)
        packed = self.packed_a and rows == ROWS
        row_of_a, step_of_a = (1, ROWS) if packed else (self.row_of_a, self.step_of_a)
        before, head, leave = c.label, c.fresh("head"), c.fresh("exit")
        count, following = "%" + c.fresh("k"), "%" + c.fresh("k")
        sums = ["%" + c.fresh("s") for _ in begun]
        c.jump(head)
        c.open(head)
        slots = [c.reserve() for _ in range(1 + len(sums))]
        k = count if not p.reverse else c.let(f"sub i64 {c.let(f'sub i64 {s.length}, 1')}, {count}")
        row = self._at(s.source, c.let(f"mul nuw nsw i64 {k}, {s.step}"))
        vectors = [self._load(self._at(row, str(first)), width) for first, width in places]
        at = self._at(from_a, c.let(f"mul nuw nsw i64 {k}, {step_of_a}"))
        made: list[str] = []
        for r in range(rows):
            one = c.let(f"load {self.kind}, ptr {self._at(at, str(r * row_of_a))}, align {self.size}")
            for v, (_, width) in enumerate(places):
                kind = self._vector(width)
                put = c.let(f"insertelement {kind} poison, {self.kind} {one}, i64 0")
                spread = c.let(f"shufflevector {kind} {put}, {kind} poison, <{width} x i32> zeroinitializer")
                term = c.let(f"fmul {self.flags}{kind} {spread}, {vectors[v]}")
                word = "fsub" if p.negative else "fadd"
                made.append(c.let(f"{word} {self.flags}{kind} {sums[len(made)]}, {term}"))
        c.put(f"{following} = add nuw nsw i64 {count}, 1")
        c.branch(c.let(f"icmp ult i64 {following}, {s.length}"), head, leave)
        c.fill(slots[0], f"  {count} = phi i64 [ 0, %{before} ], [ {following}, %{c.label} ]")
        widths = [width for _ in range(rows) for _, width in places]
        for slot, name, first, now, width in zip(slots[1:], sums, begun, made, widths, strict=True):
            c.fill(slot, f"  {name} = phi {self._vector(width)} [ {first}, %{before} ], [ {now}, %{c.label} ]")
        c.open(leave)
        return made


def _stride(units: int) -> int:
    """How far apart units that follow each other are, so that some that follow each other are all far apart: about a
    golden section of all, and prime to their number, so that each comes once."""
    return next(k for k in range(max(1, round(0.618 * units)), 2 * units) if gcd(k, units) == 1)
