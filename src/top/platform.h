/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What this machine offers to guests: QEMU, an accelerator, the clock's rate.
 * Found out once, before the loop runs, because some of it takes milliseconds.
 */
#ifndef KT_TOP_PLATFORM_H
#define KT_TOP_PLATFORM_H

#include "engine/runner.h"
#include "top/command_line.h"
#include "top/kernels.h"
#include "vmm/accel/accel.h"
#include "vmm/accel/tsc.h"
#include "vmm/confine/group_place.h"
#include "vmm/confine/qemu_user.h"
#include "vmm/qemu/qemu_info.h"

struct kt_platform {
	struct kt_qemu_info qemu;
	struct kt_accel_verdict accel;
	struct kt_tsc tsc;
	struct kt_qemu_user qemu_user;
	struct kt_group_place groups;	 /* where control groups for guests may be made */
	enum kt_tcg_threads tcg_threads; /* as it was asked for */
	bool may_fall_back; /* a KVM that fails at the first boot is given up for emulation */
};

/**
 * Looks at the machine as @line asks.
 * Errors: environment (no QEMU, --accel kvm that does not work), io, no memory.
 * Owner: the caller calls kt_platform_deinit().
 */
struct kt_error *kt_platform_find(const struct kt_command_line *line,
				  struct kt_platform *ret) KT_MUST_CHECK;

/**
 * Decides as whom QEMU, which opens @kernels, runs, and where its control groups are; the rest of
 * @platform was found.
 * Errors: no memory.
 */
struct kt_error *kt_platform_confine(struct kt_platform *platform,
				     const struct kt_kernels *kernels) KT_MUST_CHECK;

/** Fills the members of @ret that come from the platform, which must outlive it. */
void kt_platform_share(const struct kt_platform *platform, struct kt_runner_shared *ret);

/** Emits what was found, with its reasons: accelerator, QEMU. */
void kt_platform_tell(const struct kt_platform *platform, struct kt_session *session);

/** Frees what was found. */
void kt_platform_deinit(struct kt_platform *platform);

#endif
