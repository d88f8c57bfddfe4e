"""What workers and those who share a loop with them run: LLVM's text, and the state that it keeps.

A *ticket* says which chunk is the next: the number of the loop in its upper half and of the chunk in the lower.
Whoever wants a chunk reads the ticket, then what is said of the loop, and exchanges the ticket for the next one; that
succeeds only if nobody has changed it since, so that what was read belongs to it. Between loops the lower half is the
greatest number, which no loop has.
"""

from __future__ import annotations

import platform

from rosesim.codegen.artifact import INTERRUPTED
from rosesim.codegen.runtime import interrupt

LINE = 8
"""Words of a cache line: what different threads write to lies apart."""

TICKET, LEFT, BUSY, LOOP, POOL, EACH = (LINE * k for k in range(6))
"""Words of the state: the next chunk; twice the chunks that have not ended, plus one if the caller sleeps; whether a
loop is shared, and what is said of it; what is said of the workers; where each worker's own words begin, which say
whether it sleeps, and have the lock that wakes it."""
FUNCTION, CONTEXT, CHUNKS, LIMIT, FAILED = range(LOOP, LOOP + 5)
WORKERS, QUIT, FINISHED = range(POOL, POOL + 3)
CLOSED = (1 << 32) - 1
"""The lower half of the ticket where no loop is shared."""

SPINS = 1_500
"""Looks for work before a worker sleeps: 20 to 90 microseconds, as long as the processor pauses. Waking it takes as
long, and a system call."""

_PAUSE = {
    "x86_64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "amd64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "aarch64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
    "arm64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
}


def _word(k: int) -> str:
    return f"getelementptr (i64, ptr @rosesim_workers, i64 {k})"


def text() -> str:
    """The module that defines `rosesim_share` and `rosesim_worker`."""
    declared, pause = _PAUSE.get(platform.machine().lower(), ("", ""))
    read = "load atomic i64, ptr"
    return f"""
@rosesim_workers = external global [0 x i64]
declare i32 @PyThread_acquire_lock(ptr, i32)
declare i32 @PyThread_acquire_lock_timed(ptr, i64, i32)
declare void @PyThread_release_lock(ptr)
{declared}
{interrupt.POLL}

; Run chunks of the open loop as the thread with this number, until none is left. Gives how many.
define internal i64 @work(i64 %me) noinline nounwind {{
entry:
  br label %look
look:
  %done = phi i64 [ 0, %entry ], [ %done, %again ], [ %more, %finish ], [ %more, %wake ]
  %ticket = {read} {_word(TICKET)} acquire, align 8
  %chunk = and i64 %ticket, {CLOSED}
  %chunks = {read} {_word(CHUNKS)} acquire, align 8
  %limit = {read} {_word(LIMIT)} acquire, align 8
  %function.bits = {read} {_word(FUNCTION)} acquire, align 8
  %context.bits = {read} {_word(CONTEXT)} acquire, align 8
  %some = icmp ult i64 %chunk, %chunks
  %invited = icmp ult i64 %me, %limit
  %wanted = and i1 %some, %invited
  br i1 %wanted, label %take, label %none
none:
  ret i64 %done
take:
  %following = add i64 %ticket, 1
  %exchange = cmpxchg ptr {_word(TICKET)}, i64 %ticket, i64 %following seq_cst seq_cst, align 8
  %mine = extractvalue {{ i64, i1 }} %exchange, 1
  br i1 %mine, label %run, label %again
again:
  br label %look
run:
  %function = inttoptr i64 %function.bits to ptr
  %context = inttoptr i64 %context.bits to ptr
  %status = call i32 %function(ptr %context, i64 %chunk, i64 %me)
  %more = add i64 %done, 1
  %good = icmp eq i32 %status, 0
  br i1 %good, label %finish.one, label %failed
failed:
  ; The first failure in the order of the chunks counts, and an interrupt before all.
  %interrupted = icmp eq i32 %status, {INTERRUPTED}
  %number = add i64 %chunk, 1
  %place = select i1 %interrupted, i64 0, i64 %number
  %upper = shl i64 %place, 32
  %lower = zext i32 %status to i64
  %failure = or i64 %upper, %lower
  %before = atomicrmw umin ptr {_word(FAILED)}, i64 %failure seq_cst, align 8
  br label %drop
drop:
  ; Nobody takes the chunks that are left.
  %now = {read} {_word(TICKET)} acquire, align 8
  %next = and i64 %now, {CLOSED}
  %any = icmp ult i64 %next, %chunks
  br i1 %any, label %cancel, label %finish.one
cancel:
  %base = sub i64 %now, %next
  %end = add i64 %base, %chunks
  %cancelled = cmpxchg ptr {_word(TICKET)}, i64 %now, i64 %end seq_cst seq_cst, align 8
  %ours = extractvalue {{ i64, i1 }} %cancelled, 1
  br i1 %ours, label %count, label %drop
count:
  %rest = sub i64 %chunks, %next
  br label %finish.one
finish.one:
  %dropped = phi i64 [ 0, %run ], [ 0, %drop ], [ %rest, %count ]
  %ended = add i64 %dropped, 1
  %twice = shl i64 %ended, 1
  %old = atomicrmw sub ptr {_word(LEFT)}, i64 %twice seq_cst, align 8
  %asleep = add i64 %twice, 1
  %waited = icmp eq i64 %old, %asleep
  br i1 %waited, label %wake, label %finish
wake:
  %finished = load ptr, ptr {_word(FINISHED)}, align 8
  call void @PyThread_release_lock(ptr %finished)
  br label %look
finish:
  br label %look
}}

; A worker: number me of all threads, the caller being 0.
define void @rosesim_worker(i64 %me) nounwind {{
entry:
  %index = sub i64 %me, 1
  %offset = mul i64 %index, {LINE}
  %own = add i64 %offset, {EACH}
  %sleeping = getelementptr i64, ptr @rosesim_workers, i64 %own
  %at = getelementptr i64, ptr %sleeping, i64 1
  %lock = load ptr, ptr %at, align 8
  br label %awake
awake:
  %spins = phi i64 [ 0, %entry ], [ 0, %stay ], [ 0, %slept ], [ %count, %go ]
  %quit = {read} {_word(QUIT)} acquire, align 8
  %leaves = icmp ne i64 %quit, 0
  br i1 %leaves, label %end, label %look
look:
  %done = call i64 @work(i64 %me)
  %idle = icmp eq i64 %done, 0
  %plus = add i64 %spins, 1
  %count = select i1 %idle, i64 %plus, i64 0
  %tired = icmp ugt i64 %count, {SPINS}
  br i1 %tired, label %lie, label %pause
pause:
  {pause}
  br label %go
go:
  br label %awake
lie:
  store atomic i64 1, ptr %sleeping seq_cst, align 8
  ; Whoever opens a loop from now on sees it. One that was opened before is seen here.
  %ticket = {read} {_word(TICKET)} seq_cst, align 8
  %chunk = and i64 %ticket, {CLOSED}
  %chunks = {read} {_word(CHUNKS)} seq_cst, align 8
  %leaving = {read} {_word(QUIT)} seq_cst, align 8
  %some = icmp ult i64 %chunk, %chunks
  %ending = icmp ne i64 %leaving, 0
  %up = or i1 %some, %ending
  br i1 %up, label %rise, label %sleep
rise:
  %was = atomicrmw xchg ptr %sleeping, i64 0 seq_cst, align 8
  %still = icmp eq i64 %was, 1
  br i1 %still, label %stay, label %sleep
stay:
  br label %awake
sleep:
  %taken = call i32 @PyThread_acquire_lock(ptr %lock, i32 1)
  br label %slept
slept:
  br label %awake
end:
  ret void
}}

; Run the chunks of a loop, function(context, chunk, thread), on up to `threads` threads. Gives 0, or the first status
; of a chunk that is not 0.
define i32 @rosesim_share(ptr %function, ptr %context, i64 %chunks, i64 %threads, i1 %polls) nounwind {{
entry:
  %workers = {read} {_word(WORKERS)} monotonic, align 8
  %helped = icmp ne i64 %workers, 0
  %many = icmp ugt i64 %threads, 1
  %shared = and i1 %helped, %many
  br i1 %shared, label %reserve, label %alone
reserve:
  %exchange = cmpxchg ptr {_word(BUSY)}, i64 0, i64 1 acquire monotonic, align 8
  %free = extractvalue {{ i64, i1 }} %exchange, 1
  br i1 %free, label %open, label %alone
alone:
  br label %chunk
chunk:
  %k = phi i64 [ 0, %alone ], [ %following, %next ]
  %further = icmp ult i64 %k, %chunks
  br i1 %further, label %run, label %good
run:
  %status = call i32 %function(ptr %context, i64 %k, i64 0)
  %right = icmp eq i32 %status, 0
  br i1 %right, label %next, label %bad
next:
  %following = add i64 %k, 1
  br label %chunk
good:
  ret i32 0
bad:
  ret i32 %status
open:
  %function.bits = ptrtoint ptr %function to i64
  %context.bits = ptrtoint ptr %context to i64
  store atomic i64 %function.bits, ptr {_word(FUNCTION)} release, align 8
  store atomic i64 %context.bits, ptr {_word(CONTEXT)} release, align 8
  store atomic i64 %chunks, ptr {_word(CHUNKS)} release, align 8
  store atomic i64 %threads, ptr {_word(LIMIT)} release, align 8
  store atomic i64 -1, ptr {_word(FAILED)} release, align 8
  %twice = shl i64 %chunks, 1
  store atomic i64 %twice, ptr {_word(LEFT)} release, align 8
  %last = {read} {_word(TICKET)} acquire, align 8
  %ticket = add i64 %last, 1
  store atomic i64 %ticket, ptr {_word(TICKET)} seq_cst, align 8
  %others = sub i64 %threads, 1
  %helpers = call i64 @llvm.umin.i64(i64 %others, i64 %workers)
  br label %rouse
rouse:
  %w = phi i64 [ 0, %open ], [ %w.next, %roused ]
  %w.more = icmp ult i64 %w, %helpers
  br i1 %w.more, label %ask, label %work
ask:
  %w.offset = mul i64 %w, {LINE}
  %w.own = add i64 %w.offset, {EACH}
  %sleeping = getelementptr i64, ptr @rosesim_workers, i64 %w.own
  %sleeps = {read} %sleeping seq_cst, align 8
  %w.asleep = icmp ne i64 %sleeps, 0
  br i1 %w.asleep, label %claim, label %roused
claim:
  %was = atomicrmw xchg ptr %sleeping, i64 0 seq_cst, align 8
  %w.still = icmp eq i64 %was, 1
  br i1 %w.still, label %wake, label %roused
wake:
  %w.at = getelementptr i64, ptr %sleeping, i64 1
  %w.lock = load ptr, ptr %w.at, align 8
  call void @PyThread_release_lock(ptr %w.lock)
  br label %roused
roused:
  %w.next = add i64 %w, 1
  br label %rouse
work:
  %done = call i64 @work(i64 0)
  br i1 %polls, label %whose, label %wait
whose:
  %thread = call i64 @PyThread_get_thread_ident()
  %main = load i64, ptr @rosesim_main_thread
  %signalled = icmp eq i64 %thread, %main
  br label %wait
wait:
  ; On the main thread, which alone hears of signals, an interrupt of a chunk or of this wait ends the other chunks.
  %asks = phi i1 [ false, %work ], [ %signalled, %whose ]
  %failed.now = {read} {_word(FAILED)} acquire, align 8
  %status.now = trunc i64 %failed.now to i32
  %interrupted = icmp eq i32 %status.now, {INTERRUPTED}
  %stops = and i1 %interrupted, %asks
  br i1 %stops, label %stop.first, label %spin
stop.first:
  store volatile i32 1, ptr @rosesim_stop
  br label %spin
spin:
  %stopped = phi i1 [ false, %wait ], [ true, %stop.first ], [ %stopped, %spin.on ]
  %turn = phi i64 [ 0, %wait ], [ 0, %stop.first ], [ %turn.next, %spin.on ]
  %left = {read} {_word(LEFT)} acquire, align 8
  %ended = icmp eq i64 %left, 0
  br i1 %ended, label %close, label %spin.more
spin.more:
  %turn.next = add i64 %turn, 1
  %long = icmp ugt i64 %turn, {SPINS}
  br i1 %long, label %lie, label %spin.on
spin.on:
  {pause}
  br label %spin
lie:
  %before = atomicrmw or ptr {_word(LEFT)}, i64 1 seq_cst, align 8
  %over = icmp eq i64 %before, 0
  br i1 %over, label %close, label %sleep
sleep:
  %sleep.stopped = phi i1 [ %stopped, %lie ], [ %sleep.stopped, %sleep.again ], [ true, %sleep.stop ]
  %finished = load ptr, ptr {_word(FINISHED)}, align 8
  %taken = call i32 @PyThread_acquire_lock_timed(ptr %finished, i64 50000, i32 0)
  %woken = icmp eq i32 %taken, 1
  br i1 %woken, label %close, label %timeout
timeout:
  %unasked = xor i1 %sleep.stopped, true
  %polled = and i1 %unasked, %asks
  br i1 %polled, label %poll, label %sleep.again
poll:
  %stop = call i1 @rosesim_poll()
  br i1 %stop, label %sleep.stop, label %sleep.again
sleep.again:
  br label %sleep
sleep.stop:
  store volatile i32 1, ptr @rosesim_stop
  %record = atomicrmw umin ptr {_word(FAILED)}, i64 {(1 << 32) + INTERRUPTED} seq_cst, align 8
  br label %sleep
close:
  %close.stopped = phi i1 [ %stopped, %spin ], [ %stopped, %lie ], [ %sleep.stopped, %sleep ]
  br i1 %close.stopped, label %go.on, label %closed
go.on:
  store volatile i32 0, ptr @rosesim_stop
  br label %closed
closed:
  %present = {read} {_word(TICKET)} acquire, align 8
  %shut = or i64 %present, {CLOSED}
  store atomic i64 %shut, ptr {_word(TICKET)} seq_cst, align 8
  %failure = {read} {_word(FAILED)} acquire, align 8
  %all = icmp eq i64 %failure, -1
  %first = trunc i64 %failure to i32
  %result = select i1 %all, i32 0, i32 %first
  store atomic i64 0, ptr {_word(BUSY)} release, align 8
  ret i32 %result
}}
declare i64 @llvm.umin.i64(i64, i64)
"""
