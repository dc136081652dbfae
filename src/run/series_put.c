/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run/series_pack.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

void kt_packer_put(struct kt_packer *packer, uint64_t value)
{
	unsigned char bytes[10];
	size_t len = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[len++] = (unsigned char)(value | 0x80);
	bytes[len++] = (unsigned char)value;
	kt_buf_append(&packer->out, bytes, len);
}

/* The difference from @from to @to, modulo 2^64: small ones either way are short. */
void kt_packer_put_step(struct kt_packer *packer, uint64_t from, uint64_t to)
{
	uint64_t step = to - from;

	kt_packer_put(packer, step << 1 ^ (0 - (step >> 63)));
}

/* ---- texts ---- */

static const char *text_at(const struct kt_packer *packer, uint32_t which)
{
	const char *text;

	if (which < packer->text_base)
		return packer->before.texts[which];
	memcpy(&text, packer->new_texts.data + (which - packer->text_base) * sizeof(text),
	       sizeof(text));
	return text;
}

static uint32_t text_hash(const char *text)
{
	uint32_t hash = 2166136261U;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	return hash ^ hash >> 15;
}

/* The slot of @text, or the free one where it belongs. */
static uint32_t *text_slot(const struct kt_packer *packer, const char *text)
{
	size_t mask = packer->text_slot_cap - 1;
	size_t at = text_hash(text) & mask;

	while (packer->text_slots[at] && strcmp(text_at(packer, packer->text_slots[at]), text) != 0)
		at = (at + 1) & mask;
	return &packer->text_slots[at];
}

/* The table for the texts from 1 to below @count, with room for some more. */
bool kt_packer_know_texts(struct kt_packer *packer, size_t count)
{
	size_t cap = 64;

	while (cap < count * 4)
		cap *= 2;
	uint32_t *slots = calloc(cap, sizeof(*slots));
	if (!slots)
		return false;
	free(packer->text_slots);
	packer->text_slots = slots;
	packer->text_slot_cap = cap;
	packer->text_slot_count = count;
	for (size_t i = 1; i < count; i++)
		*text_slot(packer, text_at(packer, (uint32_t)i)) = (uint32_t)i;
	return true;
}

void kt_packer_put_text(struct kt_packer *packer, const char *text)
{
	if (!text) {
		kt_packer_put(packer, 0);
		return;
	}
	if (packer->text_slot_count * 2 >= packer->text_slot_cap &&
	    !kt_packer_know_texts(packer, packer->text_slot_count)) {
		packer->out.failed = true;
		return;
	}
	uint32_t *slot = text_slot(packer, text);
	if (*slot) {
		kt_packer_put(packer, *slot);
		return;
	}
	size_t len = strlen(text);
	*slot = (uint32_t)packer->text_slot_count++;
	kt_buf_append(&packer->new_texts, (const void *)&text, sizeof(text));
	/* A table that speaks of a text which is not there would be read: fail at once. */
	if (packer->new_texts.failed) {
		*slot = 0;
		packer->text_slot_count--;
		packer->out.failed = true;
		return;
	}
	kt_packer_put(packer, *slot);
	kt_packer_put(packer, len);
	kt_buf_append(&packer->out, text, len + 1);
}
