/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "probe/resolve/ctl_table.h"
#include "probe/resolve/instruction.h"

enum {
	WAYS_MAX = 16,	/* that are followed in one function */
	STEPS_MAX = 64, /* instructions on one way */
};

/* A place in the code, and the registers that hold the function's first argument there. */
struct way {
	size_t at;
	uint32_t holders;
};

struct walk {
	const unsigned char *code;
	size_t bytes;
	struct way ways[WAYS_MAX];
	size_t way_count;
	bool has_offset;
	bool is_spoiled;
	int64_t offset;
};

static bool is_holder(uint32_t holders, int number)
{
	return number != KT_REGISTER_NONE && (holders >> number & 1);
}

/* Puts the place @distance bytes behind @at on the list, if it lies ahead and in the code. */
static void add_way(struct walk *walk, size_t at, int64_t distance, uint32_t holders)
{
	if (distance < 0 || (uint64_t)distance >= walk->bytes - at)
		return;
	if (walk->way_count == WAYS_MAX) {
		walk->is_spoiled = true;
		return;
	}
	walk->ways[walk->way_count++] = (struct way){
		.at = at + (size_t)distance,
		.holders = holders,
	};
}

/* A way came to an operand. */
static void found_offset(struct walk *walk, int64_t offset)
{
	if (walk->has_offset && walk->offset != offset)
		walk->is_spoiled = true;
	walk->has_offset = true;
	walk->offset = offset;
}

/* Whether the instruction uses the argument; what it says then is noted. */
static bool is_use(struct walk *walk, const struct kt_instruction *instruction, uint32_t holders)
{
	if (instruction->has_memory) {
		if (!is_holder(holders, instruction->base) &&
		    !is_holder(holders, instruction->index))
			return false;
		if (instruction->index != KT_REGISTER_NONE ||
		    (instruction->kind != KT_INSTRUCTION_LOAD &&
		     instruction->kind != KT_INSTRUCTION_ADDRESS))
			walk->is_spoiled = true;
		found_offset(walk, instruction->displacement);
		return true;
	}
	if (instruction->kind != KT_INSTRUCTION_ADD || !is_holder(holders, instruction->target))
		return false;
	found_offset(walk, instruction->value);
	return true;
}

static uint32_t holders_after(const struct kt_instruction *instruction, uint32_t holders)
{
	bool is_copy = instruction->kind == KT_INSTRUCTION_COPY &&
		       is_holder(holders, instruction->source);

	holders &= ~instruction->writes;
	return is_copy ? holders | (uint32_t)1 << instruction->target : holders;
}

/* Goes one way until it uses the argument, loses it, or ends. */
static void go_way(struct walk *walk, struct way way)
{
	struct kt_instruction instruction;

	for (size_t i = 0; i < STEPS_MAX && way.holders; i++) {
		if (!kt_instruction_decode(walk->code + way.at, walk->bytes - way.at, &instruction))
			return;
		if (is_use(walk, &instruction, way.holders))
			return;
		way.at += instruction.bytes;
		way.holders = holders_after(&instruction, way.holders);
		switch (instruction.kind) {
		case KT_INSTRUCTION_END:
			return;
		case KT_INSTRUCTION_JUMP:
			add_way(walk, way.at, instruction.value, way.holders);
			return;
		case KT_INSTRUCTION_BRANCH:
			add_way(walk, way.at, instruction.value, way.holders);
			break;
		default:
			break;
		}
	}
}

bool kt_ctl_decode(const unsigned char *code, size_t bytes, int64_t *ret)
{
	struct walk walk = { .code = code, .bytes = bytes };

	add_way(&walk, 0, 0, 1 << KT_REGISTER_RDI);
	for (size_t i = 0; i < walk.way_count && !walk.is_spoiled; i++)
		go_way(&walk, walk.ways[i]);
	if (walk.is_spoiled || !walk.has_offset)
		return false;
	*ret = walk.offset;
	return true;
}
