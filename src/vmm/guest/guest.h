/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * One guest: a QEMU (vmm/qemu/qemu.h), what its monitor, the agent, console and stderr say, one
 * timer.  What each event means is decided by vmm/guest/lifecycle.h alone; this file turns what
 * QEMU does into those events and carries the decisions out.
 *
 * Everything here belongs to the loop thread.  Callbacks come from the loop, never from
 * inside a call of the owner; the last one is on_stopped, after which the guest may be
 * destroyed.  A failure is announced when QEMU is gone, so that the console's last words
 * (a panic) are part of its reason.
 */
#ifndef KT_VMM_GUEST_GUEST_H
#define KT_VMM_GUEST_GUEST_H

#include <uv.h>

#include "run/event.h"
#include "vmm/guest/guest_fault.h"
#include "vmm/guest/link.h"
#include "vmm/qemu/qemu.h"
#include "vmm/qemu/usage.h"

#define KT_GUEST_TAIL_BYTES 16384

struct kt_guest;

struct kt_guest_config {
	struct kt_qemu_config qemu;	 /* with a state_fd it is woken, else it boots */
	uint64_t boot_timeout_ns;	 /* from the start until programs can be run */
	uint64_t silence_timeout_ns;	 /* how long a ready agent may say nothing */
	struct kt_guest_strikes strikes; /* what a test has it suffer; all zero: nothing */
};

struct kt_guest_handler {
	/** The state changed; failed comes with reason and detail. */
	void (*on_state)(void *ctx, struct kt_guest *guest);
	/** Started, failed, awaited, output, taken or ended: about a process in the guest. */
	void (*on_message)(void *ctx, const struct kt_link_message *message);
	/** A line of the console, clean; of a flood (vmm/guest/line_limit.h) only some; may be NULL. */
	void (*on_console)(void *ctx, const char *line);
	/** Something to know about the guest, as that lines were left out; may be NULL. */
	void (*on_note)(void *ctx, const char *text);
	/** All is over; the guest may be destroyed. */
	void (*on_stopped)(void *ctx);
};

/**
 * Makes a guest on @loop.  @config is copied (its pointers are borrowed until the start),
 * @handler must outlive the guest.
 * Errors: no memory.  Owner: the caller, who destroys it before the start or after on_stopped.
 */
struct kt_error *kt_guest_create(uv_loop_t *loop, const struct kt_guest_config *config,
				 const struct kt_guest_handler *handler, void *ctx,
				 struct kt_guest **ret) KT_MUST_CHECK;

/** Starts QEMU.  A failure to do so is an ordinary failed guest: on_state, on_stopped. */
void kt_guest_start(struct kt_guest *guest);

/**
 * Starts a QEMU that loads a saved state (@config->state_fd) and then stands by, with CPUs that stand
 * still.  0, or libuv's error number.
 * Owner: the caller, until kt_guest_take_over(); nobody else attaches to it but to be told of its end.
 */
int kt_guest_stand_by(uv_loop_t *loop, const struct kt_qemu_config *config,
		      struct kt_qemu **ret) KT_MUST_CHECK;

/** Starts the guest by waking @qemu, which stands by and is the guest's from here on. */
void kt_guest_take_over(struct kt_guest *guest, struct kt_qemu *qemu);

/**
 * Runs @argv (NULL-terminated) in the guest as process @id, with @environment (NULL-terminated
 * "NAME=value", or NULL) besides the guest's own; each stream is cut at @limit_bytes.
 */
void kt_guest_spawn(struct kt_guest *guest, uint32_t id, char *const *argv,
		    const char *const *environment, uint64_t limit_bytes);

/**
 * Runs @argv (NULL-terminated) in the guest as process @id, with input: on a terminal like @terminal, or
 * (NULL) on pipes.  guest/protocol.h says how much may be on its way in each direction.
 */
void kt_guest_spawn_with_input(struct kt_guest *guest, uint32_t id, char *const *argv,
			       const struct kt_terminal *terminal);

/** Gives process @id @len bytes to read, within its window; 0: nothing more comes. */
void kt_guest_input(struct kt_guest *guest, uint32_t id, const char *bytes, size_t len);

/** The terminal of @id has another size. */
void kt_guest_resize(struct kt_guest *guest, uint32_t id, unsigned rows, unsigned columns);

/** @len bytes of this stream of @id, a process with input, were taken. */
void kt_guest_taken(struct kt_guest *guest, uint32_t id, enum kt_stream stream, size_t len);

/** Waits in the guest for @path ("%p" is the pid of @id) to appear, at most @timeout_ms. */
void kt_guest_await(struct kt_guest *guest, uint32_t id, const char *path, uint64_t timeout_ms);

/** Kills the process group of @id in the guest with @signal. */
void kt_guest_kill(struct kt_guest *guest, uint32_t id, int signal);

/** The workers are ready: from here on, probes run. */
void kt_guest_set_probing(struct kt_guest *guest);

/** Nothing more to run: says goodbye and ends the guest well. */
void kt_guest_finish(struct kt_guest *guest);

/**
 * Saves a ready guest without processes, and ends it: its state goes to @state_fd (borrowed until the
 * guest has stopped), its memory must be in files.  It went well if the guest comes to the state done.
 */
void kt_guest_save(struct kt_guest *guest, int state_fd);

/** Ends the guest as failed for @reason (worker-died, probe-fatal, timeout, protocol, cancelled). */
void kt_guest_fail(struct kt_guest *guest, enum kt_guest_reason reason, const char *detail);

/** The present state. */
enum kt_guest_state kt_guest_state(const struct kt_guest *guest);

/** Why it failed. */
enum kt_guest_reason kt_guest_reason(const struct kt_guest *guest);

/** One line about the failure, "" for none.  Owner: borrowed from @guest. */
const char *kt_guest_detail(const struct kt_guest *guest);

/** QEMU's pid, for a look at what it takes; 0 when it does not run. */
pid_t kt_guest_pid(const struct kt_guest *guest);

/** What the agent told of the machine, complete from `ready` on.  Owner: borrowed from @guest. */
const struct kt_guest_machine *kt_guest_machine(struct kt_guest *guest);

/** Nanoseconds since kt_guest_start(). */
uint64_t kt_guest_since_start_ns(const struct kt_guest *guest);

/** From the start to the agent's hello in nanoseconds; 0 while it has not come. */
uint64_t kt_guest_boot_ns(const struct kt_guest *guest);

/**
 * What QEMU had cost when the guest's end was decided, while it was still there to be asked; all
 * unknown before, and where QEMU ended first.
 */
struct kt_usage kt_guest_usage(const struct kt_guest *guest);

/** Appends the last lines of the console, clean. */
void kt_guest_console_tail(const struct kt_guest *guest, struct kt_buf *out);

/** Appends the last lines of QEMU's stderr, clean. */
void kt_guest_stderr_tail(const struct kt_guest *guest, struct kt_buf *out);

/** Frees the guest; NULL is allowed. */
void kt_guest_destroy(struct kt_guest *guest);

#endif
