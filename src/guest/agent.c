/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "guest/agent_state.h"

/* How often a host hears from an idle agent. */
#define KT_BEAT_NS KT_NS_PER_SEC
/* Contract section 6: the marker is looked for every 10 ms. */
#define KT_AWAIT_POLL_NS (10 * KT_NS_PER_MS)
/* How long an end may take: killed processes, their pipes, the last bytes to the host. */
#define KT_SHUTDOWN_NS (2 * KT_NS_PER_SEC)

enum {
	PORT_SLOT,
	SIGNAL_SLOT,
	FIRST_PIPE_SLOT
};

/* Of a process: its output, and its input. */
enum {
	PROCESS_SLOT_COUNT = KT_STREAM_COUNT + 1
};

struct slots {
	struct pollfd fds[FIRST_PIPE_SLOT + KT_AGENT_MAX_PROCESSES * PROCESS_SLOT_COUNT];
	nfds_t count;
};

struct kt_error *kt_agent_create(int port_fd, const struct kt_agent_hooks *hooks,
				 struct kt_agent **ret)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &child, NULL))
		return kt_error_create(KT_ERROR_IO, errno, "block SIGCHLD");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)fcntl(port_fd, F_SETFL, O_NONBLOCK);
	struct kt_agent *agent = calloc(1, sizeof(*agent));
	if (!agent)
		return kt_error_no_memory();
	agent->port_fd = port_fd;
	agent->hooks = hooks;
	agent->signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (agent->signal_fd < 0) {
		free(agent);
		return kt_error_create(KT_ERROR_IO, errno, "signalfd");
	}
	*ret = agent;
	return NULL;
}

static void drop_process(struct kt_agent *agent, struct kt_process **slot)
{
	struct kt_process *process = *slot;

	*slot = process->next;
	agent->process_count--;
	kt_process_destroy(process);
}

void kt_agent_destroy(struct kt_agent *agent)
{
	if (!agent)
		return;
	while (agent->processes)
		drop_process(agent, &agent->processes);
	(void)close(agent->signal_fd);
	kt_buf_deinit(&agent->in);
	kt_buf_deinit(&agent->out);
	free(agent);
}

/*
 * Waits until the port takes bytes; @ret_gone when the host has closed it.  A plain write
 * to a virtio port without a host would block for ever.
 */
static struct kt_error *wait_writable(const struct kt_agent *agent, bool *ret_gone)
{
	struct pollfd slot = { .fd = agent->port_fd, .events = POLLOUT };

	while (poll(&slot, 1, -1) < 0)
		if (errno != EINTR)
			return kt_error_create(KT_ERROR_IO, errno, "poll");
	*ret_gone = slot.revents & (POLLHUP | POLLERR);
	return NULL;
}

/* Sends all of agent->out.  The port blocks while the host does not read: back-pressure. */
static struct kt_error *flush(struct kt_agent *agent, bool *ret_gone)
{
	size_t done = 0;

	KT_TRY(kt_buf_error(&agent->out));
	while (done < agent->out.len && !*ret_gone) {
		KT_TRY(wait_writable(agent, ret_gone));
		if (*ret_gone)
			break;
		ssize_t put = write(agent->port_fd, agent->out.data + done, agent->out.len - done);
		if (put < 0 && errno == EPIPE)
			*ret_gone = true;
		else if (put < 0 && errno != EINTR && errno != EAGAIN)
			return kt_error_create(KT_ERROR_IO, errno, "port: write");
		done += put > 0 ? (size_t)put : 0;
	}
	kt_buf_reset(&agent->out);
	return NULL;
}

/*
 * Reaps every child that has ended, ours and (as PID 1) orphans.  The peek with WNOWAIT
 * tells whose end it is before anybody's status is taken.  Of several that have ended the
 * kernel gives the oldest child first, so a probe that ended because its target had comes behind it.
 */
static void reap(struct kt_agent *agent)
{
	siginfo_t info = { 0 };
	struct rusage usage;
	int status;

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid) {
		if (wait4(info.si_pid, &status, WNOHANG, &usage) != info.si_pid)
			return;
		for (struct kt_process *p = agent->processes; p; p = p->next)
			if (p->pid == info.si_pid && !p->ended)
				kt_process_set_ended(p, ++agent->end_count, status, &usage,
						     kt_clock_mono_ns());
		info.si_pid = 0;
	}
}

static void end_wait(struct kt_agent *agent, struct kt_process *process, const char *outcome)
{
	free(KT_TAKE(process->awaited_path));
	kt_agent_say_awaited(agent, process->id, outcome);
}

/* Contract section 6: existence only, and the process must still live once it is there. */
static void look_for_awaited(struct kt_agent *agent, struct kt_process *process, uint64_t now_ns)
{
	bool found = !access(process->awaited_path, F_OK);

	reap(agent);
	if (process->ended)
		end_wait(agent, process, "ended");
	else if (found)
		end_wait(agent, process, "found");
	else if (now_ns >= process->await_until_ns)
		end_wait(agent, process, "timeout");
}

/* Ends are told in the order in which they came, though the pipes of one are empty before another's. */
static bool is_first_to_end(const struct kt_agent *agent, const struct kt_process *process)
{
	for (const struct kt_process *p = agent->processes; p; p = p->next)
		if (p->ended && p->end_number < process->end_number)
			return false;
	return true;
}

/* Tells the next end, if there is one that can be told. */
static bool tell_an_end(struct kt_agent *agent, uint64_t now_ns)
{
	for (struct kt_process **slot = &agent->processes; *slot; slot = &(*slot)->next)
		if (kt_process_is_finished(*slot, now_ns) && is_first_to_end(agent, *slot)) {
			kt_agent_say_ended(agent, *slot);
			drop_process(agent, slot);
			return true;
		}
	return false;
}

static void serve_processes(struct kt_agent *agent)
{
	uint64_t now_ns = kt_clock_mono_ns();

	for (struct kt_process *p = agent->processes; p; p = p->next)
		if (p->awaited_path)
			look_for_awaited(agent, p, now_ns);
	while (tell_an_end(agent, now_ns))
		continue;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int poll_timeout_ms(const struct kt_agent *agent)
{
	uint64_t now_ns = kt_clock_mono_ns();
	uint64_t until_ns = agent->next_beat_ns;

	for (const struct kt_process *p = agent->processes; p; p = p->next) {
		if (p->awaited_path)
			until_ns = earlier(until_ns, now_ns + KT_AWAIT_POLL_NS);
		if (p->ended && !kt_process_is_held_up(p))
			until_ns = earlier(until_ns, p->drain_until_ns);
	}
	if (agent->is_frozen)
		return -1; /* only a wake, or the port's end, matters */
	if (until_ns <= now_ns)
		return 0;
	return (int)((until_ns - now_ns + KT_NS_PER_MS - 1) / KT_NS_PER_MS);
}

static void fill_slots(const struct kt_agent *agent, struct slots *slots)
{
	slots->fds[PORT_SLOT] = (struct pollfd){ .fd = agent->port_fd, .events = POLLIN };
	slots->fds[SIGNAL_SLOT] = (struct pollfd){ .fd = agent->signal_fd, .events = POLLIN };
	slots->count = FIRST_PIPE_SLOT;
	for (const struct kt_process *p = agent->processes; p; p = p->next) {
		for (int i = 0; i < KT_STREAM_COUNT; i++) {
			int fd = kt_process_is_readable(p, (enum kt_stream)i) ? p->fds[i] : -1;
			slots->fds[slots->count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
		int input_fd = kt_process_has_input(p) ? p->input_fd : -1;
		slots->fds[slots->count++] = (struct pollfd){ .fd = input_fd, .events = POLLOUT };
	}
}

static void feed(struct kt_agent *agent, struct kt_process *process)
{
	kt_process_feed(process);
	size_t taken = kt_process_tell_taken(process);
	if (taken)
		kt_agent_say_taken(agent, process, taken);
}

/* The processes stand in the order in which fill_slots() saw them. */
static void move_bytes(struct kt_agent *agent, const struct slots *slots)
{
	nfds_t at = FIRST_PIPE_SLOT;

	for (struct kt_process *p = agent->processes; p; p = p->next) {
		for (int i = 0; i < KT_STREAM_COUNT; i++)
			if (slots->fds[at++].revents && p->fds[i] >= 0)
				kt_process_forward(p, (enum kt_stream)i, &agent->out);
		if (slots->fds[at++].revents)
			feed(agent, p);
	}
}

static struct kt_error *handle_frames(struct kt_agent *agent)
{
	struct kt_frame frame;
	size_t used;
	size_t done = 0;

	for (;;) {
		KT_TRY(kt_frame_decode(kt_buf_text(&agent->in) + done, agent->in.len - done, &frame,
				       &used));
		if (!used)
			break;
		if (frame.type == KT_FRAME_OUTPUT)
			return kt_error_create(KT_ERROR_PROTOCOL, 0,
					       "the host sent an output frame");
		if (frame.type == KT_FRAME_INPUT)
			KT_TRY(kt_agent_take_input(agent, &frame));
		else
			KT_TRY(kt_agent_handle(agent, frame.payload, frame.len));
		done += used;
	}
	kt_buf_consume(&agent->in, done);
	return NULL;
}

/* Reads what the host sent; @ret_gone when it has closed the port. */
static struct kt_error *serve_port(struct kt_agent *agent, bool *ret_gone)
{
	if (!kt_buf_reserve(&agent->in, KT_FRAME_MAX_BYTES))
		return kt_error_no_memory();
	ssize_t got = read(agent->port_fd, agent->in.data + agent->in.len, KT_FRAME_MAX_BYTES);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return NULL;
	if (got < 0)
		return kt_error_create(KT_ERROR_IO, errno, "port: read");
	if (!got) {
		*ret_gone = true;
		return NULL;
	}
	agent->in.len += (size_t)got;
	agent->in.data[agent->in.len] = '\0';
	return handle_frames(agent);
}

static void drain_signals(const struct kt_agent *agent)
{
	struct signalfd_siginfo info;

	while (read(agent->signal_fd, &info, sizeof(info)) > 0)
		;
}

static void beat(struct kt_agent *agent)
{
	uint64_t now_ns = kt_clock_mono_ns();

	if (now_ns < agent->next_beat_ns || agent->is_frozen)
		return;
	kt_agent_say_beat(agent);
	agent->next_beat_ns = now_ns + KT_BEAT_NS;
}

/* One turn: wait, read, act, answer. */
static struct kt_error *turn(struct kt_agent *agent, bool *ret_gone)
{
	struct slots slots;

	fill_slots(agent, &slots);
	if (poll(slots.fds, slots.count, poll_timeout_ms(agent)) < 0 && errno != EINTR)
		return kt_error_create(KT_ERROR_IO, errno, "poll");
	move_bytes(agent, &slots);
	drain_signals(agent);
	reap(agent);
	serve_processes(agent);
	if (slots.fds[PORT_SLOT].revents)
		KT_TRY(serve_port(agent, ret_gone));
	beat(agent);
	return *ret_gone ? NULL : flush(agent, ret_gone);
}

static void kill_all(struct kt_agent *agent)
{
	for (const struct kt_process *p = agent->processes; p; p = p->next)
		kt_process_kill(p, SIGKILL);
}

/* After "exit": the last output and ends are told, within a deadline. */
static struct kt_error *wind_up(struct kt_agent *agent, bool *ret_gone)
{
	uint64_t until_ns = kt_clock_mono_ns() + KT_SHUTDOWN_NS;

	kill_all(agent);
	while (agent->processes && !*ret_gone && kt_clock_mono_ns() < until_ns)
		KT_TRY(turn(agent, ret_gone));
	if (*ret_gone)
		return NULL;
	kt_agent_say_bye(agent);
	return flush(agent, ret_gone);
}

struct kt_error *kt_agent_run(struct kt_agent *agent, enum kt_agent_end *ret_end)
{
	bool gone = false;
	struct kt_error *err = NULL;

	agent->hooks->read_shape(&agent->shape);
	agent->next_beat_ns = kt_clock_mono_ns() + KT_BEAT_NS;
	kt_agent_say_hello(agent);
	err = flush(agent, &gone);
	while (!err && !gone && !agent->exit_asked)
		err = turn(agent, &gone);
	if (!err && !gone)
		err = wind_up(agent, &gone);
	kill_all(agent);
	if (!err)
		*ret_end = gone ? KT_AGENT_HOST_GONE : KT_AGENT_EXIT;
	return err;
}
