/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/system/fault_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "run/run_file.h"
#include "tests/unit.h"

static void put_scenario(struct fault_trial *trial, const char *name, unsigned memory_mib)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_buf_printf(&path, "%s/%s.json", trial->dir, name);
	kt_buf_printf(
		&text,
		"{ \"schema\": 1, \"name\": \"%s\", \"guest\": { \"memory_mib\": %u },\n"
		"\"workers\": [ { \"name\": \"w\", \"command\":\n"
		"[ \"ktstr-jemalloc-alloc-worker\", \"1048576\" ], \"ready\": \"marker\" } ],\n"
		"\"probes\": [ { \"name\": \"p\", \"target\": \"w\", \"snapshots\": 5,\n"
		"\"interval_ms\": 50 } ], \"checks\": [ { \"exit_code\":\n"
		"{ \"probe\": \"p\", \"equals\": 0 } } ] }\n",
		name, memory_mib);
	KT_OK(kt_file_replace(kt_buf_text(&path), kt_buf_text(&text), text.len, 0600));
	ck_assert_int_lt(trial->file_count, FAULT_TRIAL_MAX);
	trial->files[trial->file_count++] = kt_buf_steal(&path);
}

void fault_trial_begin(struct fault_trial *trial)
{
	*trial = (struct fault_trial){ .dir = "/tmp/kt-fault-trial.XXXXXX", .model = KT_RUN_INIT };
	ck_assert_ptr_nonnull(mkdtemp(trial->dir));
	(void)snprintf(trial->record, sizeof(trial->record), "%s/run.ktr", trial->dir);
	put_scenario(trial, FAULT_TRIAL_BYSTANDER, 256);
}

void fault_trial_add(struct fault_trial *trial, const char *name, unsigned memory_mib,
		     const char *fault)
{
	put_scenario(trial, name, memory_mib);
	kt_buf_printf(&trial->faults, "%s%s:%s", trial->faults.len ? "," : "", name, fault);
}

static struct kt_error *fold(void *ctx, const struct kt_event *event)
{
	return kt_run_apply(ctx, event);
}

static void take_recording(struct fault_trial *trial, int code)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	struct kt_run_file_info info;
	struct top_run replay;

	KT_OK(kt_file_read(trial->record, 16 << 20, &text));
	KT_OK(kt_run_file_read(text.data, text.len, trial->record, fold, &trial->model, &info));
	ck_assert(!info.cut);
	ck_assert(trial->model.ended);
	ck_assert_uint_eq(trial->model.end.exit_code, (unsigned)code);

	top_run_start(&replay, &(struct top_run_options){
				       .arguments = { "-b", "-f", "json", "-R", trial->record } });
	ck_assert_int_eq(top_run_end(&replay), code);
	ck_assert_uint_eq(replay.out.len, text.len);
	ck_assert_mem_eq(replay.out.data, text.data, text.len);
	top_run_deinit(&replay);
}

void fault_trial_run(struct fault_trial *trial, const char *option, int code)
{
	struct top_run_options options = {
		.arguments = { "-bc", "-f", "json", "-a", "tcg", "-j", "2", "-r", trial->record,
			       "--fault", kt_buf_text(&trial->faults) },
	};
	int at = 0;

	while (options.arguments[at])
		at++;
	if (option)
		options.arguments[at++] = option;
	for (int i = 0; i < trial->file_count; i++)
		options.arguments[at++] = trial->files[i];
	ck_assert_int_le(at, TOP_RUN_MAX_ARGUMENTS);
	top_run_start(&trial->run, &options);
	int got = top_run_end(&trial->run);
	ck_assert_msg(got == code, "exit code %d, not %d: %.3000s", got, code,
		      kt_buf_text(&trial->run.err));
	ck_assert_uint_eq(trial->run.err.len, 0);
	top_run_expect_nothing_left(&trial->run);
	take_recording(trial, code);
}

const struct kt_run_scenario *fault_trial_scenario(const struct fault_trial *trial,
						   const char *name)
{
	const struct kt_run_scenario *scenario = kt_run_find_scenario(&trial->model, name);

	ck_assert_msg(scenario && scenario->ended, "%s has not ended", name);
	ck_assert_int_eq(scenario->guest.state, KT_GUEST_STOPPED);
	return scenario;
}

int fault_trial_count_notes(const struct fault_trial *trial, const char *scenario,
			    const char *start, const char *part)
{
	int count = 0;

	for (size_t i = 0; i < trial->model.note_count; i++) {
		const struct kt_run_note *note = &trial->model.notes[i];

		count += note->scenario && !strcmp(note->scenario, scenario) &&
			 !strncmp(note->text, start, strlen(start)) && strstr(note->text, part);
	}
	return count;
}

void fault_trial_end(struct fault_trial *trial)
{
	for (int i = 0; i < trial->file_count; i++) {
		(void)unlink(trial->files[i]);
		free(trial->files[i]);
	}
	(void)unlink(trial->record);
	ck_assert_int_eq(rmdir(trial->dir), 0);
	kt_run_deinit(&trial->model);
	kt_buf_deinit(&trial->faults);
	top_run_deinit(&trial->run);
}
