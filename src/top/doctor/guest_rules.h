/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How what guests need is judged: QEMU, accelerator, kernel, images.  Pure, but for the texts of
 * errors that come from where it was looked for.  What a run ends for is bad.
 *
 * Each function fills a finding that says nothing yet.
 */
#ifndef KT_TOP_GUEST_RULES_H
#define KT_TOP_GUEST_RULES_H

#include "top/doctor/diagnosis.h"
#include "top/images.h"
#include "top/locate.h"
#include "vmm/accel/accel.h"
#include "vmm/confine/group_place.h"
#include "vmm/confine/qemu_user.h"
#include "vmm/kernel/kernel.h"
#include "vmm/qemu/qemu_info.h"

/** How the accelerator was found out. */
struct kt_accel_facts {
	enum kt_accel_mode mode;		/* what the user wants */
	const struct kt_error *error;		/* NULL: the verdict counts; borrowed */
	const struct kt_accel_verdict *verdict; /* borrowed */
	bool has_device;			/* /dev/kvm is there */
	uint64_t duration_ns;
};

/** Judges QEMU; @is_emulated says whether its emulator will be used. */
void kt_rule_qemu(const struct kt_error *err, const struct kt_qemu_info *qemu, bool is_emulated,
		  struct kt_finding *ret);

/** Judges the accelerator, with every step of the way to it. */
void kt_rule_accelerator(const struct kt_accel_facts *facts, struct kt_finding *ret);

/** Judges the kernel; @is_wish says that the user named it. */
void kt_rule_kernel(const struct kt_error *err, const struct kt_kernel *kernel, bool is_wish,
		    struct kt_finding *ret);

/**
 * Judges as whom QEMU runs and how it is limited, both NULL if that could not be found out; @is_root says
 * that this process is root's.
 */
void kt_rule_isolation(const struct kt_qemu_user *qemu_user, const struct kt_group_place *groups,
		       bool is_root, struct kt_finding *ret);

/**
 * Judges the images for guests.  @err is of whatever made them impossible, or NULL; @is_skip says that
 * scenarios without their worker are to be skipped.
 */
void kt_rule_images(const struct kt_error *err, const struct kt_tools *tools,
		    const struct kt_images *images, bool is_skip, struct kt_finding *ret);

#endif
