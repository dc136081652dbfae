/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs as Debian ships them, with its stripped libjemalloc.so.2, under load on loopback.
 * What the probe reads is compared with what the program's own allocator says, which a debugger
 * asks each thread.  tests/probe/programs.t runs one test case for each program that is there.
 */
#include "tests/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "tests/probe/harness.h"

enum {
	THREADS_MAX = 64,
	START_S = 60,
	ROUNDS_MAX = 8,
	/* What a server without clients may do meanwhile: timers, ten times a second. */
	DRIFT_BYTES = 256 * 1024
};

/* What a program's allocator says of itself. */
struct oracle {
	struct truth threads[THREADS_MAX];
	size_t count;
	/* Of stats.allocated, these are no allocations of the program, or are freed by it. */
	uint64_t allocated_bytes;
	uint64_t tcache_bytes;
	uint64_t internal_bytes;
};

static char dir[64];
static pid_t children[4];
static size_t child_count;

static void enter(void)
{
	strcpy(dir, "/tmp/kt-programs-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", dir, 1), 0);
	child_count = 0;
}

static void leave(void)
{
	kt_autobuf struct kt_buf command = KT_BUF_INIT;

	for (size_t i = 0; i < child_count; i++) {
		(void)kill(children[i], SIGKILL);
		ck_assert_int_eq(waitpid(children[i], NULL, 0), children[i]);
	}
	kt_buf_printf(&command, "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command.data), 0);
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static uint16_t free_port(void)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);
	kt_autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin_port);
}

/*
 * Starts a program that runs until the test ends and takes it along.  Its output is in "log".
 * A debugger that is no relative of it may look at it.  Returns when the program is the new one.
 */
static pid_t start_program(const char *const *argv)
{
	int closed_by_exec[2];
	char byte;

	ck_assert_int_eq(pipe2(closed_by_exec, O_CLOEXEC), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		int log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
		if (dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0) < 0 || dup2(log, 1) < 0 ||
		    dup2(log, 2) < 0)
			_exit(126);
		(void)execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	children[child_count++] = child;
	(void)close(closed_by_exec[1]);
	ck_assert_int_eq(read(closed_by_exec[0], &byte, 1), 0);
	(void)close(closed_by_exec[0]);
	return child;
}

static bool is_listening(uint64_t port)
{
	struct sockaddr_in address = loopback((uint16_t)port);
	kt_autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return !connect(fd, (struct sockaddr *)&address, sizeof(address));
}

/* Looks again and again until @is_so says so. */
static void wait_until(bool (*is_so)(uint64_t what), uint64_t what)
{
	uint64_t deadline_ns = kt_clock_mono_ns() + START_S * KT_NS_PER_SEC;
	struct timespec pause = { .tv_nsec = 5 * KT_NS_PER_MS };

	while (!is_so(what)) {
		ck_assert_uint_lt(kt_clock_mono_ns(), deadline_ns);
		(void)nanosleep(&pause, NULL);
	}
}

/* Whether process @pid has two threads at least: it has begun with its work. */
static bool has_threads(uint64_t pid)
{
	char path[32];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu64 "/task", pid);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_nlink - 2 >= 2;
}

/* Runs a client to its end.  The caller owns the outcome. */
static void run(const char *const *argv, struct outcome *ret)
{
	process_finish(process_start(argv), ret);
	ck_assert_msg(!ret->exit_code, "%s: %d %s", argv[0], ret->exit_code,
		      kt_buf_text(&ret->err));
}

static void run_quietly(const char *const *argv)
{
	struct outcome outcome;

	run(argv, &outcome);
	outcome_deinit(&outcome);
}

static uint64_t line_number(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	uint64_t value;

	ck_assert_msg(line && sscanf(line + strlen(name), "%" SCNu64, &value) == 1, "no %s in %s",
		      name, text);
	return value;
}

static void ask_debugger(pid_t pid, struct oracle *oracle)
{
	char number[16];
	const char *const argv[] = { "gdb",
				     "-nx",
				     "-batch",
				     "-iex",
				     "set debuginfod enabled off",
				     "-iex",
				     "set auto-load no",
				     "-p",
				     number,
				     "-x",
				     KT_GDB_SCRIPT,
				     NULL };
	struct outcome outcome;

	(void)snprintf(number, sizeof(number), "%d", pid);
	run(argv, &outcome);
	*oracle = (struct oracle){ 0 };
	for (const char *line = outcome.out.data; line; line = strchr(line, '\n')) {
		struct truth truth;
		line += *line == '\n';
		if (sscanf(line, "thread %d %" SCNu64 " %" SCNu64, &truth.tid, &truth.allocated,
			   &truth.deallocated) != 3)
			continue;
		ck_assert_uint_lt(oracle->count, THREADS_MAX);
		oracle->threads[oracle->count++] = truth;
	}
	oracle->allocated_bytes = line_number(outcome.out.data, "\nallocated ");
	oracle->tcache_bytes = line_number(outcome.out.data, "\ntcache ");
	oracle->internal_bytes = line_number(outcome.out.data, "\ninternal ");
	outcome_deinit(&outcome);
}

static bool find_counters(const struct outcome *outcome, size_t snapshot, pid_t tid,
			  struct truth *ret)
{
	const struct kt_json_tokens *json = &outcome->json;
	char path[64];

	(void)snprintf(path, sizeof(path), "snapshots.%zu.threads", snapshot);
	size_t list = json_at(outcome, path);
	ck_assert_msg(list, "%s", kt_buf_text(&outcome->err));
	for (size_t at = list + 1; at < json->tokens[list].next; at = json->tokens[at].next) {
		uint64_t value = 0;
		ck_assert(kt_json_token_u64(json, kt_json_find(json, at, "tid"), &value));
		if (value != (uint64_t)tid)
			continue;
		ret->tid = tid;
		return kt_json_token_u64(json, kt_json_find(json, at, "allocated_bytes"),
					 &ret->allocated) &&
		       kt_json_token_u64(json, kt_json_find(json, at, "deallocated_bytes"),
					 &ret->deallocated);
	}
	return false;
}

/* One reading by the probe, of which nothing failed and for which nobody was stopped. */
static void probe_now(pid_t pid, struct outcome *ret)
{
	probe_run(pid, "--json", ret);
	ck_assert_msg(!ret->exit_code, "%s", kt_buf_text(&ret->err));
	ck_assert_uint_eq(json_number(ret, "snapshots.0.stopped_threads"), 0);
	ck_assert_msg(strstr(ret->out.data, "libjemalloc.so.2"), "%s", ret->out.data);
	expect_not_stopped(pid);
}

/*
 * The counters only grow: what the debugger was told lies between two readings of the probe, and
 * is equal to both for a thread that did nothing meanwhile.  Returns the number of these.
 */
static size_t expect_between(const struct oracle *oracle, const struct outcome *before,
			     const struct outcome *after)
{
	size_t equal_count = 0;

	for (size_t i = 0; i < oracle->count; i++) {
		const struct truth *truth = &oracle->threads[i];
		struct truth low = { 0 };
		struct truth high = { 0 };
		if (find_counters(before, 0, truth->tid, &low)) {
			ck_assert_uint_le(low.allocated, truth->allocated);
			ck_assert_uint_le(low.deallocated, truth->deallocated);
		}
		if (!find_counters(after, 0, truth->tid, &high))
			continue; /* it ended */
		ck_assert_uint_le(truth->allocated, high.allocated);
		ck_assert_uint_le(truth->deallocated, high.deallocated);
		equal_count += low.tid == truth->tid && low.allocated == high.allocated &&
			       low.deallocated == high.deallocated;
	}
	return equal_count;
}

/*
 * Without threads that ended, what the threads allocated and did not free is what jemalloc
 * calls allocated, but for objects that it keeps in the threads' caches or made for itself.
 */
static void expect_sum(const struct oracle *oracle, const struct outcome *before,
		       const struct outcome *after)
{
	uint64_t live = oracle->allocated_bytes - oracle->tcache_bytes - oracle->internal_bytes;
	uint64_t low = 0;
	uint64_t high = 0;

	for (size_t i = 0; i < oracle->count; i++) {
		struct truth first = { 0 };
		struct truth last;
		(void)find_counters(before, 0, oracle->threads[i].tid, &first);
		ck_assert(find_counters(after, 0, oracle->threads[i].tid, &last));
		low += first.allocated - last.deallocated;
		high += last.allocated - first.deallocated;
	}
	ck_assert_msg((int64_t)low <= (int64_t)live && (int64_t)live <= (int64_t)high,
		      "%" PRIi64 " <= %" PRIu64 " <= %" PRIi64, (int64_t)low, live, (int64_t)high);
	ck_assert_uint_lt(high - low, DRIFT_BYTES);
}

/* One comparison of a server that has nothing to do; returns the number of parked threads. */
static size_t compare_idle(pid_t pid, size_t least_threads, struct oracle *oracle)
{
	struct outcome before;
	struct outcome after;

	probe_now(pid, &before);
	ask_debugger(pid, oracle);
	probe_now(pid, &after);
	ck_assert_uint_ge(oracle->count, least_threads);
	size_t equal_count = expect_between(oracle, &before, &after);
	expect_sum(oracle, &before, &after);
	outcome_deinit(&before);
	outcome_deinit(&after);
	return equal_count;
}

/*
 * A server whose clients are gone: all threads but those with timers are parked, once those
 * have dealt with the end of the clients.
 */
static void check_idle_server(pid_t pid, size_t least_threads, size_t least_equal,
			      struct oracle *oracle)
{
	size_t equal_count = 0;

	for (size_t i = 0; i < ROUNDS_MAX && equal_count < least_equal; i++)
		equal_count = compare_idle(pid, least_threads, oracle);
	ck_assert_uint_ge(equal_count, least_equal);
}

/* A program at work: counters never go back, and what it says itself fits in between. */
static void check_busy(pid_t pid, size_t least_threads)
{
	struct outcome before;
	struct outcome after;
	struct oracle oracle;

	wait_until(has_threads, (uint64_t)pid);
	probe_run(pid, "--json --snapshots 20 --interval-ms 5", &before);
	ck_assert_msg(!before.exit_code, "%s", kt_buf_text(&before.err));
	ask_debugger(pid, &oracle);
	probe_now(pid, &after);
	ck_assert_uint_ge(oracle.count, least_threads);
	(void)expect_between(&oracle, &before, &after);
	for (size_t i = 0; i < oracle.count; i++) {
		struct truth last = { 0 };
		for (size_t snapshot = 0; snapshot < 20; snapshot++) {
			struct truth now;
			if (!find_counters(&before, snapshot, oracle.threads[i].tid, &now))
				continue;
			ck_assert_uint_le(last.allocated, now.allocated);
			ck_assert_uint_le(last.deallocated, now.deallocated);
			last = now;
		}
		ck_assert_uint_le(last.allocated, oracle.threads[i].allocated);
		ck_assert_uint_le(last.deallocated, oracle.threads[i].deallocated);
	}
	outcome_deinit(&before);
	outcome_deinit(&after);
}

static void benchmark_redis(const char *port, const char *tests)
{
	const char *const argv[] = { "redis-benchmark",
				     "-h",
				     "127.0.0.1",
				     "-p",
				     port,
				     "-n",
				     "2000",
				     "-c",
				     "16",
				     "-r",
				     "3000",
				     "-d",
				     "500",
				     "-q",
				     "-t",
				     tests,
				     NULL };

	run_quietly(argv);
}

/*
 * Debian has one program under several names, which its package of tools, that starts no
 * service, has as well; it looks at the name.
 */
static pid_t start_redis(const char *port)
{
	const char *const argv[] = { "sh", "-c",
				     "ln -sf \"$(command -v redis-check-rdb)\" redis-server && "
				     "exec ./redis-server --port $0 --bind 127.0.0.1 --save ''",
				     port, NULL };

	return start_program(argv);
}

START_TEST(redis)
{
	struct outcome outcome;
	struct oracle oracle;
	char port[8];
	uint16_t number = free_port();

	(void)snprintf(port, sizeof(port), "%u", number);
	pid_t pid = start_redis(port);
	wait_until(is_listening, number);
	benchmark_redis(port, "set,lpush,sadd");
	/* A thread that frees what another one allocated. */
	const char *const flush[] = { "redis-cli", "-p", port, "flushall", "async", NULL };
	run_quietly(flush);
	benchmark_redis(port, "set,get");
	check_idle_server(pid, 4, 3, &oracle);
	bool frees_of_others = false;
	for (size_t i = 0; i < oracle.count; i++)
		frees_of_others |= oracle.threads[i].deallocated > oracle.threads[i].allocated;
	ck_assert(frees_of_others);
	/* And the program's own figure, which it takes from stats.allocated. */
	const char *const info[] = { "redis-cli", "-p", port, "info", "memory", NULL };
	run(info, &outcome);
	uint64_t told = line_number(outcome.out.data, "allocator_allocated:");
	ck_assert_uint_lt(told, oracle.allocated_bytes + DRIFT_BYTES);
	ck_assert_uint_gt(told + DRIFT_BYTES, oracle.allocated_bytes);
	outcome_deinit(&outcome);
}
END_TEST

START_TEST(redis_benchmark)
{
	char port[8];
	uint16_t number = free_port();

	(void)snprintf(port, sizeof(port), "%u", number);
	(void)start_redis(port);
	wait_until(is_listening, number);
	const char *const argv[] = { "redis-benchmark",
				     "-p",
				     port,
				     "--threads",
				     "3",
				     "-c",
				     "6",
				     "-l",
				     "-q",
				     "-t",
				     "set",
				     NULL };
	pid_t pid = start_program(argv);
	check_busy(pid, 2);
}
END_TEST

/* A server with four workers, and a page for its clients. */
static pid_t start_nghttpd(char *url, size_t cap)
{
	char port[8];
	uint16_t number = free_port();

	(void)snprintf(port, sizeof(port), "%u", number);
	(void)snprintf(url, cap, "http://127.0.0.1:%u/page", number);
	KT_OK(kt_file_replace("page", dir, strlen(dir), 0644));
	const char *const argv[] = { "nghttpd", "--no-tls", "-a", "127.0.0.1", "-n",
				     "4",	"-d",	    dir,  port,	       NULL };
	pid_t pid = start_program(argv);
	wait_until(is_listening, number);
	return pid;
}

START_TEST(nghttpd)
{
	char url[64];
	struct oracle oracle;
	pid_t pid = start_nghttpd(url, sizeof(url));
	const char *const load[] = { "h2load", "-n", "2000", "-c", "8", "-m", "4", url, NULL };

	run_quietly(load);
	check_idle_server(pid, 5, 4, &oracle);
}
END_TEST

START_TEST(h2load)
{
	char url[64];

	(void)start_nghttpd(url, sizeof(url));
	const char *const load[] = { "h2load", "-D", "600", "-t", "3", "-c", "6", url, NULL };
	check_busy(start_program(load), 2);
}
END_TEST

static void add_case(Suite *all, const char *name, const TTest *test)
{
	TCase *tests = tcase_create(name);

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, enter, leave);
	tcase_add_test(tests, test);
	suite_add_tcase(all, tests);
}

static Suite *suite(void)
{
	Suite *all = suite_create("programs");

	add_case(all, "redis-server", redis);
	add_case(all, "redis-benchmark", redis_benchmark);
	add_case(all, "nghttpd", nghttpd);
	add_case(all, "h2load", h2load);
	return all;
}

KT_UNIT_MAIN
