/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/moment.h"

/*
 * How many of @count elements of @size bytes, in order of the time that each begins with at
 * @offset, came at or before @mono_ns.
 */
static size_t count_until(const void *items, size_t count, size_t size, size_t offset,
			  uint64_t mono_ns)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *item = (const char *)items + middle * size;

		if (*(const uint64_t *)(const void *)(item + offset) <= mono_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool kt_moment_has_begun(const struct kt_run_scenario *scenario, uint64_t mono_ns)
{
	return scenario->started && scenario->started_mono_ns <= mono_ns;
}

bool kt_moment_has_ended(const struct kt_run_scenario *scenario, uint64_t mono_ns)
{
	return scenario->ended && scenario->ended_mono_ns <= mono_ns;
}

const struct kt_run_state *kt_moment_guest(const struct kt_run_scenario *scenario, uint64_t mono_ns)
{
	size_t count = count_until(scenario->states, scenario->state_count,
				   sizeof(*scenario->states),
				   offsetof(struct kt_run_state, host_mono_ns), mono_ns);

	return count ? &scenario->states[count - 1] : NULL;
}

const struct kt_event_worker *kt_moment_worker(const struct kt_run_worker *worker, uint64_t mono_ns)
{
	size_t count = count_until(worker->events, worker->event_count, sizeof(*worker->events),
				   offsetof(struct kt_run_worker_event, host_mono_ns), mono_ns);

	return count ? &worker->events[count - 1].worker : NULL;
}

const struct kt_event_check *kt_moment_check(const struct kt_run_check *check, uint64_t mono_ns)
{
	size_t count = count_until(check->verdicts, check->verdict_count, sizeof(*check->verdicts),
				   offsetof(struct kt_run_verdict, host_mono_ns), mono_ns);

	/* The first is the check as announced. */
	return &check->verdicts[count ? count - 1 : 0].check;
}

const char *kt_moment_console(const struct kt_run_scenario *scenario, uint64_t mono_ns,
			      size_t *ret_len, bool *ret_is_whole)
{
	size_t count = count_until(scenario->console_marks, scenario->console_mark_count,
				   sizeof(*scenario->console_marks),
				   offsetof(struct kt_run_console_mark, host_mono_ns), mono_ns);
	uint64_t total = count ? scenario->console_marks[count - 1].total_bytes : 0;
	size_t len;
	const char *text = kt_tail_bytes(&scenario->console, &len);
	uint64_t begin = scenario->console.total_bytes - len;

	*ret_len = total > begin ? (size_t)(total - begin) : 0;
	*ret_is_whole = !begin || !total;
	return text;
}

size_t kt_moment_note_count(const struct kt_run *run, uint64_t mono_ns)
{
	return count_until(run->notes, run->note_count, sizeof(*run->notes),
			   offsetof(struct kt_run_note, host_mono_ns), mono_ns);
}

const struct kt_run_probe_run *kt_moment_probe_run(const struct kt_run_probe *probe,
						   uint64_t mono_ns)
{
	size_t count = count_until(probe->runs, probe->run_count, sizeof(*probe->runs),
				   offsetof(struct kt_run_probe_run, started_mono_ns), mono_ns);

	return count ? &probe->runs[count - 1] : NULL;
}
