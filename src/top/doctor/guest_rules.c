/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/doctor/guest_rules.h"

#include <string.h>

#include "base/text.h"

void kt_rule_qemu(const struct kt_error *err, const struct kt_qemu_info *qemu, bool is_emulated,
		  struct kt_finding *ret)
{
	if (err) {
		kt_buf_puts(&ret->found, kt_error_message(err));
		kt_finding_advise(ret, KT_HEALTH_BAD,
				  "install QEMU 7.0 or newer for x86_64 (qemu-system-x86) and "
				  "util-linux, or name the program in KTSTR_QEMU");
		return;
	}
	kt_buf_printf(&ret->found, "%s, %s", qemu->version_text, qemu->path);
	if (qemu->tcg_multi_thread) {
		kt_buf_puts(&ret->found, ", no known defect that matters here");
		return;
	}
	kt_buf_puts(&ret->found, "; emulates in one thread");
	if (is_emulated)
		kt_finding_advise(
			ret, KT_HEALTH_WARN,
			"8.1 or newer has a thread per CPU; in older ones that corrupts guests");
}

/* ---- the accelerator ---- */

static void put_steps(const struct kt_accel_facts *facts, struct kt_buf *out)
{
	kt_buf_puts(out, " (");
	for (size_t i = 0; i < facts->verdict->step_count; i++)
		kt_buf_printf(out, "%s %s, ", facts->verdict->steps[i].step,
			      kt_accel_outcome_text(facts->verdict->steps[i].outcome));
	kt_text_format_duration(out, facts->duration_ns);
	kt_buf_putc(out, ')');
}

static const char *advice_without_kvm(const struct kt_accel_facts *facts)
{
	const struct kt_accel_verdict *verdict = facts->verdict;
	const char *step = verdict->steps[verdict->step_count - 1].step;

	if (!strcmp(step, "cpu-flags"))
		return "for KVM turn on virtualization in the firmware, or nesting";
	if (!strcmp(step, "probe-guest"))
		return "right here: this KVM does not run guests; for KVM use another machine";
	return facts->has_device ? "for KVM this user must be able to open /dev/kvm (group kvm)"
				 : "for KVM load kvm_intel or kvm_amd, or pass /dev/kvm to this "
				   "container";
}

static void judge_emulation(const struct kt_accel_facts *facts, struct kt_finding *ret)
{
	kt_buf_printf(&ret->found, "emulation: %s", facts->verdict->reason);
	put_steps(facts, &ret->found);
	if (facts->mode != KT_ACCEL_MODE_TCG)
		kt_finding_advise(ret, KT_HEALTH_WARN, advice_without_kvm(facts));
}

void kt_rule_accelerator(const struct kt_accel_facts *facts, struct kt_finding *ret)
{
	if (facts->error) {
		kt_buf_puts(&ret->found, kt_error_message(facts->error));
		kt_finding_advise(ret, KT_HEALTH_BAD,
				  "leave out --accel kvm: guests are emulated then");
		return;
	}
	if (facts->verdict->choice == KT_ACCELERATOR_TCG) {
		judge_emulation(facts, ret);
		return;
	}
	kt_buf_printf(&ret->found, "KVM: %s", facts->verdict->reason);
	put_steps(facts, &ret->found);
	/* That it opens was seen, that it works was not. */
	if (facts->mode == KT_ACCEL_MODE_KVM)
		kt_finding_advise(ret, KT_HEALTH_UNKNOWN,
				  "it opens; leave out --accel kvm to have it run a guest as a "
				  "test");
}

/* ---- kernel and images ---- */

/* The release is often in the file's name already, and lines are short. */
static void put_kernel(const struct kt_kernel *kernel, struct kt_buf *out)
{
	const char *slash = strrchr(kernel->path, '/');
	const char *name = slash ? slash + 1 : kernel->path;

	if (!strstr(name, kernel->version))
		kt_buf_printf(out, "%s, ", kernel->version);
	kt_buf_puts(out, name);
	if (slash)
		kt_buf_printf(out, " in %.*s",
			      (int)(slash - kernel->path + (slash == kernel->path)), kernel->path);
	kt_buf_printf(out, " (%s)", kernel->reason);
}

void kt_rule_kernel(const struct kt_error *err, const struct kt_kernel *kernel, bool is_wish,
		    struct kt_finding *ret)
{
	if (!err) {
		put_kernel(kernel, &ret->found);
		return;
	}
	kt_buf_puts(&ret->found, kt_error_message(err));
	kt_finding_advise(
		ret, KT_HEALTH_BAD,
		is_wish ? "name another one, or none, to have one searched for"
			: "./quickstart fetches one; --kernel FILE and KTSTR_KERNEL name one");
}

/* The directory of our programs, or all of them where they are not in one. */
static void put_tools(const struct kt_tools *tools, struct kt_buf *out)
{
	const char *slash = strrchr(tools->worker, '/');
	int len = slash ? (int)(slash - tools->worker) : 0;

	bool is_one = len && !strncmp(tools->worker, tools->init, (size_t)len + 1) &&
		      !strncmp(tools->worker, tools->probe, (size_t)len + 1);

	/* Found beside this program they are in "DIRECTORY/.". */
	if (len > 2 && !strncmp(tools->worker + len - 2, "/.", 2))
		len -= 2;
	if (is_one)
		kt_buf_printf(out, "init, probe, worker of %.*s", len, tools->worker);
	else
		kt_buf_printf(out, "%s, %s, %s", tools->init, tools->probe, tools->worker);
}

static void judge_missing(const struct kt_images *images, bool is_skip, struct kt_finding *ret)
{
	const char *why = NULL;
	size_t count = 0;

	for (size_t i = 0; i < images->count; i++)
		if (images->missing[i]) {
			why = images->missing[i];
			count++;
		}
	if (!why)
		return;
	kt_buf_printf(&ret->found, "; %zu of %zu scenarios lack a worker: %s", count, images->count,
		      why);
	kt_finding_advise(ret, is_skip ? KT_HEALTH_WARN : KT_HEALTH_BAD,
			  "build that worker, name other scenarios, or skip these by "
			  "--skip-missing");
}

void kt_rule_images(const struct kt_error *err, const struct kt_tools *tools,
		    const struct kt_images *images, bool is_skip, struct kt_finding *ret)
{
	uint64_t largest = 0;

	if (err) {
		kt_buf_puts(&ret->found, kt_error_message(err));
		kt_finding_advise(ret, KT_HEALTH_BAD,
				  kt_error_class(err) == KT_ERROR_USAGE
					  ? "--list says what there is, ktstr-scenario(5) how to "
					    "write one"
					  : "build or install all of ktstr-top, and what its "
					    "programs are linked with");
		return;
	}
	for (size_t i = 0; i < images->count; i++)
		if (images->of_scenario[i].bytes > largest)
			largest = images->of_scenario[i].bytes;
	put_tools(tools, &ret->found);
	kt_buf_puts(&ret->found, "; packed ");
	kt_text_format_bytes(&ret->found, largest);
	judge_missing(images, is_skip, ret);
}

/* ---- isolation ---- */

void kt_rule_isolation(const struct kt_qemu_user *qemu_user, const struct kt_group_place *groups,
		       bool is_root, struct kt_finding *ret)
{
	if (!qemu_user || !groups) {
		kt_buf_puts(&ret->found, "QEMU or a kernel is missing, so it was not tried");
		kt_finding_advise(ret, KT_HEALTH_UNKNOWN, "see to those first");
		return;
	}
	kt_buf_printf(&ret->found, "%s; %s", qemu_user->reason, groups->reason);
	if (is_root && !qemu_user->is_dropped)
		kt_finding_advise(ret, KT_HEALTH_WARN,
				  "guests run all the same; to keep root's rights from QEMU, start "
				  "ktstr-top as another user, or make what it names readable");
}
