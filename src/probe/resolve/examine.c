/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/examine.h"

#include "probe/resolve/file_evidence.h"
#include "probe/resolve/trust.h"

static struct kt_error *make_effort(const struct kt_examination *examination,
				    struct kt_candidate *candidate, enum kt_effort effort)
{
	switch (effort) {
	case KT_EFFORT_IMAGE:
		return kt_candidate_read_image(candidate, examination->memory);
	case KT_EFFORT_CTL:
		return kt_candidate_read_ctl(candidate, examination->memory);
	default:
		return kt_file_evidence_read(candidate, examination->proc_fd, effort);
	}
}

struct kt_error *kt_examine(const struct kt_examination *examination,
			    struct kt_candidate *candidate)
{
	for (size_t effort = KT_EFFORT_IMAGE; effort < KT_EFFORT_COUNT; effort++) {
		KT_TRY(make_effort(examination, candidate, (enum kt_effort)effort));
		if (kt_candidate_is_ruled_out(candidate))
			return NULL;
		kt_trust_judge(candidate, examination->memory, examination->tps,
			       examination->tp_count);
		/* What the gate denies no further source can save. */
		if (candidate->proof != KT_PROOF_MISSING)
			return NULL;
	}
	return kt_buf_error(&candidate->notes);
}
