/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * From the description of a guest to QEMU's argument vector.  Pure: no file is opened,
 * no process is started, equal input gives equal output.
 *
 * What a guest is (struct kt_machine) is apart from how it starts (struct
 * kt_machine_boot), so that other ways to start share the first half.  Everything that
 * QEMU works with comes as an inherited descriptor; nothing listens and nothing has a
 * name on disk.
 */
#ifndef KT_VMM_QEMU_MACHINE_H
#define KT_VMM_QEMU_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arguments.h"
#include "run/topology.h"
#include "vmm/confine/limits.h"
#include "vmm/confine/qemu_user.h"

enum kt_accelerator {
	KT_ACCELERATOR_TCG,
	KT_ACCELERATOR_KVM,
};

/** Where the guest's memory is. */
enum kt_machine_memory {
	KT_MEMORY_OWN,		 /* QEMU's own; gone with it */
	KT_MEMORY_SHARED,	 /* in files, which keep what the guest leaves: a template's boot */
	KT_MEMORY_COPY_ON_WRITE, /* begins as the files are, which never change: a guest woken */
};

/** What a guest is.  All texts are borrowed. */
struct kt_machine {
	struct kt_topology topology;
	uint32_t memory_mib; /* a multiple of the number of NUMA nodes */
	enum kt_accelerator accelerator;
	bool tcg_multi_thread;	/* a host thread per virtual CPU; struct kt_qemu_info knows */
	const char *cpu;	/* QEMU's -cpu, or NULL for the one that suits the accelerator */
	const char *agent_port; /* name of the agent's virtio-serial port */
	int qmp_fd;		/* these three as numbers in QEMU's process */
	int agent_fd;
	int console_fd;
	enum kt_machine_memory memory;
	int memory_fd; /* the first node's file in QEMU's process, the other nodes' behind it */
};

/** A cold boot.  All texts are borrowed. */
struct kt_machine_boot {
	int kernel_fd; /* uncompressed ELF, as a number in QEMU's process */
	int initrd_fd;
	uint64_t tsc_khz;   /* of the host, or 0 when unknown; used under TCG only */
	const char *append; /* more kernel parameters, or NULL */
};

/** The programs that are run.  All texts are borrowed. */
struct kt_machine_programs {
	const char *setpriv; /* util-linux's setpriv */
	const char *qemu;
	pid_t parent_pid; /* who starts it, and must still live then; 0: not checked */
	const struct kt_qemu_user *qemu_user; /* as whom QEMU runs; NULL: as its parent */
	const char *group_procs; /* cgroup.procs of the control group it joins, or NULL */
};

/**
 * The memory in MiB that a guest of @topology with an image of @initrd_bytes needs: 256
 * per NUMA node, 32 per CPU, and twice the image plus what the kernel itself takes; rounded
 * up so that the nodes get equal parts of 64 MiB.
 */
uint32_t kt_machine_memory_mib(const struct kt_topology *topology, uint64_t initrd_bytes);

/**
 * Refuses what has no argument vector: a bad topology, memory that is zero or does
 * not divide evenly among the nodes.  Errors: usage.
 */
struct kt_error *kt_machine_check(const struct kt_machine *machine) KT_MUST_CHECK;

/** What QEMU may take for @machine.  It writes a file only if its memory is to be kept: its state. */
struct kt_limits kt_machine_limits(const struct kt_machine *machine);

/**
 * Makes the vector for a cold boot.  The last process in it is QEMU itself (each
 * of the others executes the next), so the child's pid is QEMU's.
 * Errors: usage (kt_machine_check()), no memory.
 * Owner: the caller calls kt_arguments_deinit() on @ret.
 */
struct kt_error *kt_machine_boot_arguments(const struct kt_machine *machine,
					   const struct kt_machine_boot *boot,
					   const struct kt_machine_programs *programs,
					   struct kt_arguments *ret) KT_MUST_CHECK;

/**
 * Makes the vector for a guest that waits for its saved state (QMP's migrate-incoming), and then for
 * its start (cont); its memory must be KT_MEMORY_COPY_ON_WRITE.  The machine must be the one that was saved: QEMU
 * checks next to nothing of that.
 * Errors: usage (kt_machine_check()), no memory.
 * Owner: the caller calls kt_arguments_deinit() on @ret.
 */
struct kt_error *kt_machine_wake_arguments(const struct kt_machine *machine,
					   const struct kt_machine_programs *programs,
					   struct kt_arguments *ret) KT_MUST_CHECK;

/** Memory in MiB of each of the machine's nodes. */
uint32_t kt_machine_node_mib(const struct kt_machine *machine);

#endif
