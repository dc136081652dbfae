/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/probe/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tests/unit.h"

enum {
	WORDS_MAX = 32,
	DEADLINE_S = 60
};

extern char **environ;

static void make_pipe(int ends[2])
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

/* Starts a program on three descriptors. */
static pid_t spawn(const char *const *argv, int in, int out, int err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	int failure = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	ck_assert_msg(!failure, "%s: %s", argv[0], strerror(failure));
	return pid;
}

/* One more piece of output; false at the end. */
static bool read_some(int fd, struct kt_buf *out, uint64_t deadline_ns)
{
	struct pollfd watch = { .fd = fd, .events = POLLIN };
	char bytes[65536];
	uint64_t now_ns = kt_clock_mono_ns();

	ck_assert_msg(now_ns < deadline_ns, "no end of output in time: %s", kt_buf_text(out));
	int left_ms = (int)((deadline_ns - now_ns) / KT_NS_PER_MS) + 1;
	if (poll(&watch, 1, left_ms) <= 0)
		return true;
	ssize_t got = read(fd, bytes, sizeof(bytes));
	if (got <= 0)
		return false;
	kt_buf_append(out, bytes, (size_t)got);
	return true;
}

static void parse_truths(struct target *target, const char *text)
{
	size_t cap = 0;

	for (const char *line = text; strncmp(line, "ready", 5) != 0;
	     line = strchr(line, '\n') + 1) {
		struct truth truth;
		ck_assert_int_eq(sscanf(line, "%d %" SCNu64 " %" SCNu64 " %" SCNu64, &truth.tid,
					&truth.allocated, &truth.deallocated, &truth.address),
				 4);
		if (target->truth_count == cap) {
			cap = cap ? cap * 2 : 64;
			target->truths = reallocarray(target->truths, cap, sizeof(truth));
			ck_assert_ptr_nonnull(target->truths);
		}
		target->truths[target->truth_count++] = truth;
	}
}

void target_start(struct target *target, const char *path, size_t threads, const char *mode)
{
	char count[24];

	(void)snprintf(count, sizeof(count), "%zu", threads);
	const char *const argv[] = { path, count, mode, NULL };
	target_start_command(target, argv);
	ck_assert_uint_eq(target->truth_count, threads);
}

void target_start_command(struct target *target, const char *const *argv)
{
	uint64_t deadline_ns = kt_clock_mono_ns() + DEADLINE_S * KT_NS_PER_SEC;
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	int in[2];
	int out[2];

	make_pipe(in);
	make_pipe(out);
	*target = (struct target){
		.pid = spawn(argv, in[0], out[1], 2),
		.in = in[1],
		.out = out[0],
	};
	(void)close(in[0]);
	(void)close(out[1]);
	while (!strstr(kt_buf_text(&text), "ready\n"))
		ck_assert_msg(read_some(out[0], &text, deadline_ns), "%s ended early", argv[0]);
	parse_truths(target, text.data);
}

void target_stop(struct target *target)
{
	(void)close(target->in);
	(void)close(target->out);
	(void)kill(target->pid, SIGKILL);
	ck_assert_int_eq(waitpid(target->pid, NULL, 0), target->pid);
	free(target->truths);
}

struct process process_start(const char *const *argv)
{
	int out[2];
	int err[2];

	make_pipe(out);
	make_pipe(err);
	struct process process = {
		.pid = spawn(argv, open("/dev/null", O_RDONLY | O_CLOEXEC), out[1], err[1]),
		.out = out[0],
		.err = err[0],
	};
	(void)close(out[1]);
	(void)close(err[1]);
	return process;
}

void process_finish(struct process process, struct outcome *ret)
{
	uint64_t deadline_ns = kt_clock_mono_ns() + DEADLINE_S * KT_NS_PER_SEC;
	int status;

	*ret = (struct outcome){ 0 };
	while (read_some(process.out, &ret->out, deadline_ns))
		;
	while (read_some(process.err, &ret->err, deadline_ns))
		;
	(void)close(process.out);
	(void)close(process.err);
	ck_assert_int_eq(waitpid(process.pid, &status, 0), process.pid);
	ret->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	kt_autoerr struct kt_error *err =
		kt_json_scan(kt_buf_text(&ret->out), ret->out.len, "stdout", 0, &ret->json);
	ret->has_json = !err;
}

struct process probe_start(pid_t pid, const char *options)
{
	char number[16];
	char copy[512];
	const char *argv[WORDS_MAX] = { KT_PROBE, "--pid", number };
	size_t count = 3;

	(void)snprintf(number, sizeof(number), "%d", pid);
	(void)snprintf(copy, sizeof(copy), "%s", options);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[count++] = word;
	return process_start(argv);
}

void probe_run(pid_t pid, const char *options, struct outcome *ret)
{
	process_finish(probe_start(pid, options), ret);
}

void outcome_deinit(struct outcome *outcome)
{
	kt_buf_deinit(&outcome->out);
	kt_buf_deinit(&outcome->err);
	if (outcome->has_json)
		kt_json_tokens_deinit(&outcome->json);
}

/* The element of the array or the member of the object at @at that @word names, or 0. */
static size_t json_child(const struct kt_json_tokens *json, size_t at, const char *word)
{
	const struct kt_json_token *tokens = json->tokens;

	if (tokens[at].type == KT_JSON_OBJECT)
		return kt_json_find(json, at, word);
	if (tokens[at].type != KT_JSON_ARRAY)
		return 0;
	size_t index = strtoul(word, NULL, 10);
	if (index >= tokens[at].child_count)
		return 0;
	for (at++; index; index--)
		at = tokens[at].next;
	return at;
}

size_t json_at(const struct outcome *outcome, const char *path)
{
	char copy[128];
	size_t at = 0;

	ck_assert_msg(outcome->has_json, "no JSON: '%s' '%s'", kt_buf_text(&outcome->out),
		      kt_buf_text(&outcome->err));
	(void)snprintf(copy, sizeof(copy), "%s", path);
	for (char *word = strtok(copy, "."); word; word = strtok(NULL, ".")) {
		at = json_child(&outcome->json, at, word);
		if (!at)
			return 0;
	}
	return at;
}

uint64_t json_number(const struct outcome *outcome, const char *path)
{
	size_t at = json_at(outcome, path);
	uint64_t value;

	ck_assert_msg(at && kt_json_token_u64(&outcome->json, at, &value), "no number %s", path);
	return value;
}

bool json_text_is(const struct outcome *outcome, const char *path, const char *expected)
{
	size_t at = json_at(outcome, path);
	if (!at)
		return false;
	const struct kt_json_token *token = &outcome->json.tokens[at];
	size_t len = token->end - token->start;
	return token->type == KT_JSON_STRING && len == strlen(expected) + 2 &&
	       !memcmp(outcome->json.text + token->start + 1, expected, len - 2);
}

static uint64_t member_number(const struct kt_json_tokens *json, size_t object, const char *key)
{
	size_t at = kt_json_find(json, object, key);
	uint64_t value;

	ck_assert_msg(at && kt_json_token_u64(json, at, &value), "a thread has no %s", key);
	return value;
}

static const struct truth *find_truth(const struct target *target, uint64_t tid)
{
	for (size_t i = 0; i < target->truth_count; i++)
		if ((uint64_t)target->truths[i].tid == tid)
			return &target->truths[i];
	return NULL;
}

void expect_exact(const struct outcome *outcome, size_t snapshot, const struct target *target)
{
	char path[64];

	ck_assert_msg(!outcome->exit_code, "exit %d: %s", outcome->exit_code,
		      kt_buf_text(&outcome->err));
	(void)snprintf(path, sizeof(path), "snapshots.%zu.threads", snapshot);
	size_t list = json_at(outcome, path);
	ck_assert(list);
	const struct kt_json_tokens *json = &outcome->json;
	ck_assert_uint_eq(json->tokens[list].child_count, target->truth_count);
	for (size_t at = list + 1; at < json->tokens[list].next; at = json->tokens[at].next) {
		uint64_t tid = member_number(json, at, "tid");
		const struct truth *truth = find_truth(target, tid);
		ck_assert_msg(truth, "unknown thread %" PRIu64, tid);
		ck_assert_uint_eq(member_number(json, at, "allocated_bytes"), truth->allocated);
		ck_assert_uint_eq(member_number(json, at, "deallocated_bytes"), truth->deallocated);
		ck_assert_uint_gt(member_number(json, at, "start_time_jiffies"), 0);
	}
}

char thread_state(pid_t pid, pid_t tid)
{
	char path[64];
	char text[512];
	char state = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(text, sizeof(text), file)) {
		const char *close = strrchr(text, ')');
		ck_assert_ptr_nonnull(close);
		state = close[2];
	}
	(void)fclose(file);
	return state;
}

void expect_not_stopped(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		char state = thread_state(pid, (pid_t)atoi(entry->d_name));
		ck_assert_int_ne(state, 't');
		ck_assert_int_ne(state, 'T');
	}
	(void)closedir(dir);
}

bool can_use_bpf(void)
{
	const ino_t first_pid_ns = 0xeffffffcU; /* PROC_PID_INIT_INO of include/linux/proc_ns.h */
	struct stat st;

	return !getuid() && (stat("/proc/self/ns/pid", &st) || st.st_ino == first_pid_ns);
}
