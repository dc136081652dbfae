/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * How the facts of top/doctor/host_facts.h are judged.  Pure: equal facts give the same finding.
 * Nothing here is "bad": what a run cannot do without is judged by top/doctor/guest_rules.h, and
 * memory or room that look scarce are no reason not to try.
 *
 * Each function fills a finding that says nothing yet.
 */
#ifndef KT_TOP_HOST_RULES_H
#define KT_TOP_HOST_RULES_H

#include "top/doctor/diagnosis.h"
#include "top/doctor/host_facts.h"

/** What guests need, for the memory. */
struct kt_memory_need {
	uint32_t guest_mib; /* of the largest guest, without QEMU itself; 0: unknown */
	uint32_t cpu_count; /* as kt_jobs_cpus() counts them; 0: unknown */
};

/** Whether --pid may read other processes. */
void kt_rule_ptrace(const struct kt_right_facts *facts, struct kt_finding *ret);

/** Whether the probe may use BPF, which it can do without. */
void kt_rule_bpf(const struct kt_right_facts *facts, struct kt_finding *ret);

/** Whether there can be a screen.  That stdout is no terminal is no fault. */
void kt_rule_terminal(const struct kt_terminal_facts *facts, struct kt_finding *ret);

/**
 * Whether a directory takes @need_bytes more; @loss says what does not work without it, @remedy what
 * to do (both constants, borrowed).
 */
void kt_rule_place(const struct kt_place_facts *facts, uint64_t need_bytes, const char *loss,
		   const char *remedy, struct kt_finding *ret);

/** How many guests fit. */
void kt_rule_memory(const struct kt_memory_facts *facts, const struct kt_memory_need *need,
		    struct kt_finding *ret);

/** How many cores there are; @guest_cpu_count are those of the largest guest. */
void kt_rule_cores(const struct kt_core_facts *facts, uint32_t guest_cpu_count,
		   struct kt_finding *ret);

#endif
