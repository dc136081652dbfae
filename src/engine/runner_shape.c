/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/runner_state.h"

bool kt_runner_is_as_asked(struct kt_runner *runner)
{
	const struct kt_guest_machine *machine = kt_guest_machine(runner->guest);
	bool is_kvm = runner->accelerator == KT_ACCELERATOR_KVM;
	kt_autobuf struct kt_buf wrong = KT_BUF_INIT;
	kt_autobuf struct kt_buf remark = KT_BUF_INIT;

	kt_topology_compare(&runner->scenario->topology, &machine->seen, is_kvm, &wrong, &remark);
	if (remark.len)
		kt_session_note(runner->shared->session, runner->scenario->name,
				kt_buf_text(&remark));
	if (wrong.len)
		kt_guest_fail(runner->guest, KT_REASON_PROTOCOL, kt_buf_text(&wrong));
	return !wrong.len;
}
