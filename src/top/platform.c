/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/platform.h"

#include "base/text.h"
#include "vmm/confine/control_group.h"

struct kt_error *kt_platform_confine(struct kt_platform *platform, const struct kt_kernels *kernels)
{
	struct kt_qemu_user_query query = {
		.setpriv = platform->qemu.setpriv_path,
		.qemu = platform->qemu.path,
		.kvm_path = kt_accel_host_real().kvm_path,
		.is_kvm = platform->accel.choice == KT_ACCELERATOR_KVM,
	};

	/* Who may not read one of them cannot run all guests. */
	for (size_t i = 0; i < kernels->count; i++) {
		query.kernel_fd = kernels->items[i].kernel.elf_fd;
		kt_qemu_user_find(&query, &platform->qemu_user);
		if (!platform->qemu_user.is_dropped)
			break;
	}
	return kt_group_place_find(KT_CONTROL_GROUP_LIST, "/proc/self/mountinfo",
				   &platform->groups);
}

struct kt_error *kt_platform_find(const struct kt_command_line *line, struct kt_platform *ret)
{
	struct kt_platform platform = { 0 };
	struct kt_accel_host host = kt_accel_host_real();

	struct kt_error *err = kt_qemu_info_find(&platform.qemu);
	if (!err)
		err = kt_accel_decide(line->accel, &host, &platform.accel);
	if (err) {
		kt_platform_deinit(&platform);
		return err;
	}
	platform.tsc = kt_tsc_measure("/proc/cpuinfo");
	/* With --accel kvm the user wants KVM or nothing. */
	platform.tcg_threads = line->tcg_threads;
	platform.may_fall_back = line->accel == KT_ACCEL_MODE_AUTO;
	*ret = platform;
	return NULL;
}

static bool is_multi_threaded(const struct kt_platform *platform)
{
	if (platform->tcg_threads == KT_TCG_THREADS_AUTO)
		return platform->qemu.tcg_multi_thread;
	return platform->tcg_threads == KT_TCG_THREADS_MULTI;
}

/* How vCPUs are emulated, and why so. */
static const char *threads_text(const struct kt_platform *platform)
{
	bool is_good = platform->qemu.tcg_multi_thread;

	switch (platform->tcg_threads) {
	case KT_TCG_THREADS_SINGLE:
		return "one thread, as asked for";
	case KT_TCG_THREADS_MULTI:
		return is_good ? "threads of their own, as asked for"
			       : "threads of their own, as asked for, though this QEMU's "
				 "multi-threaded emulator corrupts guests now and then";
	case KT_TCG_THREADS_AUTO:
		break;
	}
	return is_good ? "threads of their own"
		       : "one thread: this QEMU's multi-threaded emulator corrupts guests";
}

void kt_platform_share(const struct kt_platform *platform, struct kt_runner_shared *ret)
{
	ret->programs = (struct kt_machine_programs){
		.setpriv = platform->qemu.setpriv_path,
		.qemu = platform->qemu.path,
		.qemu_user = &platform->qemu_user,
	};
	ret->tcg_multi_thread = is_multi_threaded(platform);
	ret->tsc_khz = platform->tsc.khz;
	ret->accelerator = platform->accel.choice;
	ret->may_fall_back = platform->may_fall_back;
}

static void tell_accel(const struct kt_accel_verdict *verdict, struct kt_session *session)
{
	struct kt_accel_step steps[KT_ACCEL_MAX_STEPS];

	for (size_t i = 0; i < verdict->step_count; i++)
		steps[i] = (struct kt_accel_step){
			.step = verdict->steps[i].step,
			.outcome = kt_accel_outcome_text(verdict->steps[i].outcome),
			.reason = verdict->steps[i].reason,
		};
	struct kt_event event = {
		.type = KT_EVENT_ACCEL,
		.accel = { .choice = verdict->choice == KT_ACCELERATOR_KVM ? KT_ACCEL_KVM
									   : KT_ACCEL_TCG,
			   .reason = verdict->reason,
			   .steps = steps,
			   .step_count = verdict->step_count },
	};
	kt_session_emit(session, &event);
}

void kt_platform_tell(const struct kt_platform *platform, struct kt_session *session)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	tell_accel(&platform->accel, session);
	kt_buf_printf(&text, "QEMU %s (%s), vCPUs under emulation in %s",
		      platform->qemu.version_text, platform->qemu.path, threads_text(platform));
	kt_session_note(session, NULL, kt_buf_text(&text));
	kt_session_note(session, NULL, platform->qemu_user.reason);
}

void kt_platform_deinit(struct kt_platform *platform)
{
	kt_qemu_info_deinit(&platform->qemu);
	kt_group_place_deinit(&platform->groups);
}
