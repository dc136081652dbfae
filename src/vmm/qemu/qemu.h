/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * A QEMU process on the libuv loop, with the sockets and the pipe that tie it to us: started, heard, told,
 * killed, closed.  It decides nothing; what QEMU says is bytes here.
 *
 * Nothing is read before somebody wants it: what QEMU says until then waits in its sockets.
 *
 * Loop thread only.  Callbacks come from the loop, never from inside a call of the owner.
 */
#ifndef KT_VMM_QEMU_QEMU_H
#define KT_VMM_QEMU_QEMU_H

#include <uv.h>

#include "base/buf.h"
#include "run/topology.h"

/* Where QEMU finds what it inherits. */
enum kt_qemu_fd {
	KT_QEMU_FD_QMP = 3,
	KT_QEMU_FD_AGENT,
	KT_QEMU_FD_CONSOLE,
	KT_QEMU_FD_KERNEL,
	KT_QEMU_FD_INITRD,
	KT_QEMU_FD_STATE,
	KT_QEMU_FD_MEMORY, /* the first NUMA node's; the others follow */
	KT_QEMU_FD_COUNT = KT_QEMU_FD_MEMORY + KT_TOPOLOGY_MAX_NODES,
};

enum kt_qemu_stream {
	KT_QEMU_STDERR,
	KT_QEMU_MONITOR,
	KT_QEMU_AGENT,
	KT_QEMU_CONSOLE,
	KT_QEMU_STREAM_COUNT,
};

/** What is started.  All borrowed for the time of the start. */
struct kt_qemu_config {
	char *const *argv; /* the whole vector, NULL-terminated */
	int kernel_fd;	   /* ours, inherited as KT_QEMU_FD_KERNEL, ...; -1: none */
	int initrd_fd;
	int state_fd;	       /* of a saved guest, at its start; -1: none, it boots */
	const int *memory_fds; /* one per NUMA node where the memory is in files; used as argv */
	unsigned memory_count; /* 0: QEMU's own memory */
};

struct kt_qemu_handler {
	/** At most 16 KiB of a stream in one turn of the loop; NULL: nothing is read yet. */
	void (*on_bytes)(void *ctx, enum kt_qemu_stream stream, char *bytes, size_t len);
	/** Nothing more comes from it; not called where nothing is read. */
	void (*on_stream_end)(void *ctx, enum kt_qemu_stream stream);
	/** Some of what was to be sent was taken, or never will be; may be NULL. */
	void (*on_sent)(void *ctx);
	/** The process ended, and was reaped. */
	void (*on_exit)(void *ctx, int64_t exit_code, int signal);
	/** The last call: all is closed, and the object gone. */
	void (*on_closed)(void *ctx);
};

struct kt_qemu;

/**
 * Starts a QEMU.  0, or libuv's error number; then @ret is NULL, and what is left is freed by the loop.
 * Owner: the caller, who calls kt_qemu_close() in the end.
 */
int kt_qemu_start(uv_loop_t *loop, const struct kt_qemu_config *config,
		  struct kt_qemu **ret) KT_MUST_CHECK;

/** From here on @handler, which must outlive the QEMU, is told; who had attached before is not. */
void kt_qemu_attach(struct kt_qemu *qemu, const struct kt_qemu_handler *handler, void *ctx);

/** Sends @len bytes at @data, which are taken (of malloc()); what cannot be sent shows as its silence. */
void kt_qemu_send(struct kt_qemu *qemu, enum kt_qemu_stream stream, char *data, size_t len);

/** Sends the monitor @line, a whole command with its newline. */
void kt_qemu_send_line(struct kt_qemu *qemu, const char *line);

/**
 * Sends the monitor @line together with the descriptor @fd, at once, past libuv.  0 or an errno value:
 * ENOTCONN where something waits to be sent before it.
 */
int kt_qemu_send_descriptor(struct kt_qemu *qemu, const char *line, int fd);

/** Bytes that wait in our memory to be sent to @stream. */
size_t kt_qemu_unsent_bytes(const struct kt_qemu *qemu, enum kt_qemu_stream stream);

/** Whether something may come from @stream, or be sent to it. */
bool kt_qemu_is_open(const struct kt_qemu *qemu, enum kt_qemu_stream stream);

/** Its pid; 0 once it was reaped, for then it may be somebody else's, and for NULL. */
pid_t kt_qemu_pid(const struct kt_qemu *qemu);

/** Sends it @signal, if it is still there; NULL is allowed. */
void kt_qemu_kill(struct kt_qemu *qemu, int signal);

/** Whether the process is gone, and every stream at its end. */
bool kt_qemu_is_over(const struct kt_qemu *qemu);

/** Closes everything, once the process is gone; on_closed follows. */
void kt_qemu_close(struct kt_qemu *qemu);

#endif
