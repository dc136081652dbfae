/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/guest/host.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/agent.h"

struct host host;

static struct kt_link host_link;

static struct kt_error *fake_clock(uint64_t real_ns)
{
	if (real_ns == 13)
		return kt_error_create(KT_ERROR_IO, 0, "no clock");
	return NULL;
}

static struct kt_error *fake_entropy(const unsigned char *seed, size_t len)
{
	if (len != KT_SEED_BYTES || seed[0] != 0xab || seed[KT_SEED_BYTES - 1] != 0xcd)
		return kt_error_create(KT_ERROR_IO, 0, "another seed");
	return NULL;
}

static struct kt_error *fake_scatter(void)
{
	return NULL;
}

/* Sweeping what a test says must not be swept fails. */
static struct kt_error *fake_sweep(void)
{
	return unlink(kt_buf_text(&host.swept)) ? kt_error_create(KT_ERROR_IO, errno, "sweep")
						: NULL;
}

static void fake_shape(struct kt_shape *ret)
{
	*ret = (struct kt_shape){ .cpus = 8, .numa_nodes = 2, .cores = 4, .threads = 3 };
}

static void put_count(struct kt_opt_u64 count)
{
	if (count.known)
		kt_buf_printf(&host.transcript, " %u", (unsigned)count.value);
	else
		kt_buf_puts(&host.transcript, " ?");
}

static void on_message(void *ctx, const struct kt_link_message *message)
{
	static const char *const names[] = { "hello",	"ready",  "started", "failed",
					     "awaited", "output", "ended",   "beat",
					     "frozen",	"bye",	  "taken" };

	(void)ctx;
	if (message->kind == KT_LINK_OUTPUT) {
		kt_buf_append(&host.output[message->stream], message->bytes, message->len);
		return;
	}
	if (message->kind == KT_LINK_BEAT) {
		host.beat_count++;
		return;
	}
	if (message->kind == KT_LINK_TAKEN) {
		host.taken_bytes += message->len;
		return;
	}
	kt_buf_printf(&host.transcript, "%s", names[message->kind]);
	if (message->id)
		kt_buf_printf(&host.transcript, " %u", message->id);
	if (message->kind == KT_LINK_STARTED)
		host.last_pid = message->pid;
	if (message->kind == KT_LINK_ENDED)
		kt_buf_printf(&host.transcript, " %s %u dropped %u",
			      message->is_signal ? "signal" : "code", (unsigned)message->status,
			      (unsigned)message->dropped_bytes[KT_STREAM_STDOUT]);
	if (message->kind == KT_LINK_AWAITED || message->kind == KT_LINK_FAILED ||
	    message->kind == KT_LINK_READY || message->kind == KT_LINK_FROZEN)
		kt_buf_printf(&host.transcript, " %s", message->text);
	if (message->kind == KT_LINK_READY) {
		put_count(message->seen.cpus);
		put_count(message->seen.numa_nodes);
		put_count(message->seen.llcs);
		put_count(message->seen.cores);
		put_count(message->seen.threads);
	}
	kt_buf_putc(&host.transcript, '\n');
}

static _Noreturn void run_agent(int fd)
{
	static const struct kt_agent_hooks hooks = { fake_clock, fake_entropy, fake_scatter,
						     fake_sweep, fake_shape };
	struct kt_agent *agent;
	enum kt_agent_end end = KT_AGENT_EXIT;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	struct kt_error *err = kt_agent_create(fd, &hooks, &agent);
	if (!err)
		err = kt_agent_run(agent, &end);
	_exit(err ? 10 + (int)kt_error_class(err) : (int)end);
}

void host_start_agent(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	host.agent_pid = fork();
	if (!host.agent_pid) {
		(void)close(pair[0]);
		run_agent(pair[1]);
	}
	(void)close(pair[1]);
	host.port = pair[0];
	kt_link_init(&host_link, on_message, NULL);
}

/* Reads what the agent says next; @what is waited for, NULL: the end. */
void host_read_more(const char *what, uint64_t until_ns)
{
	struct pollfd slot = { .fd = host.port, .events = POLLIN };
	char bytes[65536];

	ck_assert_msg(kt_clock_mono_ns() < until_ns, "no '%s' in:\n%s", what,
		      kt_buf_text(&host.transcript));
	if (poll(&slot, 1, 100) <= 0)
		return;
	ssize_t got = read(host.port, bytes, sizeof(bytes));
	host.port_gone = got <= 0;
	ck_assert_msg(got > 0 || !what, "the agent is gone before '%s':\n%s", what,
		      kt_buf_text(&host.transcript));
	if (got > 0)
		KT_OK(kt_link_feed(&host_link, bytes, (size_t)got));
}

/* Reads until the host.transcript contains @part, or the port is closed (with @part NULL). */
void host_read_until(const char *part)
{
	uint64_t until_ns = kt_clock_mono_ns() + HOST_DEADLINE_NS;

	while (part ? !strstr(kt_buf_text(&host.transcript), part) : !host.port_gone)
		host_read_more(part, until_ns);
}

/* Reads until @stream has @len bytes. */
void host_read_bytes(enum kt_stream stream, size_t len)
{
	uint64_t until_ns = kt_clock_mono_ns() + HOST_DEADLINE_NS;

	while (host.output[stream].len < len)
		host_read_more("more output", until_ns);
}

/* Reads until stdout contains @part. */
void host_read_output(const char *part)
{
	uint64_t until_ns = kt_clock_mono_ns() + HOST_DEADLINE_NS;

	while (!strstr(kt_buf_text(&host.output[KT_STREAM_STDOUT]), part))
		host_read_more(part, until_ns);
}

/* Reads until the agent has said @count times that it lives, a second each. */
void host_read_beats(unsigned count)
{
	uint64_t until_ns = kt_clock_mono_ns() + HOST_DEADLINE_NS;

	for (count += host.beat_count; host.beat_count < count;)
		host_read_more("a beat", until_ns);
}

void host_send_and_free(struct kt_buf *bytes)
{
	ck_assert_int_eq(write(host.port, bytes->data, bytes->len), (ssize_t)bytes->len);
	kt_buf_deinit(bytes);
}

void host_spawn(uint32_t id, const char *script, uint64_t limit_bytes)
{
	struct kt_buf bytes = KT_BUF_INIT;
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };

	kt_link_put_spawn(&bytes, id, argv, NULL, limit_bytes);
	host_send_and_free(&bytes);
}

void host_spawn_with_input(uint32_t id, const char *script, const struct kt_terminal *terminal)
{
	struct kt_buf bytes = KT_BUF_INIT;
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };

	kt_link_put_spawn_with_input(&bytes, id, argv, terminal);
	host_send_and_free(&bytes);
}

void host_send_input(uint32_t id, const char *input, size_t len)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_frame_put_input(&bytes, id, input, len);
	host_send_and_free(&bytes);
}

void host_send_taken(uint32_t id, enum kt_stream stream, size_t len)
{
	struct kt_buf bytes = KT_BUF_INIT;

	kt_link_put_taken(&bytes, id, stream, len);
	host_send_and_free(&bytes);
}

int host_agent_status(void)
{
	int status;

	ck_assert_int_eq(waitpid(host.agent_pid, &status, 0), host.agent_pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}
