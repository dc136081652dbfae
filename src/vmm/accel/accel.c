/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/accel/accel.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "vmm/accel/cpuinfo.h"

struct kt_accel_host kt_accel_host_real(void)
{
	return (struct kt_accel_host){
		.cpuinfo_path = "/proc/cpuinfo",
		.kvm_path = "/dev/kvm",
		.device = kt_kvm_probe_device,
		.probe = kt_kvm_probe_run,
	};
}

/* No way through the ladder has more than KT_ACCEL_MAX_STEPS. */
static void add_step(struct kt_accel_verdict *verdict, const char *step,
		     enum kt_accel_outcome outcome, const char *reason)
{
	assert(verdict->step_count < KT_ACCEL_MAX_STEPS);
	struct kt_accel_finding *slot = &verdict->steps[verdict->step_count++];
	slot->step = step;
	slot->outcome = outcome;
	(void)snprintf(slot->reason, sizeof(slot->reason), "%s", reason);
}

/* The step that decides: its reason is the verdict's. */
static void decide(struct kt_accel_verdict *verdict, enum kt_accelerator choice)
{
	const struct kt_accel_finding *last = &verdict->steps[verdict->step_count - 1];

	verdict->choice = choice;
	memcpy(verdict->reason, last->reason, sizeof(verdict->reason));
}

/* Adds the step of an answer; whether KVM is still in. */
static bool take_answer(struct kt_accel_verdict *verdict, const char *step,
			const struct kt_kvm_answer *answer)
{
	add_step(verdict, step, answer->good ? KT_ACCEL_GOOD : KT_ACCEL_REFUSED, answer->reason);
	return answer->good;
}

static bool ask_cpu_flags(struct kt_accel_verdict *verdict, const struct kt_accel_host *host)
{
	kt_autobuf struct kt_buf flags = KT_BUF_INIT;
	kt_autoerr struct kt_error *err = kt_cpuinfo_flags(host->cpuinfo_path, &flags);

	if (err) {
		add_step(verdict, "cpu-flags", KT_ACCEL_REFUSED, kt_error_message(err));
		return false;
	}
	bool vmx = kt_cpuinfo_has(&flags, "vmx");
	bool svm = kt_cpuinfo_has(&flags, "svm");
	if (!vmx && !svm) {
		add_step(verdict, "cpu-flags", KT_ACCEL_REFUSED,
			 "the CPU shows neither vmx nor svm: no hardware virtualization here");
		return false;
	}
	add_step(verdict, "cpu-flags", KT_ACCEL_GOOD, vmx ? "the CPU has vmx" : "the CPU has svm");
	return true;
}

/* The wish for KVM: only what it cannot do without is asked. */
static struct kt_error *decide_kvm(const struct kt_accel_host *host,
				   struct kt_accel_verdict *verdict)
{
	struct kt_kvm_answer device = host->device(host->kvm_path);

	add_step(verdict, "choice", KT_ACCEL_GOOD, "kvm was asked for");
	decide(verdict, KT_ACCELERATOR_KVM);
	add_step(verdict, "cpu-flags", KT_ACCEL_SKIPPED, "kvm was asked for");
	if (!take_answer(verdict, "device", &device))
		return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "KVM was asked for, but %s",
				       device.reason);
	add_step(verdict, "probe-guest", KT_ACCEL_SKIPPED, "kvm was asked for");
	return NULL;
}

static void decide_auto(const struct kt_accel_host *host, struct kt_accel_verdict *verdict)
{
	struct kt_kvm_answer answer;

	if (!ask_cpu_flags(verdict, host)) {
		decide(verdict, KT_ACCELERATOR_TCG);
		return;
	}
	answer = host->device(host->kvm_path);
	if (!take_answer(verdict, "device", &answer)) {
		decide(verdict, KT_ACCELERATOR_TCG);
		return;
	}
	answer = host->probe(host->kvm_path);
	bool good = take_answer(verdict, "probe-guest", &answer);
	decide(verdict, good ? KT_ACCELERATOR_KVM : KT_ACCELERATOR_TCG);
}

struct kt_error *kt_accel_decide(enum kt_accel_mode mode, const struct kt_accel_host *host,
				 struct kt_accel_verdict *ret)
{
	struct kt_accel_verdict verdict = { 0 };

	switch (mode) {
	case KT_ACCEL_MODE_AUTO:
		decide_auto(host, &verdict);
		break;
	case KT_ACCEL_MODE_KVM:
		KT_TRY(decide_kvm(host, &verdict));
		break;
	case KT_ACCEL_MODE_TCG:
		add_step(&verdict, "choice", KT_ACCEL_GOOD, "tcg was asked for");
		decide(&verdict, KT_ACCELERATOR_TCG);
		break;
	}
	*ret = verdict;
	return NULL;
}

bool kt_accel_mode_parse(const char *text, enum kt_accel_mode *ret)
{
	static const char *const names[] = {
		[KT_ACCEL_MODE_AUTO] = "auto",
		[KT_ACCEL_MODE_KVM] = "kvm",
		[KT_ACCEL_MODE_TCG] = "tcg",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			*ret = (enum kt_accel_mode)i;
			return true;
		}
	}
	return false;
}

const char *kt_accel_outcome_text(enum kt_accel_outcome outcome)
{
	switch (outcome) {
	case KT_ACCEL_GOOD:
		return "good";
	case KT_ACCEL_REFUSED:
		return "refused";
	case KT_ACCEL_SKIPPED:
		return "skipped";
	}
	return "?";
}
