/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "check/check.h"
#include "check/scenario_set.h"

static struct kt_error *parse(const char *text)
{
	kt_autoscenario struct kt_scenario *scenario = NULL;

	return kt_scenario_parse(text, strlen(text), "f.json", &scenario);
}

/* The directory of the shipped scenarios. */
static void scenarios_dir(struct kt_buf *out)
{
	const char *top = getenv("top_srcdir");

	kt_buf_printf(out, "%s/scenarios", top ? top : ".");
}

#define HEAD   "{\"schema\":1,\"name\":\"n\","
#define WORKER "\"workers\":[{\"name\":\"w\",\"command\":[\"c\"]}],"
#define PROBE  "\"probes\":[{\"name\":\"p\",\"target\":\"w\"}],"
#define CHECKS "\"checks\":[{\"exit_code\":{\"equals\":0}}]"
/* A worker that has more than name and command. */
#define BESIDES(members) \
	HEAD "\"workers\":[{\"name\":\"w\",\"command\":[\"c\"]," members "}]," PROBE CHECKS "}"
#define MINIMAL HEAD WORKER PROBE CHECKS "}"

START_TEST(defaults_are_filled_in)
{
	kt_autoscenario struct kt_scenario *scenario = NULL;

	KT_OK(kt_scenario_parse(MINIMAL, strlen(MINIMAL), "f.json", &scenario));
	ck_assert_str_eq(scenario->name, "n");
	ck_assert_str_eq(scenario->file, "f.json");
	ck_assert_str_eq(scenario->description, "");
	ck_assert_uint_eq(kt_topology_cpu_count(&scenario->topology), 1);
	ck_assert_uint_eq(scenario->memory_mib, 256);
	ck_assert_uint_eq(scenario->timeout_s, 60);
	ck_assert_uint_eq(scenario->worker_count, 1);
	ck_assert_str_eq(scenario->workers[0].command[0], "c");
	ck_assert_ptr_null(scenario->workers[0].command[1]);
	ck_assert(!scenario->workers[0].ready_marker);
	ck_assert_ptr_eq(scenario->probes[0].target, &scenario->workers[0]);
	ck_assert_uint_eq(scenario->probes[0].snapshots, 1);
	ck_assert_uint_eq(scenario->probes[0].repeat, 1);
	ck_assert_uint_eq(scenario->probes[0].timeout_ms, 30000);
	ck_assert_ptr_null(scenario->probes[0].with);
	ck_assert_ptr_null(scenario->kernel);
	ck_assert_uint_eq(scenario->workers[0].file_count, 0);
	ck_assert_ptr_null(scenario->workers[0].environment);
	ck_assert_str_eq(scenario->checks[0].id, "exit_code");
	ck_assert_ptr_eq(scenario->checks[0].probe, &scenario->probes[0]);
}
END_TEST

START_TEST(a_worker_may_bring_more)
{
	static const char text[] =
		BESIDES("\"files\":[\"./a//b\",{\"from\":\"../c\",\"to\":\"/d/./e/\"},\"/f\"],"
			"\"environment\":{\"A_1\":\"x=y\",\"b\":\"\"}");
	kt_autoscenario struct kt_scenario *scenario = NULL;
	kt_autofree char *beside = NULL;
	kt_autofree char *absolute = NULL;

	KT_OK(kt_scenario_parse(text, strlen(text), "/dir/f.json", &scenario));
	const struct kt_scenario_worker *worker = &scenario->workers[0];
	ck_assert_uint_eq(worker->file_count, 3);
	ck_assert_str_eq(worker->files[0].from, "./a//b");
	ck_assert_str_eq(worker->files[0].to, "/a/b");
	ck_assert_uint_eq(worker->files[0].place.line, 1);
	ck_assert_str_eq(worker->files[1].from, "../c");
	ck_assert_str_eq(worker->files[1].to, "/d/e");
	ck_assert_str_eq(worker->files[2].to, "/f");
	ck_assert_str_eq(worker->environment[0], "A_1=x=y");
	ck_assert_str_eq(worker->environment[1], "b=");
	ck_assert_ptr_null(worker->environment[2]);
	KT_OK(kt_scenario_host_path(scenario, "../c", &beside));
	ck_assert_str_eq(beside, "/dir/../c");
	KT_OK(kt_scenario_host_path(scenario, "/c", &absolute));
	ck_assert_str_eq(absolute, "/c");
}
END_TEST

START_TEST(many_cpus_get_more_time_and_memory)
{
	static const char text[] = HEAD "\"guest\":{\"topology\":{\"numa_nodes\":8,\"llcs\":8,"
					"\"cores\":4,\"threads\":2}}," WORKER PROBE CHECKS "}";
	static const char given[] = HEAD "\"guest\":{\"topology\":{\"cores\":64},"
					 "\"timeout_s\":7}," WORKER PROBE CHECKS "}";
	kt_autoscenario struct kt_scenario *scenario = NULL;
	kt_autoscenario struct kt_scenario *short_one = NULL;

	KT_OK(kt_scenario_parse(text, strlen(text), "f.json", &scenario));
	ck_assert_uint_eq(scenario->timeout_s, 60 + 63 * 2);
	ck_assert_uint_eq(scenario->memory_mib, 64 * 64);
	KT_OK(kt_scenario_parse(given, strlen(given), "f.json", &short_one));
	ck_assert_uint_eq(short_one->timeout_s, 7);
}
END_TEST

#define WITH_ALL "tcache,cpu,process,sched"
START_TEST(a_probe_may_be_asked_for_more)
{
	static const char text[] = HEAD WORKER "\"probes\":[{\"name\":\"p\",\"target\":\"w\","
					       "\"with\":\"" WITH_ALL "\"}]," CHECKS "}";
	kt_autoscenario struct kt_scenario *scenario = NULL;

	KT_OK(kt_scenario_parse(text, strlen(text), "f.json", &scenario));
	ck_assert_str_eq(scenario->probes[0].with, WITH_ALL);
}
END_TEST

/* A whole file, or NULL and a check in place of the usual one; what the error must say. */
static const struct {
	const char *text;
	const char *check;
	const char *error;
} refused[] = {
	{ "", NULL, "f.json:1:1:" },
	{ "[]", NULL, "f.json:1:1: a scenario must be an object" },
	{ "{}", NULL, "needs the key \"schema\"" },
	{ HEAD WORKER PROBE CHECKS, NULL, "f.json:1:" },
	{ MINIMAL "x", NULL, "text after the end" },
	{ "{\"schema\":2,\"name\":\"n\"," WORKER PROBE CHECKS "}", NULL, "from 1 to 1" },
	{ "{\"colour\":1,\"schema\":2}", NULL, "f.json:1:22: " },
	{ "{\n\"schema\":1,\n \"nane\":\"n\"}", NULL, "f.json:3:2: unknown key \"nane\"" },
	{ "{\"schema\":1,\"name\":\"n\",\"name\":\"m\"}", NULL, "twice" },
	{ "{\"schema\":1,\"name\":\"N\"," WORKER PROBE CHECKS "}", NULL, "lower-case" },
	{ "{\"schema\":1,\"name\":\".n\"," WORKER PROBE CHECKS "}", NULL, "starts with" },
	{ "{\"schema\":1,\"name\":\"\"," WORKER PROBE CHECKS "}", NULL, "1 to 64 bytes" },
	{ "{\"schema\":1,\"name\":7," WORKER PROBE CHECKS "}", NULL, "must be a string" },
	{ "{\"schema\":1,\"name\":\"n\\u0000\"," WORKER PROBE CHECKS "}", NULL, "u0000" },
	{ "{\"schema\":1,\"name\\u0000\":\"n\"," WORKER PROBE CHECKS "}", NULL, "unknown key" },
	{ HEAD "\"description\":\"a\\nb\"," WORKER PROBE CHECKS "}", NULL, "control characters" },
	{ HEAD "\"guest\":{\"cpus\":1}," WORKER PROBE CHECKS "}", NULL,
	  "unknown key \"cpus\" in guest; allowed: \"topology\", \"memory_mib\", \"timeout_s\", "
	  "\"kernel\"" },
	{ HEAD "\"guest\":{\"kernel\":\"\"}," WORKER PROBE CHECKS "}", NULL, "1 to 1024 bytes" },
	{ BESIDES("\"files\":\"a\""), NULL, "array of 0 to 64" },
	{ BESIDES("\"files\":[7]"), NULL, "f.json:1:72: a file is a path, or an object with" },
	{ BESIDES("\"files\":[\"\"]"), NULL, "1 to 1024 bytes" },
	{ BESIDES("\"files\":[\"a\",\"../b\"]"), NULL,
	  "f.json:1:76: in the guest, \"../b\" has a \"..\" in it: give \"from\" and another "
	  "\"to\"" },
	{ BESIDES("\"files\":[\"/tmp/x\"]"), NULL, "hidden by what the guest mounts there: give" },
	{ BESIDES("\"files\":[\"/.//proc\"]"), NULL, "hidden by" },
	{ BESIDES("\"files\":[\"./\"]"), NULL, "names no file" },
	{ BESIDES("\"files\":[{\"from\":\"a\"}]"), NULL, "a file needs the key \"to\"" },
	{ BESIDES("\"files\":[{\"to\":\"/a\"}]"), NULL, "a file needs the key \"from\"" },
	{ BESIDES("\"files\":[{\"from\":\"a\",\"to\":\"a\"}]"), NULL, "begins with a '/'" },
	{ BESIDES("\"files\":[{\"from\":\"a\",\"to\":\"/a/..\"}]"), NULL, "has a \"..\" in it" },
	{ BESIDES("\"files\":[{\"from\":\"a\",\"to\":\"/a\",\"mode\":7}]"), NULL,
	  "unknown key \"mode\" in a file; allowed: \"from\", \"to\"" },
	{ BESIDES("\"environment\":[]"), NULL, "environment must be an object" },
	{ BESIDES("\"environment\":{\"1A\":\"\"}"), NULL, "f.json:1:78: the name of a variable" },
	{ BESIDES("\"environment\":{\"A=B\":\"\"}"), NULL, "the name of a variable" },
	{ BESIDES("\"environment\":{\"\":\"\"}"), NULL, "the name of a variable" },
	{ BESIDES("\"environment\":{\"A\\u0000\":\"\"}"), NULL, "the name of a variable" },
	{ BESIDES("\"environment\":{\"A\":1}"), NULL, "must be a string" },
	{ BESIDES("\"environment\":{\"A\":\"b\\nc\"}"), NULL, "control characters" },
	{ HEAD "\"guest\":{\"memory_mib\":64}," WORKER PROBE CHECKS "}", NULL, "128 to 65536" },
	{ HEAD "\"guest\":{\"memory_mib\":256.5}," WORKER PROBE CHECKS "}", NULL, "whole number" },
	{ HEAD "\"guest\":{\"timeout_s\":0}," WORKER PROBE CHECKS "}", NULL, "1 to 86400" },
	{ HEAD "\"guest\":{\"timeout_s\":86401}," WORKER PROBE CHECKS "}", NULL, "1 to 86400" },
	{ HEAD "\"guest\":{\"topology\":{\"llcs\":3,\"numa_nodes\":2}}," WORKER PROBE CHECKS "}",
	  NULL, "do not divide evenly" },
	{ HEAD "\"guest\":{\"topology\":{\"cores\":0}}," WORKER PROBE CHECKS "}", NULL, "1 to 64" },
	{ HEAD "\"guest\":{\"topology\":{\"cores\":64,\"threads\":2}}," WORKER PROBE CHECKS "}",
	  NULL, "more than 64 CPUs" },
	{ HEAD "\"guest\":[]," WORKER PROBE CHECKS "}", NULL, "guest must be an object" },
	{ HEAD "\"workers\":{}," PROBE CHECKS "}", NULL, "array of 0 to 16" },
	{ HEAD "\"workers\":[{\"name\":\"w\",\"command\":[]}]," PROBE CHECKS "}", NULL,
	  "1 to 64 elements" },
	{ HEAD "\"workers\":[{\"name\":\"w\",\"command\":[1]}]," PROBE CHECKS "}", NULL,
	  "must be a string" },
	{ HEAD "\"workers\":[{\"name\":\"w\",\"command\":[\"c\"],\"ready\":\"soon\"}]," PROBE CHECKS
	       "}",
	  NULL, "must be one of \"none\", \"marker\"" },
	{ HEAD
	  "\"workers\":[{\"name\":\"w\",\"command\":[\"c\"],\"ready_timeout_ms\":5}]," PROBE CHECKS
	  "}",
	  NULL, "needs \"ready\": \"marker\"" },
	{ HEAD
	  "\"workers\":[{\"name\":\"w\",\"command\":[\"c\"],\"exit_codes\":{\"256\":\"x\"}}]," PROBE
		  CHECKS "}",
	  NULL, "from 0 to 255" },
	{ HEAD "\"workers\":[{\"name\":\"w\",\"command\":[\"c\"]},"
	       "{\"name\":\"w\",\"command\":[\"c\"]}]," PROBE CHECKS "}",
	  NULL, "\"w\" is taken" },
	{ HEAD PROBE CHECKS "}", NULL, "no worker is called \"w\"" },
	{ HEAD WORKER "\"probes\":[]," CHECKS "}", NULL, "1 to 16 elements" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\"}]," CHECKS "}", NULL,
	  "either \"target\" or \"pid\"" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"target\":\"w\",\"pid\":1}]," CHECKS "}", NULL,
	  "either \"target\" or \"pid\"" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"pid\":2147483648}]," CHECKS "}", NULL,
	  "1 to 2147483647" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"pid\":1,\"snapshots\":2}]," CHECKS "}", NULL,
	  "\"interval_ms\" belongs to" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"pid\":1,\"interval_ms\":2}]," CHECKS "}", NULL,
	  "\"interval_ms\" belongs to" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"pid\":1,\"snapshots\":100001,"
		      "\"interval_ms\":1}]," CHECKS "}",
	  NULL, "1 to 100000" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"pid\":1},{\"name\":\"p\",\"pid\":1}]," CHECKS
		      "}",
	  NULL, "\"p\" is taken" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"pid\":1},{\"name\":\"q\",\"pid\":1}]," CHECKS
		      "}",
	  NULL, "several probes" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"pid\":1,\"with\":\"cpu,sched,cpu\"}]," CHECKS
		      "}",
	  NULL, "each once" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"pid\":1,\"with\":\"cpu,\"}]," CHECKS "}", NULL,
	  "a list of sched, cpu, tcache, process" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"pid\":1,\"with\":\"\"}]," CHECKS "}", NULL,
	  "1 to 64 bytes" },
	{ HEAD WORKER "\"probes\":[{\"name\":\"p\",\"pid\":1,\"with\":[\"cpu\"]}]," CHECKS "}",
	  NULL, "must be a string" },
	{ HEAD WORKER PROBE "\"checks\":[]}", NULL, "1 to 128 elements" },
	{ NULL, "7", "one key" },
	{ NULL, "{}", "one key" },
	{ NULL, "{\"exit_code\":{},\"counter\":{}}", "one key" },
	{ NULL, "{\"exit\":{}}", "unknown kind of check; allowed: \"exit_code\"" },
	{ NULL, "{\"exit_code\":7}", "must be an object" },
	{ NULL, "{\"exit_code\":{}}", "a bound is needed" },
	{ NULL, "{\"exit_code\":{\"equals\":256}}", "at most 255" },
	{ NULL, "{\"exit_code\":{\"equals\":-1}}", "whole number" },
	{ NULL, "{\"exit_code\":{\"equals\":1,\"min\":0}}", "excludes" },
	{ NULL, "{\"fatal_kind\":{}}", "fatal_kind needs the key \"is\"" },
	{ NULL, "{\"fatal_kind\":{\"is\":\"Zombie\"}}", "lower-case" },
	{ NULL, "{\"fatal_kind\":{\"is\":1}}", "must be" },
	{ NULL, "{\"fatal_kind\":{\"is\":\"zombie\",\"equals\":1}}", "unknown key \"equals\"" },
	{ NULL, "{\"exit_code\":{\"below\":1}}", "unknown key \"below\" in exit_code" },
	{ NULL, "{\"exit_code\":{\"equals\":0,\"probe\":\"q\"}}", "name of a probe" },
	{ NULL, "{\"exit_code\":{\"equals\":0,\"id\":\"A\"}}", "lower-case" },
	{ NULL, "{\"metric_count\":{\"min\":18446744073709551616}}", "whole number" },
	{ NULL, "{\"thread_count\":{\"min\":3,\"max\":2}}", "can never hold" },
	{ NULL, "{\"thread_count\":{\"min\":1,\"snapshots\":\"some\"}}", "\"any\"" },
	{ NULL, "{\"thread_present\":{\"thread\":\"all\"}}", "needs one thread" },
	{ NULL, "{\"thread_present\":{\"thread\":0}}", "1 to 2147483647" },
	{ NULL, "{\"counter\":{\"min\":1}}", "needs the key \"of\"" },
	{ NULL, "{\"counter\":{\"of\":\"timestamp_unix_sec\",\"min\":1}}", "is not about" },
	{ NULL, "{\"counter\":{\"of\":\"allocated_bytes\",\"below\":0}}", "can never hold" },
	{ NULL, "{\"counter\":{\"of\":\"allocated_bytes\",\"below\":1,\"max\":1}}", "exclude" },
	{ NULL, "{\"counter\":{\"of\":\"allocated_bytes\",\"max\":1,\"if_present\":1}}",
	  "true or false" },
	{ NULL, "{\"monotone\":{\"of\":\"timestamp_unix_sec\",\"thread\":\"leader\"}}",
	  "does not belong to a thread" },
	{ NULL, "{\"exit_code\":{\"equals\":0}},{\"exit_code\":{\"equals\":1}}",
	  "the check id \"exit_code\" is taken" },
};

START_TEST(what_is_wrong_is_refused_with_its_place)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (refused[_i].text)
		kt_buf_puts(&text, refused[_i].text);
	else
		kt_buf_printf(&text, HEAD WORKER PROBE "\"checks\":[%s]}", refused[_i].check);
	KT_FAILS(parse(kt_buf_text(&text)), KT_ERROR_USAGE, refused[_i].error);
	KT_FAILS(parse(kt_buf_text(&text)), KT_ERROR_USAGE, "f.json:");
}
END_TEST

START_TEST(a_file_that_is_none_is_refused)
{
	kt_autoscenario struct kt_scenario *scenario = NULL;
	kt_autobuf struct kt_buf huge = KT_BUF_INIT;
	char path[] = "huge-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i <= KT_SCENARIO_MAX_FILE_BYTES; i++)
		kt_buf_putc(&huge, ' ');
	KT_OK(kt_file_write_fd(fd, path, huge.data, huge.len));
	ck_assert_int_eq(close(fd), 0);
	KT_FAILS(kt_scenario_load(path, &scenario), KT_ERROR_USAGE, path);
	ck_assert_int_eq(unlink(path), 0);
	KT_FAILS(kt_scenario_load("/nonexistent/x.json", &scenario), KT_ERROR_USAGE,
		 "No such file");
	KT_FAILS(kt_scenario_load("/", &scenario), KT_ERROR_USAGE, "/");
	KT_FAILS(kt_scenario_load("/proc/self/exe", &scenario), KT_ERROR_USAGE, "/proc/self/exe");
}
END_TEST

/* The four of contract section 8, and our own. */
START_TEST(built_ins_are_complete)
{
	kt_autoscenarioset struct kt_scenario_set set = KT_SCENARIO_SET_INIT;
	kt_autobuf struct kt_buf dir = KT_BUF_INIT;
	static const char *const names[] = {
		"dso-jemalloc",	   "known-allocation", "multi-snapshot-monotone",
		"nonexistent-pid", "not-jemalloc",     "thread-churn"
	};
	const size_t count = sizeof(names) / sizeof(*names);

	scenarios_dir(&dir);
	KT_OK(kt_scenario_set_add_builtins(&set, kt_buf_text(&dir)));
	ck_assert_uint_eq(set.count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(set.scenarios[i]->name, names[i]);
	KT_FAILS(kt_scenario_set_add(&set, kt_buf_text(&dir), "thread-churn"), KT_ERROR_USAGE,
		 "is taken by");
	KT_FAILS(kt_scenario_set_add(&set, kt_buf_text(&dir), "no-such"), KT_ERROR_USAGE,
		 "no built-in scenario is called \"no-such\"");
	KT_FAILS(kt_scenario_set_add(&set, kt_buf_text(&dir), "no-such.json"), KT_ERROR_USAGE,
		 "No such file");
	KT_FAILS(kt_scenario_set_add_builtins(&set, "/nonexistent"), KT_ERROR_ENVIRONMENT,
		 "/nonexistent");
	KT_FAILS(kt_scenario_set_add_builtins(&set, "/proc/self/fdinfo"), KT_ERROR_ENVIRONMENT,
		 "no built-in");
}
END_TEST

/* The directory is not part of the default, which the test before this one shows. */
START_TEST(a_directory_of_built_ins_stands_for_its_files)
{
	kt_autoscenarioset struct kt_scenario_set set = KT_SCENARIO_SET_INIT;
	kt_autoscenarioset struct kt_scenario_set single = KT_SCENARIO_SET_INIT;
	kt_autobuf struct kt_buf dir = KT_BUF_INIT;
	static const char *const names[] = { "demo-burst", "demo-leak", "demo-steady" };
	static const char *const none[] = { "", ".", "..", "demo-" };

	scenarios_dir(&dir);
	KT_OK(kt_scenario_set_add(&set, kt_buf_text(&dir), "demo"));
	ck_assert_uint_eq(set.count, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_str_eq(set.scenarios[i]->name, names[i]);
	KT_FAILS(kt_scenario_set_add(&set, kt_buf_text(&dir), "demo-leak"), KT_ERROR_USAGE,
		 "is taken by");
	KT_OK(kt_scenario_set_add(&single, kt_buf_text(&dir), "demo-leak"));
	ck_assert_uint_eq(single.count, 1);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		KT_FAILS(kt_scenario_set_add(&single, kt_buf_text(&dir), none[i]), KT_ERROR_USAGE,
			 "no built-in scenario is called");
}
END_TEST

static const struct kt_check *find_check(const struct kt_scenario *scenario, const char *id)
{
	for (size_t i = 0; i < scenario->check_count; i++) {
		if (!strcmp(scenario->checks[i].id, id))
			return &scenario->checks[i];
	}
	ck_abort_msg("no check %s", id);
	return NULL;
}

static struct kt_scenario *load(struct kt_scenario_set *set, const char *name)
{
	kt_autobuf struct kt_buf dir = KT_BUF_INIT;

	scenarios_dir(&dir);
	KT_OK(kt_scenario_set_add(set, kt_buf_text(&dir), name));
	return set->scenarios[set->count - 1];
}

/* The constants of contract sections 8.2 to 8.5, written down a second time. */
START_TEST(a_set_is_repeated)
{
	static const char *const names[] = { "thread-churn#1",	  "thread-churn#2",
					     "thread-churn#3",	  "nonexistent-pid#1",
					     "nonexistent-pid#2", "nonexistent-pid#3" };
	kt_autoscenarioset struct kt_scenario_set set = KT_SCENARIO_SET_INIT;
	kt_autobuf struct kt_buf dir = KT_BUF_INIT;

	kt_buf_printf(&dir, "%s/scenarios", getenv("top_srcdir"));
	KT_OK(kt_scenario_set_add(&set, kt_buf_text(&dir), "thread-churn"));
	KT_OK(kt_scenario_set_add(&set, kt_buf_text(&dir), "nonexistent-pid"));
	KT_FAILS(kt_scenario_set_repeat(&set, KT_SCENARIO_SET_MAX / 2 + 1), KT_ERROR_USAGE,
		 "2 scenarios 2049 times are more than 4096");
	ck_assert_uint_eq(set.count, 2);
	ck_assert_str_eq(set.scenarios[0]->name, "thread-churn");
	KT_OK(kt_scenario_set_repeat(&set, 3));
	ck_assert_uint_eq(set.count, 6);
	for (size_t i = 0; i < 6; i++) {
		const struct kt_scenario *first = set.scenarios[i / 3 * 3];

		ck_assert_str_eq(set.scenarios[i]->name, names[i]);
		/* Checks point into the probes, and these at workers. */
		ck_assert_ptr_eq(set.scenarios[i]->probes, first->probes);
		ck_assert_ptr_eq(set.scenarios[i]->checks, first->checks);
		ck_assert_uint_eq(set.scenarios[i]->memory_mib, first->memory_mib);
	}
}
END_TEST

START_TEST(the_most_that_can_be_repeated)
{
	kt_autoscenarioset struct kt_scenario_set set = KT_SCENARIO_SET_INIT;
	kt_autobuf struct kt_buf dir = KT_BUF_INIT;

	KT_OK(kt_scenario_set_repeat(&set, 7));
	ck_assert_uint_eq(set.count, 0);
	kt_buf_printf(&dir, "%s/scenarios", getenv("top_srcdir"));
	KT_OK(kt_scenario_set_add(&set, kt_buf_text(&dir), "nonexistent-pid"));
	KT_OK(kt_scenario_set_repeat(&set, KT_SCENARIO_SET_MAX));
	ck_assert_uint_eq(set.count, KT_SCENARIO_SET_MAX);
	ck_assert_str_eq(set.scenarios[KT_SCENARIO_SET_MAX - 1]->name, "nonexistent-pid#4096");
	KT_FAILS(kt_scenario_set_add(&set, kt_buf_text(&dir), "thread-churn"), KT_ERROR_USAGE,
		 "more than 4096");
}
END_TEST

START_TEST(the_constants_are_those_of_the_contract)
{
	kt_autoscenarioset struct kt_scenario_set set = KT_SCENARIO_SET_INIT;
	const struct kt_scenario *known = load(&set, "known-allocation");
	const struct kt_scenario *pid = load(&set, "nonexistent-pid");
	const struct kt_scenario *churn = load(&set, "thread-churn");
	const struct kt_scenario *many = load(&set, "multi-snapshot-monotone");

	ck_assert_str_eq(known->workers[0].command[1], "16777216");
	ck_assert_uint_eq(known->workers[0].ready_timeout_ms, 5000);
	ck_assert(known->workers[0].ready_marker);
	ck_assert(find_check(known, "allocated")->min == 16777216);
	ck_assert(find_check(known, "allocated")->max == 16777216 + 4194304);
	ck_assert(find_check(known, "deallocated")->max == 1048576 - 1);
	ck_assert(find_check(known, "deallocated")->if_present);
	ck_assert(find_check(known, "thread_count")->min == 1);

	ck_assert_uint_eq(pid->probes[0].pid, 999999999);
	ck_assert_ptr_null(pid->probes[0].target);
	ck_assert(find_check(pid, "exit_code")->min == 1 && find_check(pid, "exit_code")->max == 1);
	ck_assert(find_check(pid, "metric_count")->max == 0);

	ck_assert_uint_eq(kt_topology_cpu_count(&churn->topology), 4);
	ck_assert_uint_eq(churn->probes[0].repeat, 10);
	ck_assert_str_eq(churn->workers[0].command[1], "--churn");
	ck_assert_str_eq(churn->workers[0].command[2], "1048576");
	ck_assert(find_check(churn, "two-threads-seen")->min == 2);
	ck_assert_int_eq(find_check(churn, "two-threads-seen")->snapshots, KT_CHECK_ANY);

	ck_assert_uint_eq(many->probes[0].snapshots, 3);
	ck_assert_uint_eq(many->probes[0].interval_ms, 50);
	ck_assert(find_check(many, "snapshot_count")->min == 3);
	ck_assert(find_check(many, "allocated")->max == 20971520);
	for (size_t i = 0; i < set.count; i++)
		(void)find_check(set.scenarios[i], "exit_code");
}
END_TEST

/* Changes some bytes of a shipped file; what comes out must be taken or refused cleanly. */
START_TEST(mutated_files_do_no_harm)
{
	kt_autobuf struct kt_buf path = KT_BUF_INIT;
	kt_autobuf struct kt_buf good = KT_BUF_INIT;
	unsigned int seed = 4711U + (unsigned int)_i;
	size_t refused_count = 0;

	scenarios_dir(&path);
	kt_buf_puts(&path, "/known-allocation.json");
	KT_OK(kt_file_read(kt_buf_text(&path), KT_SCENARIO_MAX_FILE_BYTES, &good));
	for (int round = 0; round < 300; round++) {
		kt_autofree char *text = malloc(good.len);
		size_t len = rand_r(&seed) % 4 ? good.len : (size_t)rand_r(&seed) % good.len;

		ck_assert_ptr_nonnull(text);
		memcpy(text, good.data, good.len);
		for (int change = rand_r(&seed) % 3; change >= 0; change--)
			text[(size_t)rand_r(&seed) % good.len] =
				"\"{}[],:0919atx\\\xff\n"[rand_r(&seed) % 17];
		kt_autoscenario struct kt_scenario *scenario = NULL;
		struct kt_error *err = kt_scenario_parse(text, len, "f.json", &scenario);
		if (err) {
			ck_assert_int_eq(kt_error_class(err), KT_ERROR_USAGE);
			ck_assert(!strncmp(kt_error_message(err), "f.json:", 7));
		}
		refused_count += err != NULL;
		kt_error_destroy(err);
	}
	ck_assert_uint_gt(refused_count, 0);
}
END_TEST

START_TEST(a_set_is_multiplied)
{
	static const char *const labels[] = { "6.1", "6.2", "6.3" };
	static const char *const names[] = {
		"known-allocation@6.1",
		"known-allocation@6.2",
		"known-allocation@6.3",
		"x@6.1#2",
		"x@6.2#2",
		"x@6.3#2",
	};
	kt_autoscenarioset struct kt_scenario_set set = KT_SCENARIO_SET_INIT;
	kt_autobuf struct kt_buf dir = KT_BUF_INIT;

	scenarios_dir(&dir);
	KT_OK(kt_scenario_set_add(&set, kt_buf_text(&dir), "known-allocation"));
	KT_OK(kt_scenario_set_add(&set, kt_buf_text(&dir), "nonexistent-pid"));
	KT_OK(kt_scenario_rename(set.scenarios[1], "x#2"));
	KT_OK(kt_scenario_set_multiply(&set, labels, 3));
	ck_assert_uint_eq(set.count, 6);
	for (size_t i = 0; i < set.count; i++) {
		ck_assert_str_eq(set.scenarios[i]->name, names[i]);
		ck_assert_ptr_eq(set.scenarios[i]->checks, set.scenarios[i / 3 * 3]->checks);
	}
	/* What is added to them later is one more. */
	KT_OK(kt_scenario_set_add(&set, kt_buf_text(&dir), "known-allocation"));
	ck_assert_uint_eq(set.count, 7);
	while (set.count * 3 <= KT_SCENARIO_SET_MAX)
		KT_OK(kt_scenario_set_multiply(&set, labels, 3));
	KT_FAILS(kt_scenario_set_multiply(&set, labels, 3), KT_ERROR_USAGE, "more than 4096");
}
END_TEST

static Suite *suite(void)
{
	Suite *scenario = suite_create("scenario");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, defaults_are_filled_in);
	tcase_add_test(tests, many_cpus_get_more_time_and_memory);
	tcase_add_test(tests, a_worker_may_bring_more);
	tcase_add_test(tests, a_probe_may_be_asked_for_more);
	tcase_add_loop_test(tests, what_is_wrong_is_refused_with_its_place, 0,
			    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tests, a_file_that_is_none_is_refused);
	tcase_add_test(tests, built_ins_are_complete);
	tcase_add_test(tests, a_directory_of_built_ins_stands_for_its_files);
	tcase_add_test(tests, a_set_is_repeated);
	tcase_add_test(tests, the_most_that_can_be_repeated);
	tcase_add_test(tests, a_set_is_multiplied);
	tcase_add_test(tests, the_constants_are_those_of_the_contract);
	tcase_add_loop_test(tests, mutated_files_do_no_harm, 0, 8);
	suite_add_tcase(scenario, tests);
	return scenario;
}

KT_UNIT_MAIN
