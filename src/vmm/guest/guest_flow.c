/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keeps a guest from taking more than its share: of our memory by what it does not hear, of the
 * events by its console.  (Of the loop's time, by what it says: qemu.c.)
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "vmm/guest/guest_state.h"

/* ---- writing ---- */

static bool has_unsent(const struct kt_guest *guest)
{
	for (int i = 0; i < KT_QEMU_STREAM_COUNT; i++)
		if (kt_qemu_unsent_bytes(guest->qemu, (enum kt_qemu_stream)i))
			return true;
	return false;
}

void kt_guest_count_unsent(struct kt_guest *guest)
{
	guest->unsent_since_ns = has_unsent(guest) ? kt_clock_mono_ns() : 0;
}

void kt_guest_send(struct kt_guest *guest, enum kt_qemu_stream stream, struct kt_buf *bytes)
{
	struct kt_qemu *qemu = guest->qemu;
	size_t len = bytes->len;
	char *data = kt_buf_steal(bytes);

	if (!data || !qemu || !kt_qemu_is_open(qemu, stream) || guest->is_overfull) {
		free(data);
		return;
	}
	if (kt_qemu_unsent_bytes(qemu, stream) + len > GUEST_MAX_UNSENT_BYTES) {
		/* The timer tells it: whoever sends does not expect to be told of an end meanwhile. */
		guest->is_overfull = true;
		kt_guest_arm_timer(guest);
		free(data);
		return;
	}
	kt_qemu_send(qemu, stream, data, len);
	if (!guest->unsent_since_ns && has_unsent(guest)) {
		guest->unsent_since_ns = kt_clock_mono_ns();
		kt_guest_arm_timer(guest);
	}
}

uint64_t kt_guest_send_deadline_ns(const struct kt_guest *guest)
{
	if (guest->is_overfull)
		return 0;
	return guest->unsent_since_ns ? guest->unsent_since_ns + GUEST_SEND_TIMEOUT_NS : UINT64_MAX;
}

bool kt_guest_tell_unsent(struct kt_guest *guest)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (kt_clock_mono_ns() < kt_guest_send_deadline_ns(guest))
		return false;
	if (guest->is_overfull) {
		kt_buf_puts(&text, "it does not take what it is told, and more than ");
		kt_text_format_bytes(&text, GUEST_MAX_UNSENT_BYTES);
		kt_buf_puts(&text, " would have to wait");
		kt_guest_handle(guest, KT_GUEST_ON_GARBAGE, kt_buf_text(&text));
	} else {
		kt_buf_puts(&text, "it has not taken what it was told for ");
		kt_text_format_duration(&text, GUEST_SEND_TIMEOUT_NS);
		kt_guest_handle(guest, KT_GUEST_ON_DEADLINE, kt_buf_text(&text));
	}
	return true;
}

/* ---- the console ---- */

static void tell(struct kt_guest *guest, const struct kt_buf *text)
{
	if (guest->handler->on_note)
		guest->handler->on_note(guest->ctx, kt_buf_text(text));
}

static void tell_line(struct kt_guest *guest, const struct kt_buf *line)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (!guest->handler->on_console)
		return;
	if (kt_line_limit_take(&guest->console_limit, kt_clock_mono_ns())) {
		kt_text_sanitize(&text, kt_buf_text(line), line->len, GUEST_MAX_LINE_BYTES, false);
		if (text.len)
			guest->handler->on_console(guest->ctx, kt_buf_text(&text));
		return;
	}
	if (guest->console_limit.dropped_count > 1)
		return;
	kt_buf_printf(&text,
		      "the guest's console has more lines than are taken (%d, then %d a second, %d "
		      "in all): some are left out",
		      KT_LINE_BURST, KT_LINE_PER_SECOND, KT_LINE_TOTAL);
	tell(guest, &text);
}

void kt_guest_take_console(struct kt_guest *guest, const char *bytes, size_t len)
{
	struct kt_buf *line = &guest->console_line;

	kt_tail_append(&guest->console, bytes, len);
	for (; len; bytes++, len--) {
		if (*bytes != '\n') {
			if (line->len < GUEST_MAX_LINE_BYTES && *bytes != '\r')
				kt_buf_putc(line, *bytes);
			continue;
		}
		if (line->len)
			tell_line(guest, line);
		kt_buf_reset(line);
	}
}

void kt_guest_tell_left_out(struct kt_guest *guest)
{
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	if (!guest->console_limit.dropped_count)
		return;
	kt_buf_printf(&text, "%" PRIu64 " lines of the guest's console were left out",
		      guest->console_limit.dropped_count);
	tell(guest, &text);
}
