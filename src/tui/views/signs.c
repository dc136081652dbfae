/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/signs.h"

struct kt_sign kt_sign_verdict(const struct kt_glyphs *glyphs, enum kt_verdict verdict)
{
	switch (verdict) {
	case KT_VERDICT_PASS:
		return (struct kt_sign){ glyphs->pass, "PASS", "it held to the end", KT_ROLE_GOOD };
	case KT_VERDICT_FAIL:
		return (struct kt_sign){ glyphs->fail, "FAIL", "it was violated", KT_ROLE_BAD };
	case KT_VERDICT_HOLDING:
		return (struct kt_sign){ glyphs->holding, "HOLDS", "nothing against it so far",
					 KT_ROLE_ACTIVE };
	case KT_VERDICT_CANNOT_TELL:
		return (struct kt_sign){ glyphs->cannot_tell, "UNSURE",
					 "it cannot be told; the reason says why",
					 KT_ROLE_WARNING };
	case KT_VERDICT_SKIP:
		return (struct kt_sign){ glyphs->skip, "SKIP", "there was nothing to judge",
					 KT_ROLE_DIM };
	case KT_VERDICT_PENDING:
	case KT_VERDICT_COUNT:
		break;
	}
	return (struct kt_sign){ glyphs->pending, "WAITS", "nothing to judge yet", KT_ROLE_NORMAL };
}

struct kt_sign kt_sign_result(const struct kt_glyphs *glyphs, enum kt_result result)
{
	switch (result) {
	case KT_RESULT_PASS:
		return (struct kt_sign){ glyphs->pass, "PASS", "every check passed", KT_ROLE_GOOD };
	case KT_RESULT_FAIL:
		return (struct kt_sign){ glyphs->fail, "FAIL", "a check failed", KT_ROLE_BAD };
	case KT_RESULT_SKIP:
		return (struct kt_sign){ glyphs->skip, "SKIP", "every check was skipped",
					 KT_ROLE_DIM };
	case KT_RESULT_CANCELLED:
		return (struct kt_sign){ glyphs->skip, "CANCEL", "it was cancelled",
					 KT_ROLE_WARNING };
	case KT_RESULT_ERROR:
	case KT_RESULT_COUNT:
		break;
	}
	return (struct kt_sign){ glyphs->cannot_tell, "ERROR", "it could not be judged",
				 KT_ROLE_WARNING };
}

enum kt_role kt_sign_guest_role(enum kt_guest_state state)
{
	switch (state) {
	case KT_GUEST_DONE:
		return KT_ROLE_GOOD;
	case KT_GUEST_FAILED:
		return KT_ROLE_BAD;
	case KT_GUEST_NEW:
	case KT_GUEST_STOPPED:
		return KT_ROLE_DIM;
	default:
		return KT_ROLE_ACTIVE;
	}
}

void kt_sign_put(struct kt_sign sign, struct kt_buf *out)
{
	kt_buf_printf(out, "%s %s", sign.glyph, sign.word);
}
