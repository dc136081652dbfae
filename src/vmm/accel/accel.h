/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * KVM or TCG.  That /dev/kvm opens says little: there are hosts whose KVM interprets
 * kernel code a thousand times too slow, or fails on instructions its emulator lacks.
 * So one step after the other is asked, the cheap ones first, and each leaves its
 * outcome and its reason for whoever wants to know why.
 */
#ifndef KT_VMM_ACCEL_ACCEL_H
#define KT_VMM_ACCEL_ACCEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "vmm/accel/kvm_probe.h"
#include "vmm/qemu/machine.h"

enum kt_accel_mode {
	KT_ACCEL_MODE_AUTO,
	KT_ACCEL_MODE_KVM, /* KVM or an error; only what KVM cannot do without is asked */
	KT_ACCEL_MODE_TCG,
};

enum kt_accel_outcome {
	KT_ACCEL_GOOD,
	KT_ACCEL_REFUSED, /* KVM is out because of this step */
	KT_ACCEL_SKIPPED, /* the user's choice makes it needless */
};

#define KT_ACCEL_MAX_STEPS    4
#define KT_ACCEL_REASON_BYTES 160

struct kt_accel_finding {
	const char *step; /* "choice", "cpu-flags", "device", "probe-guest"; a constant */
	enum kt_accel_outcome outcome;
	char reason[KT_ACCEL_REASON_BYTES];
};

struct kt_accel_verdict {
	enum kt_accelerator choice;
	char reason[KT_ACCEL_REASON_BYTES]; /* of the step that decided */
	struct kt_accel_finding steps[KT_ACCEL_MAX_STEPS];
	size_t step_count;
};

/** What the ladder asks about the host; tests put their own answers in. */
struct kt_accel_host {
	const char *cpuinfo_path;
	const char *kvm_path;
	/** As kt_kvm_probe_device() and kt_kvm_probe_run(). */
	struct kt_kvm_answer (*device)(const char *kvm_path);
	struct kt_kvm_answer (*probe)(const char *kvm_path);
};

/** The real host. */
struct kt_accel_host kt_accel_host_real(void);

/**
 * Decides.  Takes at most some 60 ms.
 * Errors: environment (mode kvm, and KVM cannot be opened; the text says why).
 */
struct kt_error *kt_accel_decide(enum kt_accel_mode mode, const struct kt_accel_host *host,
				 struct kt_accel_verdict *ret) KT_MUST_CHECK;

/** Parses "auto", "kvm" or "tcg"; false (and @ret untouched) for anything else. */
bool kt_accel_mode_parse(const char *text, enum kt_accel_mode *ret);

/** "good", "refused" or "skipped". */
const char *kt_accel_outcome_text(enum kt_accel_outcome outcome);

#endif
