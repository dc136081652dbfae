# SPDX-License-Identifier: GPL-2.0-or-later
# What a program's own jemalloc says, asked by a debugger: for each thread "thread TID ALLOCATED
# DEALLOCATED", then sums.  Names and results lie on the stack of the thread that is asked,
# below what it uses, so that asking allocates nothing.
set confirm off
set pagination off
set width 0
set scheduler-locking on

define make_room
  set $saved = $sp
  set $sp = ((long)$sp - 8192) & ~0xff
end

# Calls mallctl with the name at $sp+256.
define ask
  set {unsigned long}($sp + 512) = 8
  set {unsigned long}($sp + 520) = 0
  set $failure = ((int (*)(long, long, long, long, long))mallctl)($sp + 256, $sp + 520, $sp + 512, 0, 0)
  set $answer = *(unsigned long *)($sp + 520)
end

define tell_counters
  make_room
  set $tid = ((int (*)(void))gettid)()
  set {char[18]}($sp + 256) = "thread.allocatedp"
  ask
  set $allocated = $answer
  set {char[20]}($sp + 256) = "thread.deallocatedp"
  ask
  printf "thread %d %lu %lu\n", $tid, *(unsigned long *)$allocated, *(unsigned long *)$answer
  set $sp = $saved
end

thread apply all -q tell_counters

# Statistics are those of the last epoch: begin a new one.  4096 is MALLCTL_ARENAS_ALL.
make_room
set {char[6]}($sp + 256) = "epoch"
set {unsigned long}($sp + 520) = 1
set $failure = ((int (*)(long, long, long, long, long))mallctl)($sp + 256, 0, 0, $sp + 520, 8)
set {char[16]}($sp + 256) = "stats.allocated"
ask
printf "allocated %lu\n", $answer
set {char[31]}($sp + 256) = "stats.arenas.4096.tcache_bytes"
ask
printf "tcache %lu\n", $answer
set {char[27]}($sp + 256) = "stats.arenas.4096.internal"
ask
printf "internal %lu\n", $answer
set $sp = $saved
detach
