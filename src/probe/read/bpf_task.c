/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/bpf_task.h"

#include "probe/read/sweep.h"

/* Names of a member, newest first, and its size; those of both sizes are numbers. */
struct member_rule {
	const char *names[2];
	uint32_t size_bytes;
	uint32_t other_size_bytes;
};

/* include/linux/sched.h; the kernels that changed a name are named. */
static const struct member_rule rules[KT_TASK_MEMBER_COUNT] = {
#if defined(__x86_64__)
	[KT_TASK_TP] = { { "thread.fsbase" }, 8, 0 },
#endif
	[KT_TASK_TID] = { { "pid" }, 4, 0 },
	[KT_TASK_TGID] = { { "tgid" }, 4, 0 },
	[KT_TASK_FLAGS] = { { "flags" }, 4, 0 },
	[KT_TASK_STATE] = { { "__state", "state" }, 4, 8 },		     /* 5.14 */
	[KT_TASK_START] = { { "start_boottime", "real_start_time" }, 8, 0 }, /* 5.5 */
	[KT_TASK_COMM] = { { "comm" }, KT_COMM_BYTES, 0 },
	[KT_TASK_VOLUNTARY] = { { "nvcsw" }, 8, 0 },
	[KT_TASK_INVOLUNTARY] = { { "nivcsw" }, 8, 0 },
	[KT_TASK_ON_CPU] = { { "on_cpu" }, 4, 0 },
	[KT_TASK_ROBUST_LIST] = { { "robust_list" }, 8, 0 },
	[KT_TASK_CPU] = { { "thread_info.cpu", "cpu" }, 4, 0 }, /* 5.16 */
	[KT_TASK_EXIT_STATE] = { { "exit_state" }, 4, 0 },
	[KT_TASK_RUN] = { { "se.sum_exec_runtime" }, 8, 0 },
	[KT_TASK_RUN_DELAY] = { { "sched_info.run_delay" }, 8, 0 },
	[KT_TASK_UTIME] = { { "utime" }, 8, 0 },
	[KT_TASK_STIME] = { { "stime" }, 8, 0 },
	[KT_TASK_PREV_UTIME] = { { "prev_cputime.utime" }, 8, 0 },
	[KT_TASK_PREV_STIME] = { { "prev_cputime.stime" }, 8, 0 },
	[KT_TASK_VTIME_STATE] = { { "vtime.state" }, 4, 0 },
	[KT_TASK_SIGNAL] = { { "signal" }, 8, 0 },
	[KT_TASK_NEXT] = { { "thread_node.next" }, 8, 0 },
};

/* An instruction holds an offset in 16 bits with a sign. */
static bool is_reachable(const struct kt_btf_member *member)
{
	return member->offset_bytes <= (uint32_t)INT16_MAX - KT_COMM_BYTES;
}

static void find_member(const struct kt_btf *btf, uint32_t type, const struct member_rule *rule,
			struct kt_btf_member *ret)
{
	for (int i = 0; i < 2 && rule->names[i]; i++) {
		struct kt_btf_member found;
		if (kt_btf_find_member(btf, type, rule->names[i], &found) && is_reachable(&found) &&
		    (found.size_bytes == rule->size_bytes ||
		     found.size_bytes == rule->other_size_bytes)) {
			*ret = found;
			return;
		}
	}
}

struct kt_error *kt_bpf_task_find(const struct kt_btf *btf, struct kt_bpf_task *ret)
{
	struct kt_bpf_task task = { .attach_id = btf->function };
	uint32_t type = kt_btf_pointee(btf, kt_btf_parameter(btf, 1));

	if (!type)
		return kt_error_create(KT_ERROR_PROBE, 0,
				       "this kernel has no BPF iterator over tasks");
	for (size_t i = 0; i < KT_TASK_MEMBER_COUNT; i++) {
		if (rules[i].names[0])
			find_member(btf, type, &rules[i], &task.members[i]);
		if (i < KT_TASK_ESSENTIAL_COUNT && !task.members[i].size_bytes)
			return kt_error_create(KT_ERROR_PROBE, 0,
					       "this kernel's tasks have no member \"%s\" that the "
					       "BPF engine knows",
					       rules[i].names[0] ? rules[i].names[0]
								 : "thread.fsbase");
	}
	uint32_t signal = kt_btf_pointee(btf, task.members[KT_TASK_SIGNAL].type);
	if (!kt_btf_find_member(btf, signal, "thread_head", &task.thread_head) ||
	    !is_reachable(&task.thread_head))
		task.thread_head = (struct kt_btf_member){ 0 };
	*ret = task;
	return NULL;
}

bool kt_bpf_task_has(const struct kt_bpf_task *task, enum kt_task_member member)
{
	return task->members[member].size_bytes;
}
