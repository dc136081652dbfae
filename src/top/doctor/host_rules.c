/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/doctor/host_rules.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "engine/jobs.h"

enum {
	YAMA_RELATIVES = 1, /* only a process' ancestors, and whom it names, may read it */
	YAMA_SUPERUSER = 2,
	YAMA_NOBODY = 3,
	INODES_ENOUGH = 64, /* a run makes a few files */
};

/* ---- rights ---- */

static void put_scope(const struct kt_right_facts *facts, struct kt_buf *out)
{
	if (facts->yama_scope == KT_YAMA_ABSENT)
		kt_buf_puts(out, "no Yama here");
	else
		kt_buf_printf(out, "kernel.yama.ptrace_scope is %d", facts->yama_scope);
}

/* Without cap_sys_ptrace, what the scope leaves. */
static void judge_scope(int scope, struct kt_finding *ret)
{
	if (scope == YAMA_RELATIVES) {
		kt_buf_puts(&ret->found, ", so --pid reads only what its own parents started");
		kt_finding_advise(ret, KT_HEALTH_WARN,
				  "run as root, give the probe cap_sys_ptrace (setcap), or set "
				  "kernel.yama.ptrace_scope to 0; guests do not need it");
	} else if (scope == YAMA_SUPERUSER) {
		kt_buf_puts(&ret->found, ", so --pid is for root only");
		kt_finding_advise(ret, KT_HEALTH_WARN,
				  "run as root, or give the probe cap_sys_ptrace (setcap); "
				  "guests do not need it");
	} else {
		kt_buf_puts(&ret->found, ": --pid reads this user's processes, as root all");
	}
}

void kt_rule_ptrace(const struct kt_right_facts *facts, struct kt_finding *ret)
{
	if (facts->yama_scope == KT_YAMA_UNREADABLE) {
		kt_buf_printf(&ret->found, "kernel.yama.ptrace_scope cannot be read: %s",
			      strerrordesc_np(facts->yama_errno));
		kt_finding_advise(ret, KT_HEALTH_UNKNOWN,
				  "look at /proc/sys/kernel/yama/ptrace_scope as root; --pid says "
				  "itself what it may not read");
		return;
	}
	put_scope(facts, &ret->found);
	if (facts->yama_scope >= YAMA_NOBODY) {
		kt_buf_puts(&ret->found, ", so --pid reads no process at all");
		kt_finding_advise(ret, KT_HEALTH_WARN,
				  "only a restart of this machine with a lower scope helps; guests "
				  "do not need it");
	} else if (facts->probe_can_ptrace) {
		kt_buf_puts(&ret->found, ", the probe's file has cap_sys_ptrace: --pid reads any");
	} else if (!facts->has_capabilities) {
		kt_buf_puts(&ret->found, "; the capabilities of this process cannot be read");
		kt_finding_advise(ret, KT_HEALTH_UNKNOWN, "is /proc mounted?");
	} else if (facts->can_ptrace) {
		kt_buf_puts(&ret->found, ", with cap_sys_ptrace: --pid reads any process");
	} else {
		judge_scope(facts->yama_scope, ret);
	}
}

void kt_rule_bpf(const struct kt_right_facts *facts, struct kt_finding *ret)
{
	if (!facts->has_capabilities) {
		kt_buf_puts(&ret->found, "the capabilities of this process cannot be read");
		kt_finding_advise(ret, KT_HEALTH_UNKNOWN, "is /proc mounted?");
	} else if (facts->can_bpf && facts->has_btf) {
		kt_buf_puts(&ret->found,
			    "permitted, and the kernel has BTF: --engine bpf may work");
	} else {
		kt_buf_printf(&ret->found, "%s; the probe reads by process_vm_readv instead",
			      facts->has_btf ? "no cap_bpf and cap_perfmon"
					     : "/sys/kernel/btf/vmlinux is not readable");
	}
}

/* ---- the terminal ---- */

static void put_abilities(const struct kt_terminal_facts *facts, struct kt_buf *out)
{
	if (facts->columns && facts->rows)
		kt_buf_printf(out, ", %ux%u", facts->columns, facts->rows);
	else if (facts->is_terminal)
		kt_buf_puts(out, ", size unknown");
	kt_buf_printf(out, ", %s", facts->codeset);
	if (facts->color_count > 0)
		kt_buf_printf(out, ", %d colours%s", facts->color_count,
			      facts->is_color_unwanted ? " (NO_COLOR: unused)" : "");
	else
		kt_buf_puts(out, ", no colours");
}

void kt_rule_terminal(const struct kt_terminal_facts *facts, struct kt_finding *ret)
{
	if (!facts->is_terminal)
		kt_buf_puts(&ret->found, "stdout is none: no screen; ");
	if (facts->problem[0]) {
		kt_buf_puts(&ret->found, facts->problem);
		if (facts->is_terminal)
			kt_finding_advise(
				ret, KT_HEALTH_WARN,
				"set TERM to what this terminal is, as xterm-256color, or "
				"install its description (terminfo)");
		return;
	}
	kt_buf_printf(&ret->found, "%s is known", facts->term);
	put_abilities(facts, &ret->found);
	if (facts->is_terminal && !facts->is_utf8)
		kt_finding_advise(ret, KT_HEALTH_WARN,
				  "everything is shown in ASCII; set LANG or LC_ALL to a UTF-8 "
				  "locale, as C.UTF-8");
}

/* ---- places ---- */

static void put_room(const struct kt_place_facts *facts, struct kt_buf *out)
{
	kt_text_format_bytes(out, facts->free_bytes);
	kt_buf_puts(out, " free");
	if (facts->has_inodes)
		kt_buf_printf(out, ", %" PRIu64 " inodes", facts->free_inode_count);
}

void kt_rule_place(const struct kt_place_facts *facts, uint64_t need_bytes, const char *loss,
		   const char *remedy, struct kt_finding *ret)
{
	bool is_scarce = facts->free_bytes < need_bytes ||
			 (facts->has_inodes && facts->free_inode_count < INODES_ENOUGH);

	kt_buf_printf(&ret->found, "%s: ", facts->wanted);
	if (facts->late_ms) {
		kt_buf_printf(&ret->found, "unknown, did not answer in %" PRIu32 " ms",
			      facts->late_ms);
		kt_finding_advise(ret, KT_HEALTH_UNKNOWN, remedy);
		return;
	}
	if (!facts->os_errno && strcmp(facts->wanted, facts->path) != 0)
		kt_buf_printf(&ret->found, "not there yet; %s: ", facts->path);
	if (facts->os_errno) {
		kt_buf_printf(&ret->found, "cannot be looked at: %s",
			      strerrordesc_np(facts->os_errno));
		kt_finding_advise(ret, KT_HEALTH_UNKNOWN, remedy);
		return;
	}
	if (facts->write_errno)
		kt_buf_printf(&ret->found, "cannot be written to: %s",
			      strerrordesc_np(facts->write_errno));
	else
		put_room(facts, &ret->found);
	if (!facts->write_errno && !is_scarce)
		return;
	kt_buf_printf(&ret->found, "; %s", loss);
	kt_finding_advise(ret, KT_HEALTH_WARN, remedy);
}

/* ---- memory and cores ---- */

/* What is left by the machine and by the control groups, whichever is less. */
static uint64_t usable_bytes(const struct kt_memory_facts *facts)
{
	uint64_t bytes = facts->has_available ? facts->available_bytes : UINT64_MAX;

	return facts->has_cgroup && facts->room_bytes < bytes ? facts->room_bytes : bytes;
}

static void put_memory(const struct kt_memory_facts *facts, struct kt_buf *out)
{
	if (facts->has_available) {
		kt_text_format_bytes(out, facts->available_bytes);
		kt_buf_puts(out, " available");
	} else {
		kt_buf_puts(out, "no MemAvailable in /proc/meminfo");
	}
	if (!facts->has_cgroup) {
		kt_buf_puts(out, ", limits of control groups unknown");
	} else if (facts->room_bytes == UINT64_MAX) {
		kt_buf_puts(out, ", no control group limits it");
	} else {
		kt_buf_puts(out, ", a control group leaves ");
		kt_text_format_bytes(out, facts->room_bytes);
	}
}

static void judge_fit(const struct kt_memory_facts *facts, const struct kt_memory_need *need,
		      struct kt_finding *ret)
{
	uint64_t need_mib = kt_jobs_memory_mib(need->guest_mib);
	uint64_t bytes = usable_bytes(facts);

	kt_buf_printf(&ret->found, "; a guest takes up to %" PRIu64 " MiB: ", need_mib);
	if (bytes >> 20 < need_mib) {
		kt_buf_puts(&ret->found, "not even one fits");
		kt_finding_advise(ret, KT_HEALTH_WARN,
				  "end what takes memory, or raise the limit of the control group");
		return;
	}
	kt_buf_printf(&ret->found, "%u at once",
		      kt_jobs_fit(need->cpu_count ? need->cpu_count : 1, bytes, need->guest_mib));
}

void kt_rule_memory(const struct kt_memory_facts *facts, const struct kt_memory_need *need,
		    struct kt_finding *ret)
{
	put_memory(facts, &ret->found);
	if (usable_bytes(facts) == UINT64_MAX)
		kt_finding_advise(ret, KT_HEALTH_UNKNOWN, "is /proc mounted?");
	else if (!need->guest_mib)
		kt_finding_advise(ret, KT_HEALTH_UNKNOWN,
				  "what a guest takes is known when its image can be made");
	else
		judge_fit(facts, need, ret);
}

static void put_quota(const struct kt_core_facts *facts, struct kt_buf *out)
{
	uint64_t milli_cpus = facts->quota_milli_cpus;

	if (!facts->has_cgroup)
		kt_buf_puts(out, ", quotas of control groups unknown");
	else if (milli_cpus < facts->allowed_count * 1000ULL)
		kt_buf_printf(out, ", a control group gives the time of %" PRIu64 ".%02u",
			      milli_cpus / 1000, (unsigned)(milli_cpus % 1000 / 10));
}

void kt_rule_cores(const struct kt_core_facts *facts, uint32_t guest_cpu_count,
		   struct kt_finding *ret)
{
	if (!facts->allowed_count) {
		kt_buf_puts(&ret->found, "those for this process cannot be counted");
		kt_finding_advise(ret, KT_HEALTH_UNKNOWN, "say how many guests at once: --jobs N");
		return;
	}
	kt_buf_printf(&ret->found, "%u for this process", facts->allowed_count);
	if (facts->online_count)
		kt_buf_printf(&ret->found, " of %u", facts->online_count);
	put_quota(facts, &ret->found);
	if (guest_cpu_count)
		kt_buf_printf(&ret->found, "; the largest guest has %u CPUs", guest_cpu_count);
}
