/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vmm/herd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "vmm/accel/tsc.h"

#define DEADLINE_NS	   (120 * KT_NS_PER_SEC)
#define OUTPUT_LIMIT_BYTES (16 << 20)
#define COMMAND_ID	   1
/* How long a QEMU has to do nothing to be one that rests: some ticks of its CPU time. */
#define REST_MS 100

struct member {
	struct herd_run *run;
	struct kt_guest *guest;
	struct kt_herd_guest *result;
	bool is_ready;
	bool is_over;
};

struct herd_run {
	struct member *members;
	unsigned count;
	unsigned waiting; /* neither ready nor over */
	uint64_t started_ns;
	uint64_t all_ready_ns;
	const char *argument;
};

struct kt_error *kt_herd_init(struct kt_herd *herd, const char *init, const char *program)
{
	kt_autoimage struct kt_image *image = NULL;

	*herd = (struct kt_herd){ .kernel.elf_fd = -1,
				  .image_fd = -1,
				  .template = KT_TEMPLATE_INIT };
	if (uv_loop_init(&herd->loop))
		return kt_error_no_memory();
	KT_TRY(kt_qemu_info_find(&herd->qemu));
	KT_TRY(kt_kernel_find(NULL, &herd->kernel));
	herd->tsc_khz = kt_tsc_measure("/proc/cpuinfo").khz;
	KT_TRY(kt_image_create(&image));
	KT_TRY(kt_image_add_program(image, init, "/init", 0755));
	KT_TRY(kt_image_add_program(image, program, "/bin/command", 0755));
	return kt_image_finish(image, &herd->image_fd, &herd->image_bytes);
}

void kt_herd_guest_deinit(struct kt_herd_guest *guest)
{
	kt_buf_deinit(&guest->out);
	kt_buf_deinit(&guest->detail);
}

void kt_herd_deinit(struct kt_herd *herd)
{
	kt_template_deinit(&herd->template);
	if (herd->image_fd >= 0)
		(void)close(herd->image_fd);
	kt_kernel_deinit(&herd->kernel);
	kt_qemu_info_deinit(&herd->qemu);
	(void)uv_loop_close(&herd->loop);
}

static struct kt_machine_programs programs_of(const struct kt_herd *herd)
{
	return (struct kt_machine_programs){
		.setpriv = herd->qemu.setpriv_path,
		.qemu = herd->qemu.path,
		.parent_pid = getpid(),
	};
}

static struct kt_qemu_config qemu_of(const struct kt_herd *herd, char *const *argv, int state_fd)
{
	return (struct kt_qemu_config){
		.argv = argv,
		.kernel_fd = -1,
		.initrd_fd = -1,
		.state_fd = state_fd,
		.memory_fds = herd->template.memory_fds,
		.memory_count = herd->template.memory_count,
	};
}

static void on_made(void *ctx, struct kt_template_maker *maker)
{
	(void)ctx;
	(void)maker;
}

struct kt_error *kt_herd_make_template(struct kt_herd *herd, const struct kt_topology *topology)
{
	kt_autoarguments struct kt_arguments arguments = { 0 };
	struct kt_machine_programs programs = programs_of(herd);
	const struct kt_machine_boot boot = { .kernel_fd = KT_QEMU_FD_KERNEL,
					      .initrd_fd = KT_QEMU_FD_INITRD,
					      .tsc_khz = herd->tsc_khz };
	struct kt_template_maker *maker;

	kt_template_deinit(&herd->template);
	herd->machine = (struct kt_machine){
		.topology = *topology,
		.memory_mib = kt_machine_memory_mib(topology, herd->image_bytes),
		.tcg_multi_thread = herd->qemu.tcg_multi_thread,
		.agent_port = KT_PORT_NAME,
		.qmp_fd = KT_QEMU_FD_QMP,
		.agent_fd = KT_QEMU_FD_AGENT,
		.console_fd = KT_QEMU_FD_CONSOLE,
		.memory = KT_MEMORY_SHARED,
		.memory_fd = KT_QEMU_FD_MEMORY,
	};
	KT_TRY(kt_machine_boot_arguments(&herd->machine, &boot, &programs, &arguments));
	const struct kt_template_maker_config config = {
		.machine = &herd->machine,
		.argv = arguments.argv,
		.kernel_fd = herd->kernel.elf_fd,
		.initrd_fd = herd->image_fd,
		.boot_timeout_ns = DEADLINE_NS,
		.silence_timeout_ns = DEADLINE_NS,
	};
	KT_TRY(kt_template_maker_create(&herd->loop, &config, on_made, NULL, &maker));
	kt_template_maker_start(maker);
	(void)uv_run(&herd->loop, UV_RUN_DEFAULT);
	struct kt_error *err = kt_template_maker_take(maker, &herd->template);
	kt_template_maker_destroy(maker);
	herd->machine.memory = KT_MEMORY_COPY_ON_WRITE;
	return err;
}

/* The number of KiB behind @name in smaps_rollup, as bytes. */
static uint64_t kib_of(const struct kt_buf *text, const char *name)
{
	const char *found = strstr(kt_buf_text(text), name);

	return found ? strtoull(found + strlen(name), NULL, 10) << 10 : 0;
}

static void measure(struct member *member)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", kt_guest_pid(member->guest));
	kt_error_destroy(kt_file_read(path, 1 << 16, &text));
	member->result->private_bytes =
		kib_of(&text, "Private_Clean:") + kib_of(&text, "Private_Dirty:");
	member->result->shared_bytes = kib_of(&text, "Rss:") - member->result->private_bytes;
}

/* Without a command the guests end when the last one is ready: so many live at once. */
static void count_down(struct herd_run *run)
{
	if (--run->waiting)
		return;
	run->all_ready_ns = kt_clock_mono_ns() - run->started_ns;
	if (run->argument)
		return;
	for (unsigned i = 0; i < run->count; i++)
		if (!run->members[i].is_over) {
			measure(&run->members[i]);
			kt_guest_finish(run->members[i].guest);
		}
}

static void on_ready(struct member *member)
{
	char *argv[] = { (char *)"command", (char *)member->run->argument, NULL };

	member->is_ready = true;
	member->result->hello_ns = kt_guest_boot_ns(member->guest);
	member->result->ready_ns = kt_guest_since_start_ns(member->guest);
	if (member->run->argument)
		kt_guest_spawn(member->guest, COMMAND_ID, argv, NULL, OUTPUT_LIMIT_BYTES);
	count_down(member->run);
}

static void on_state(void *ctx, struct kt_guest *guest)
{
	struct member *member = ctx;

	if (kt_guest_state(guest) == KT_GUEST_READY)
		on_ready(member);
	if (kt_guest_state(guest) != KT_GUEST_FAILED)
		return;
	member->is_over = true;
	member->result->reason = kt_guest_reason(guest);
	kt_buf_puts(&member->result->detail, kt_guest_detail(guest));
	if (!member->is_ready)
		count_down(member->run);
}

static void on_message(void *ctx, const struct kt_link_message *message)
{
	struct member *member = ctx;

	if (message->kind == KT_LINK_OUTPUT && message->stream == KT_STREAM_STDOUT)
		kt_buf_append(&member->result->out, message->bytes, message->len);
	if (message->kind != KT_LINK_ENDED)
		return;
	member->result->has_ended = true;
	member->result->status = message->status + (message->is_signal ? 128 : 0);
	measure(member);
	kt_guest_finish(member->guest);
}

static void on_stopped(void *ctx)
{
	(void)ctx;
}

/* ---- QEMUs that stand by ---- */

static const struct kt_qemu_handler no_handler = { 0 };

/* Nobody reads what they say, so that they have loaded shows in that they do nothing. */
static void await_rest(const struct kt_herd *herd)
{
	uint64_t last_ns = UINT64_MAX;

	for (;;) {
		uint64_t cpu_ns = 0;

		for (unsigned i = 0; i < herd->standby_count; i++) {
			struct kt_usage usage;
			kt_usage_read(kt_qemu_pid(herd->standbys[i]), &usage);
			cpu_ns += usage.cpu_ns.value;
		}
		if (cpu_ns == last_ns)
			return;
		last_ns = cpu_ns;
		(void)usleep(REST_MS * 1000);
	}
}

struct kt_error *kt_herd_stand_by(struct kt_herd *herd, unsigned count)
{
	struct kt_machine_programs programs = programs_of(herd);
	kt_autoarguments struct kt_arguments arguments = { 0 };

	KT_TRY(kt_machine_wake_arguments(&herd->machine, &programs, &arguments));
	for (unsigned i = 0; i < count; i++) {
		kt_autoclose int state_fd = -1;
		struct kt_qemu **slot = &herd->standbys[herd->standby_count];

		KT_TRY(kt_template_open_state(&herd->template, &state_fd));
		const struct kt_qemu_config config = qemu_of(herd, arguments.argv, state_fd);
		int status = kt_guest_stand_by(&herd->loop, &config, slot);
		if (status)
			return kt_error_create(KT_ERROR_ENVIRONMENT, 0, "%s", uv_strerror(status));
		kt_qemu_attach(*slot, &no_handler, NULL);
		herd->standby_count++;
	}
	await_rest(herd);
	return NULL;
}

/* ---- waking ---- */

static struct kt_error *start_member(struct kt_herd *herd, struct member *member, char *const *argv)
{
	static const struct kt_guest_handler handler = {
		.on_state = on_state,
		.on_message = on_message,
		.on_stopped = on_stopped,
	};
	kt_autoclose int state_fd = -1;

	KT_TRY(kt_template_open_state(&herd->template, &state_fd));
	const struct kt_guest_config config = {
		.qemu = qemu_of(herd, argv, state_fd),
		.boot_timeout_ns = DEADLINE_NS,
		.silence_timeout_ns = DEADLINE_NS,
	};
	KT_TRY(kt_guest_create(&herd->loop, &config, &handler, member, &member->guest));
	if (herd->standby_count)
		kt_guest_take_over(member->guest, herd->standbys[--herd->standby_count]);
	else
		kt_guest_start(member->guest);
	return NULL;
}

struct kt_error *kt_herd_wake(struct kt_herd *herd, unsigned count, const char *argument,
			      struct kt_herd_guest *guests)
{
	struct kt_machine_programs programs = programs_of(herd);
	kt_autoarguments struct kt_arguments arguments = { 0 };
	kt_autofree struct member *members = calloc(count, sizeof(*members));
	struct herd_run run = {
		.members = members,
		.count = count,
		.waiting = count,
		.argument = argument,
		.started_ns = kt_clock_mono_ns(),
	};
	struct kt_error *err = NULL;

	if (!members)
		return kt_error_no_memory();
	memset(guests, 0, count * sizeof(*guests));
	KT_TRY(kt_machine_wake_arguments(&herd->machine, &programs, &arguments));
	for (unsigned i = 0; !err && i < count; i++) {
		members[i] = (struct member){ .run = &run, .result = &guests[i] };
		err = start_member(herd, &members[i], arguments.argv);
	}
	for (unsigned i = 0; err && i < count; i++)
		if (members[i].guest)
			kt_guest_fail(members[i].guest, KT_REASON_CANCELLED, "");
	(void)uv_run(&herd->loop, UV_RUN_DEFAULT);
	for (unsigned i = 0; i < count; i++)
		kt_guest_destroy(members[i].guest);
	herd->all_ready_ns = run.all_ready_ns;
	return err;
}
