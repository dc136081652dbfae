/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * x86_64 instructions, as far as the control functions of jemalloc need them.
 *
 * A small part of the instruction set is known: what compilers put at the start of a function
 * that tests its arguments and takes the address of a member.  Anything else is "unknown", which
 * ends the reading: a guess would be a wrong number.  Encodings: Intel 64 and IA-32 Architectures
 * Software Developer's Manual, volume 2, chapter 2 and appendix A.
 */
#ifndef KT_PROBE_RESOLVE_INSTRUCTION_H
#define KT_PROBE_RESOLVE_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KT_REGISTER_NONE = -1,
	KT_REGISTER_RDI = 7,
	KT_REGISTER_COUNT = 16,
};

enum kt_instruction_kind {
	KT_INSTRUCTION_OTHER,	/* computes something; what it changes is in writes */
	KT_INSTRUCTION_COPY,	/* 64 bits from register source to register target */
	KT_INSTRUCTION_ADD,	/* the constant value, 64 bits, to register target */
	KT_INSTRUCTION_ADDRESS, /* lea, 64 bits */
	KT_INSTRUCTION_LOAD,	/* 64 bits from memory to a register */
	KT_INSTRUCTION_BRANCH,	/* conditional; value is the distance */
	KT_INSTRUCTION_JUMP,	/* unconditional, direct; value is the distance */
	KT_INSTRUCTION_END,	/* return, call, indirect jump, trap */
};

struct kt_instruction {
	enum kt_instruction_kind kind;
	size_t bytes;	 /* its length */
	uint32_t writes; /* general registers that change, as bits */
	int source;
	int target;
	int64_t value;
	/* Its operand in memory. */
	bool has_memory;
	int base;  /* register, or KT_REGISTER_NONE */
	int index; /* likewise */
	int64_t displacement;
};

/**
 * Decodes the instruction at the start of the @bytes bytes of @code.  False if it is not one of
 * those that are known, or not complete.
 */
bool kt_instruction_decode(const unsigned char *code, size_t bytes, struct kt_instruction *ret);

#endif
