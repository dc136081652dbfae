/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/agent_state.h"

#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/json_write.h"

/* A message being written: {"say": WHAT, ...}. */
struct saying {
	struct kt_buf text;
	struct kt_json_writer json;
};

static void saying_begin(struct saying *saying, const char *what)
{
	saying->text = KT_BUF_INIT;
	kt_json_writer_init(&saying->json, &saying->text, 0);
	kt_json_object_begin(&saying->json);
	kt_json_key(&saying->json, "say");
	kt_json_string(&saying->json, what);
}

static void put_u64(struct saying *saying, const char *key, uint64_t value)
{
	kt_json_key(&saying->json, key);
	kt_json_u64(&saying->json, value);
}

static void put_string(struct saying *saying, const char *key, const char *value)
{
	kt_json_key(&saying->json, key);
	kt_json_string(&saying->json, value);
}

static void saying_end(struct saying *saying, struct kt_agent *agent)
{
	kt_json_object_end(&saying->json);
	if (saying->text.failed)
		agent->out.failed = true;
	else
		kt_frame_put_message(&agent->out, saying->text.data, saying->text.len);
	kt_buf_deinit(&saying->text);
}

void kt_agent_say_hello(struct kt_agent *agent)
{
	struct saying saying;
	struct utsname name = { .release = "" };

	(void)uname(&name);
	saying_begin(&saying, "hello");
	put_u64(&saying, "protocol", KT_PROTOCOL_VERSION);
	put_string(&saying, "release", name.release);
	put_u64(&saying, "mono_ns", kt_clock_mono_ns());
	put_u64(&saying, "real_ns", kt_clock_real_ns());
	saying_end(&saying, agent);
}

/* What is unknown is left out. */
static void put_shape(struct saying *saying, const struct kt_agent *agent)
{
	const struct kt_shape shape = agent->shape;
	const struct {
		const char *key;
		uint32_t value;
	} parts[] = {
		{ "cpus", shape.cpus },	      { "numa_nodes", shape.numa_nodes },
		{ "llcs", shape.llcs },	      { "cores", shape.cores },
		{ "threads", shape.threads },
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].value)
			put_u64(saying, parts[i].key, parts[i].value);
}

void kt_agent_say_ready(struct kt_agent *agent, const char *problem)
{
	struct saying saying;

	saying_begin(&saying, "ready");
	put_u64(&saying, "mono_ns", kt_clock_mono_ns());
	put_u64(&saying, "real_ns", kt_clock_real_ns());
	put_shape(&saying, agent);
	if (problem)
		put_string(&saying, "problem", problem);
	saying_end(&saying, agent);
}

void kt_agent_say_started(struct kt_agent *agent, const struct kt_process *process)
{
	struct saying saying;

	saying_begin(&saying, "started");
	put_u64(&saying, "id", process->id);
	put_u64(&saying, "pid", (uint64_t)process->pid);
	saying_end(&saying, agent);
}

void kt_agent_say_failed(struct kt_agent *agent, uint32_t id, const char *why)
{
	struct saying saying;

	saying_begin(&saying, "failed");
	put_u64(&saying, "id", id);
	put_string(&saying, "why", why);
	saying_end(&saying, agent);
}

void kt_agent_say_awaited(struct kt_agent *agent, uint32_t id, const char *outcome)
{
	struct saying saying;

	saying_begin(&saying, "awaited");
	put_u64(&saying, "id", id);
	put_string(&saying, "outcome", outcome);
	saying_end(&saying, agent);
}

void kt_agent_say_taken(struct kt_agent *agent, const struct kt_process *process, size_t len)
{
	struct saying saying;

	saying_begin(&saying, "taken");
	put_u64(&saying, "id", process->id);
	put_u64(&saying, "bytes", len);
	saying_end(&saying, agent);
}

static uint64_t timeval_ns(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * KT_NS_PER_SEC + (uint64_t)time->tv_usec * KT_NS_PER_US;
}

void kt_agent_say_ended(struct kt_agent *agent, const struct kt_process *process)
{
	struct saying saying;

	saying_begin(&saying, "ended");
	put_u64(&saying, "id", process->id);
	if (WIFEXITED(process->status))
		put_u64(&saying, "exit_code", (uint64_t)WEXITSTATUS(process->status));
	else
		put_u64(&saying, "signal", (uint64_t)WTERMSIG(process->status));
	put_u64(&saying, "stdout_bytes", process->sent_bytes[KT_STREAM_STDOUT]);
	put_u64(&saying, "stderr_bytes", process->sent_bytes[KT_STREAM_STDERR]);
	put_u64(&saying, "stdout_dropped_bytes", process->dropped_bytes[KT_STREAM_STDOUT]);
	put_u64(&saying, "stderr_dropped_bytes", process->dropped_bytes[KT_STREAM_STDERR]);
	put_u64(&saying, "user_ns", timeval_ns(&process->usage.ru_utime));
	put_u64(&saying, "system_ns", timeval_ns(&process->usage.ru_stime));
	saying_end(&saying, agent);
}

void kt_agent_say_beat(struct kt_agent *agent)
{
	struct saying saying;

	saying_begin(&saying, "beat");
	put_u64(&saying, "mono_ns", kt_clock_mono_ns());
	saying_end(&saying, agent);
}

void kt_agent_say_frozen(struct kt_agent *agent, const char *problem)
{
	struct saying saying;

	saying_begin(&saying, "frozen");
	if (problem)
		put_string(&saying, "problem", problem);
	saying_end(&saying, agent);
}

void kt_agent_say_bye(struct kt_agent *agent)
{
	struct saying saying;

	saying_begin(&saying, "bye");
	saying_end(&saying, agent);
}
