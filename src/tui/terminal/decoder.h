/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * Keys out of the bytes of a terminal.  Curses could do this too, but it waits inside of getch() for
 * what may follow an Escape, and the loop with it; here the owner waits, with a timer.  What one read
 * cut in two is put together again.  Pure: no terminal, no locale, no clock.
 */
#ifndef KT_TUI_DECODER_H
#define KT_TUI_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KT_DECODER_MAX_SEQUENCES = 24,
	KT_DECODER_MAX_BYTES = 32, /* of a sequence; longer ones are dropped */
};

struct kt_decoder_handler {
	void (*on_key)(void *ctx, uint32_t key); /* a character or a KT_KEY_... of screen.h */
	void (*on_click)(void *ctx, unsigned row, unsigned column); /* counted from 0 */
};

/* What a terminal sends for a key, by its description. */
struct kt_decoder_sequence {
	char bytes[KT_DECODER_MAX_BYTES];
	uint32_t key;
};

/* Zero-initialise it. */
struct kt_decoder {
	struct kt_decoder_sequence sequences[KT_DECODER_MAX_SEQUENCES];
	size_t sequence_count;
	char pending[KT_DECODER_MAX_BYTES];
	size_t pending_len;
	bool is_skipping; /* inside of a sequence that is too long */
};

/**
 * Makes @bytes (NULL is allowed) mean @key.  Left out when it is empty, too long or one too many: the common
 * sequences are known anyway.
 */
void kt_decoder_add(struct kt_decoder *decoder, const char *bytes, uint32_t key);

/** Takes @len bytes, and tells the keys in them.  Owner: @bytes are not kept. */
void kt_decoder_feed(struct kt_decoder *decoder, const char *bytes, size_t len,
		     const struct kt_decoder_handler *handler, void *ctx);

/** Whether something is begun that the next bytes may complete: then wait a little. */
bool kt_decoder_is_pending(const struct kt_decoder *decoder);

/** Nothing followed: what is pending is told as it is, an Escape as the key of that name. */
void kt_decoder_flush(struct kt_decoder *decoder, const struct kt_decoder_handler *handler,
		      void *ctx);

#endif
