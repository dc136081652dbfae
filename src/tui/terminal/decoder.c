/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/terminal/decoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tui/terminal/screen.h"
#include "tui/terminal/width.h"

enum {
	ESCAPE = 27,
	WAIT = 0, /* a length: the sequence is not complete */
	BUTTON_WHEEL_UP = 64,
	BUTTON_WHEEL_DOWN = 65,
	X10_MOUSE_BYTES = 6,
	X10_MOUSE_OFFSET = 32,
};

/* One run of the decoder: whom to tell, and whether more may come. */
struct pass {
	struct kt_decoder *decoder;
	const struct kt_decoder_handler *handler;
	void *ctx;
	bool is_last;
};

void kt_decoder_add(struct kt_decoder *decoder, const char *bytes, uint32_t key)
{
	if (!bytes || bytes[0] != ESCAPE || strlen(bytes) >= KT_DECODER_MAX_BYTES ||
	    decoder->sequence_count == KT_DECODER_MAX_SEQUENCES)
		return;
	struct kt_decoder_sequence *sequence = &decoder->sequences[decoder->sequence_count++];
	strcpy(sequence->bytes, bytes);
	sequence->key = key;
}

static void tell(const struct pass *pass, uint32_t key)
{
	pass->handler->on_key(pass->ctx, key);
}

/* Of a press at @column and @row, counted from 1; releases and moves are none of our business. */
static void tell_mouse(const struct pass *pass, unsigned button, unsigned column, unsigned row)
{
	if (button == BUTTON_WHEEL_UP)
		tell(pass, KT_KEY_MOUSE_WHEEL_UP);
	else if (button == BUTTON_WHEEL_DOWN)
		tell(pass, KT_KEY_MOUSE_WHEEL_DOWN);
	else if (!button && row && column)
		pass->handler->on_click(pass->ctx, row - 1, column - 1);
}

/* ESC [ < button ; column ; row M (m at a release); the text ends with that letter. */
static void sgr_mouse(const struct pass *pass, const char *text, size_t len)
{
	unsigned long numbers[3] = { 0 };
	const char *at = text + 3;

	for (unsigned i = 0; i < 3; i++) {
		char *end = NULL;
		if (*at < '0' || *at > '9')
			return;
		numbers[i] = strtoul(at, &end, 10);
		at = *end == ';' ? end + 1 : end;
	}
	/* A number beyond 16 bits is no place on a screen. */
	if (at == text + len - 1 && *at == 'M' && (numbers[0] | numbers[1] | numbers[2]) < 0x10000)
		tell_mouse(pass, (unsigned)numbers[0], (unsigned)numbers[1], (unsigned)numbers[2]);
}

/* The key of ESC [ NUMBER ~, as most terminals have it. */
static uint32_t numbered_key(const char *parameters)
{
	static const uint32_t keys[] = {
		[1] = KT_KEY_HOME,    [2] = KT_KEY_NONE,      [3] = KT_KEY_DELETE, [4] = KT_KEY_END,
		[5] = KT_KEY_PAGE_UP, [6] = KT_KEY_PAGE_DOWN, [7] = KT_KEY_HOME,   [8] = KT_KEY_END,
	};
	char *end = NULL;
	unsigned long number = strtoul(parameters, &end, 10);

	if (!number || number >= sizeof(keys) / sizeof(keys[0]) || (*end != '~' && *end != ';'))
		return KT_KEY_NONE;
	return keys[number];
}

/* The key of the letter that ends a sequence; modifiers in between do not matter. */
static uint32_t lettered_key(char letter)
{
	switch (letter) {
	case 'A':
		return KT_KEY_UP;
	case 'B':
		return KT_KEY_DOWN;
	case 'C':
		return KT_KEY_RIGHT;
	case 'D':
		return KT_KEY_LEFT;
	case 'F':
		return KT_KEY_END;
	case 'H':
		return KT_KEY_HOME;
	case 'M':
		return KT_KEY_ENTER; /* of the keypad, after ESC O */
	case 'Z':
		return KT_KEY_BACK_TAB;
	default:
		return KT_KEY_NONE;
	}
}

/* ESC [ parameters letter.  Returns the length, or WAIT. */
static size_t control_sequence(const struct pass *pass, const char *text, size_t len)
{
	size_t end = 2;

	if (len >= 3 && text[2] == 'M') { /* the old mouse: three raw bytes follow */
		if (len < X10_MOUSE_BYTES)
			return WAIT;
		tell_mouse(pass, (uint8_t)text[3] - X10_MOUSE_OFFSET,
			   (uint8_t)text[4] - X10_MOUSE_OFFSET,
			   (uint8_t)text[5] - X10_MOUSE_OFFSET);
		return X10_MOUSE_BYTES;
	}
	while (end < len && text[end] >= 0x20 && text[end] <= 0x3f)
		end++;
	if (end == len)
		return WAIT;
	if (text[end] < 0x40 || text[end] > 0x7e) { /* broken off */
		tell(pass, KT_KEY_NONE);
		return end;
	}
	if (text[2] == '<')
		sgr_mouse(pass, text, end + 1);
	else if (text[end] == '~')
		tell(pass, numbered_key(text + 2));
	else
		tell(pass, text[end] == 'M' ? KT_KEY_NONE : lettered_key(text[end]));
	return end + 1;
}

/* What the terminal's description knows.  Returns the length, WAIT, or -1: it does not. */
static ssize_t described_sequence(const struct pass *pass, const char *text, size_t len)
{
	bool is_begun = false;

	for (size_t i = 0; i < pass->decoder->sequence_count; i++) {
		const struct kt_decoder_sequence *sequence = &pass->decoder->sequences[i];
		size_t needed = strlen(sequence->bytes);
		if (needed <= len && !memcmp(text, sequence->bytes, needed)) {
			tell(pass, sequence->key);
			return (ssize_t)needed;
		}
		is_begun |= needed > len && !memcmp(text, sequence->bytes, len);
	}
	return is_begun ? WAIT : -1;
}

static size_t escape_sequence(const struct pass *pass, const char *text, size_t len)
{
	ssize_t known = described_sequence(pass, text, len);

	if (known > 0 || (!known && !pass->is_last))
		return (size_t)known;
	size_t taken = 1;
	if (len == 1)
		taken = WAIT;
	else if (text[1] == '[')
		taken = control_sequence(pass, text, len);
	else if (text[1] == 'O' && len == 2)
		taken = WAIT;
	else if (text[1] == 'O') {
		tell(pass, lettered_key(text[2]));
		return 3;
	} else
		tell(pass, KT_KEY_ESCAPE);
	if (!taken && pass->is_last) {
		tell(pass, KT_KEY_ESCAPE);
		taken = 1;
	}
	return taken;
}

/* Whether @text may be the begin of a character that the next bytes complete. */
static bool is_cut(const char *text, size_t len)
{
	uint8_t first = (uint8_t)text[0];
	size_t needed = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : 2;

	if (first < 0xc2 || first >= 0xf5 || len >= needed)
		return false;
	for (size_t i = 1; i < len; i++)
		if (((uint8_t)text[i] & 0xc0) != 0x80)
			return false;
	return true;
}

static size_t character(const struct pass *pass, const char *text, size_t len)
{
	size_t taken = kt_text_utf8_length(text, len);

	if (!taken) {
		if (is_cut(text, len) && !pass->is_last)
			return WAIT;
		tell(pass, KT_KEY_NONE);
		return 1;
	}
	uint32_t code = kt_text_code_point(text, taken);
	if (code == '\r')
		code = KT_KEY_ENTER;
	else if (code == '\b')
		code = KT_KEY_BACKSPACE;
	else if (!code || (code > 0x7f && kt_width_of(code) < 0))
		code = KT_KEY_NONE;
	tell(pass, code);
	return taken;
}

/* Takes what is complete off the pending bytes. */
static void drain(const struct pass *pass)
{
	struct kt_decoder *decoder = pass->decoder;

	while (decoder->pending_len) {
		/* A copy with an end: handlers may not see half of a sequence, nor numbers run on. */
		char text[KT_DECODER_MAX_BYTES + 1] = { 0 };
		size_t len = decoder->pending_len;
		memcpy(text, decoder->pending, len);
		size_t taken = text[0] == ESCAPE ? escape_sequence(pass, text, len)
						 : character(pass, text, len);
		if (!taken && len == KT_DECODER_MAX_BYTES) {
			decoder->is_skipping = true;
			taken = len;
		}
		if (!taken)
			return;
		decoder->pending_len -= taken;
		memmove(decoder->pending, decoder->pending + taken, decoder->pending_len);
	}
}

/* Drops a byte of a sequence that is too long; its letter ends it. */
static bool skip(struct kt_decoder *decoder, char byte)
{
	if (!decoder->is_skipping)
		return false;
	decoder->is_skipping = byte >= 0x20 && byte <= 0x3f;
	return byte >= 0x20 && byte <= 0x7e;
}

void kt_decoder_feed(struct kt_decoder *decoder, const char *bytes, size_t len,
		     const struct kt_decoder_handler *handler, void *ctx)
{
	struct pass pass = { .decoder = decoder, .handler = handler, .ctx = ctx };

	for (size_t i = 0; i < len; i++) {
		if (skip(decoder, bytes[i]))
			continue;
		decoder->pending[decoder->pending_len++] = bytes[i];
		drain(&pass);
	}
}

bool kt_decoder_is_pending(const struct kt_decoder *decoder)
{
	return decoder->pending_len > 0;
}

void kt_decoder_flush(struct kt_decoder *decoder, const struct kt_decoder_handler *handler,
		      void *ctx)
{
	struct pass pass = { .decoder = decoder, .handler = handler, .ctx = ctx, .is_last = true };

	decoder->is_skipping = false;
	drain(&pass);
}
