/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/resolve/instruction.h"

#include <string.h>

/* What an opcode has and does; no bit at all: not known. */
enum {
	KNOWN = 1 << 0,
	MODRM = 1 << 1,	    /* a ModRM byte follows */
	IMM8 = 1 << 2,	    /* then a constant of one byte */
	IMM32 = 1 << 3,	    /* or of four (two with prefix 66) */
	TO_REG = 1 << 4,    /* changes the register of ModRM.reg */
	TO_RM = 1 << 5,	    /* changes what ModRM.rm names */
	TO_RAX = 1 << 6,    /* changes rax */
	TO_RDX = 1 << 7,    /* changes rdx */
	TO_OPCODE = 1 << 8, /* changes the register in the opcode's low bits */
	BYTE = 1 << 9,	    /* works on bytes: without REX, 4 to 7 are ah to bh */
	VECTOR = 1 << 10,   /* ModRM.reg is a vector register */
	LEAVES = 1 << 11,   /* control goes elsewhere */
};

enum {
	REG_FORM = KNOWN | MODRM | TO_REG,
	RM_FORM = KNOWN | MODRM | TO_RM,
	VECTOR_FORM = KNOWN | MODRM | VECTOR,
};

/* add, or, adc, sbb, and, sub, xor: six opcodes each. */
#define ARITHMETIC(first)                                                                   \
	[first] = RM_FORM | BYTE, [(first) + 1] = RM_FORM, [(first) + 2] = REG_FORM | BYTE, \
	[(first) + 3] = REG_FORM, [(first) + 4] = KNOWN | IMM8 | TO_RAX,                    \
	[(first) + 5] = KNOWN | IMM32 | TO_RAX

static const uint16_t one_byte[256] = {
	ARITHMETIC(0x00),
	ARITHMETIC(0x08),
	ARITHMETIC(0x10),
	ARITHMETIC(0x18),
	ARITHMETIC(0x20),
	ARITHMETIC(0x28),
	ARITHMETIC(0x30),
	[0x38 ... 0x3b] = KNOWN | MODRM, /* cmp */
	[0x3c] = KNOWN | IMM8,
	[0x3d] = KNOWN | IMM32,
	[0x50 ... 0x57] = KNOWN, /* push */
	[0x58 ... 0x5f] = KNOWN | TO_OPCODE,
	[0x63] = REG_FORM, /* movslq */
	[0x68] = KNOWN | IMM32,
	[0x69] = REG_FORM | IMM32, /* imul */
	[0x6a] = KNOWN | IMM8,
	[0x6b] = REG_FORM | IMM8,
	[0x70 ... 0x7f] = KNOWN | IMM8 | LEAVES, /* jcc */
	[0x80] = RM_FORM | IMM8 | BYTE,
	[0x81] = RM_FORM | IMM32,
	[0x83] = RM_FORM | IMM8,
	[0x84 ... 0x85] = KNOWN | MODRM, /* test */
	[0x88] = RM_FORM | BYTE,	 /* mov */
	[0x89] = RM_FORM,
	[0x8a] = REG_FORM | BYTE,
	[0x8b] = REG_FORM,
	[0x8d] = REG_FORM, /* lea */
	[0x90] = KNOWN,
	[0x98] = KNOWN | TO_RAX, /* cltq */
	[0x99] = KNOWN | TO_RDX, /* cqto */
	[0xa8] = KNOWN | IMM8,
	[0xa9] = KNOWN | IMM32,
	[0xb0 ... 0xb7] = KNOWN | IMM8 | TO_OPCODE | BYTE,
	[0xb8 ... 0xbf] = KNOWN | IMM32 | TO_OPCODE,
	[0xc0] = RM_FORM | IMM8 | BYTE, /* shifts */
	[0xc1] = RM_FORM | IMM8,
	[0xc2 ... 0xc3] = KNOWN | LEAVES, /* ret */
	[0xc6] = RM_FORM | IMM8 | BYTE,
	[0xc7] = RM_FORM | IMM32,
	[0xcc] = KNOWN | LEAVES,
	[0xd0] = RM_FORM | BYTE,
	[0xd1] = RM_FORM,
	[0xd2] = RM_FORM | BYTE,
	[0xd3] = RM_FORM,
	[0xe8] = KNOWN | LEAVES,	 /* call */
	[0xe9] = KNOWN | IMM32 | LEAVES, /* jmp */
	[0xeb] = KNOWN | IMM8 | LEAVES,
	[0xf6] = RM_FORM | BYTE, /* groups 3, 4, 5: see group() */
	[0xf7] = RM_FORM,
	[0xfe] = RM_FORM | BYTE,
	[0xff] = RM_FORM,
};

/* After 0F. */
static const uint16_t two_byte[256] = {
	[0x0b] = KNOWN | LEAVES, /* ud2 */
	[0x10 ... 0x13] = VECTOR_FORM,
	[0x16 ... 0x17] = VECTOR_FORM,
	[0x1e] = RM_FORM,	/* endbr64, nops, rdssp */
	[0x1f] = KNOWN | MODRM, /* nop */
	[0x28 ... 0x29] = VECTOR_FORM,
	[0x40 ... 0x4f] = REG_FORM, /* cmovcc */
	[0x54 ... 0x57] = VECTOR_FORM,
	[0x6e ... 0x6f] = VECTOR_FORM,
	[0x7e] = VECTOR_FORM | TO_RM, /* movd to a general register, too */
	[0x7f] = VECTOR_FORM,
	[0x80 ... 0x8f] = KNOWN | IMM32 | LEAVES, /* jcc */
	[0x90 ... 0x9f] = RM_FORM | BYTE,	  /* setcc */
	[0xaf] = REG_FORM,			  /* imul */
	[0xb6 ... 0xb7] = REG_FORM,		  /* movzx */
	[0xbe ... 0xbf] = REG_FORM,		  /* movsx */
	[0xd6] = VECTOR_FORM,
	[0xef] = VECTOR_FORM,
};

/* An instruction being taken apart. */
struct reader {
	const unsigned char *code;
	size_t bytes;
	size_t at;
	bool has_operand_prefix; /* 66 */
	bool has_segment;	 /* fs or gs */
	unsigned char repeat;	 /* F2, F3 or 0 */
	bool has_rex;
	bool is_wide; /* REX.W: 64 bits */
	unsigned reg_high;
	unsigned index_high;
	unsigned base_high;
	bool is_two_byte;
	bool is_vex;
	unsigned char opcode;
	uint16_t form;
	unsigned mode; /* ModRM */
	int reg;
	int rm;
};

static bool read_byte(struct reader *reader, unsigned char *ret)
{
	if (reader->at >= reader->bytes)
		return false;
	*ret = reader->code[reader->at++];
	return true;
}

/* A signed constant of @size bytes: 1, 2, 4 or 8. */
static bool read_constant(struct reader *reader, size_t size, int64_t *ret)
{
	uint64_t value = 0;

	if (reader->bytes - reader->at < size)
		return false;
	memcpy(&value, reader->code + reader->at, size);
	reader->at += size;
	uint64_t sign = (uint64_t)1 << (size * 8 - 1);
	*ret = (int64_t)((value ^ sign) - sign);
	return true;
}

/* Prefixes; what stands behind them is @ret. */
static bool read_prefixes(struct reader *reader, unsigned char *ret)
{
	for (;;) {
		if (!read_byte(reader, ret))
			return false;
		switch (*ret) {
		case 0x2e:
		case 0x3e:
			break;
		case 0x64:
		case 0x65:
			reader->has_segment = true;
			break;
		case 0x66:
			reader->has_operand_prefix = true;
			break;
		case 0xf2:
		case 0xf3:
			reader->repeat = *ret;
			break;
		default:
			return true;
		}
	}
}

static void take_rex(struct reader *reader, unsigned char rex)
{
	reader->has_rex = true;
	reader->is_wide = rex & 8;
	reader->reg_high = (rex & 4) << 1;
	reader->index_high = (rex & 2) << 2;
	reader->base_high = (rex & 1) << 3;
}

/* A VEX prefix; its bits for registers are inverted.  Only instructions of map 1 are known. */
static bool read_vex(struct reader *reader, unsigned char first)
{
	static const unsigned char repeats[] = { 0, 0, 0xf3, 0xf2 };
	unsigned char byte;

	if (!read_byte(reader, &byte))
		return false;
	reader->is_vex = true;
	reader->is_two_byte = true;
	reader->reg_high = byte & 0x80 ? 0 : 8;
	if (first == 0xc4) {
		reader->index_high = byte & 0x40 ? 0 : 8;
		reader->base_high = byte & 0x20 ? 0 : 8;
		if ((byte & 0x1f) != 1 || !read_byte(reader, &byte))
			return false;
		reader->is_wide = byte & 0x80;
	}
	reader->has_operand_prefix = (byte & 3) == 1;
	reader->repeat = repeats[byte & 3];
	return read_byte(reader, &reader->opcode);
}

static bool read_opcode(struct reader *reader)
{
	unsigned char byte;

	if (!read_prefixes(reader, &byte))
		return false;
	if (byte == 0xc4 || byte == 0xc5) {
		if (!read_vex(reader, byte))
			return false;
		reader->form = two_byte[reader->opcode];
		return reader->form & VECTOR;
	}
	if ((byte & 0xf0) == 0x40) {
		take_rex(reader, byte);
		if (!read_byte(reader, &byte))
			return false;
	}
	if (byte == 0x0f) {
		reader->is_two_byte = true;
		if (!read_byte(reader, &byte))
			return false;
	}
	reader->opcode = byte;
	reader->form = reader->is_two_byte ? two_byte[byte] : one_byte[byte];
	return reader->form & KNOWN;
}

/* The operand in memory behind a ModRM byte (volume 2, tables 2-2 and 2-3). */
static bool read_memory(struct reader *reader, struct kt_instruction *ret)
{
	int base = reader->rm;
	unsigned char sib;

	ret->has_memory = true;
	ret->index = KT_REGISTER_NONE;
	if (base == 4) {
		if (!read_byte(reader, &sib))
			return false;
		int index = (int)((sib >> 3 & 7) | reader->index_high);
		ret->index = index == 4 ? KT_REGISTER_NONE : index;
		base = sib & 7;
	}
	/* Mode 0 with base 5 is an address without base (or relative to rip). */
	bool has_base = base != 5 || reader->mode;
	ret->base = has_base ? base | (int)reader->base_high : KT_REGISTER_NONE;
	if (reader->mode == 1)
		return read_constant(reader, 1, &ret->displacement);
	if (reader->mode == 2 || !has_base)
		return read_constant(reader, 4, &ret->displacement);
	return true;
}

static bool read_modrm(struct reader *reader, struct kt_instruction *ret)
{
	unsigned char modrm;

	if (!read_byte(reader, &modrm))
		return false;
	reader->mode = modrm >> 6;
	reader->reg = modrm >> 3 & 7;
	reader->rm = modrm & 7;
	if (reader->mode != 3 && !read_memory(reader, ret))
		return false;
	/* A thread's own segment is none that we know an address in. */
	return !(reader->has_segment && ret->has_memory && ret->base != KT_REGISTER_NONE);
}

/* Opcodes whose meaning is in ModRM.reg. */
static uint16_t group(const struct reader *reader)
{
	uint16_t form = reader->form;
	bool is_byte = form & BYTE;

	if (reader->is_two_byte)
		return form;
	switch (reader->opcode) {
	case 0x90: /* with a high register it is an exchange */
		return reader->base_high ? 0 : form;
	case 0x80:
	case 0x81:
	case 0x83: /* the last is cmp */
		return reader->reg == 7 ? form & ~TO_RM : form;
	case 0xc6:
	case 0xc7:
		return reader->reg ? 0 : form;
	case 0xf6:
	case 0xf7:
		if (reader->reg <= 1) /* test */
			return (form & ~TO_RM) | (is_byte ? IMM8 : IMM32);
		return reader->reg <= 3 ? form : (form & ~TO_RM) | TO_RAX | TO_RDX;
	case 0xfe:
		return reader->reg <= 1 ? form : 0;
	case 0xff:
		if (reader->reg == 6) /* push */
			return form & ~TO_RM;
		if (reader->reg == 7)
			return 0;
		return reader->reg <= 1 ? form : (form & ~TO_RM) | LEAVES;
	default:
		return form;
	}
}

static bool read_immediate(struct reader *reader, struct kt_instruction *ret)
{
	size_t wide = reader->has_operand_prefix ? 2 : 4;

	if (reader->form & IMM8)
		return read_constant(reader, 1, &ret->value);
	if (!(reader->form & IMM32))
		return true;
	/* mov of a whole constant is the only one with eight bytes. */
	if (!reader->is_two_byte && reader->is_wide && (reader->opcode & 0xf8) == 0xb8)
		wide = 8;
	if (reader->form & LEAVES)
		wide = 4;
	return read_constant(reader, wide, &ret->value);
}

static uint32_t register_bits(const struct reader *reader, int number)
{
	uint32_t bits = (uint32_t)1 << number;

	/* ah, ch, dh, bh */
	if ((reader->form & BYTE) && !reader->has_rex && number >= 4 && number < 8)
		bits |= (uint32_t)1 << (number - 4);
	return bits;
}

static uint32_t written_registers(const struct reader *reader)
{
	uint32_t bits = 0;

	if (reader->form & TO_REG)
		bits |= register_bits(reader, reader->reg | (int)reader->reg_high);
	if ((reader->form & TO_RM) && reader->mode == 3)
		bits |= register_bits(reader, reader->rm | (int)reader->base_high);
	if (reader->form & TO_OPCODE)
		bits |= register_bits(reader, (reader->opcode & 7) | (int)reader->base_high);
	if (reader->form & TO_RAX)
		bits |= 1 << 0;
	if (reader->form & TO_RDX)
		bits |= 1 << 2;
	return bits;
}

static enum kt_instruction_kind leaving_kind(const struct reader *reader)
{
	unsigned char opcode = reader->opcode;

	if (reader->is_two_byte)
		return (opcode & 0xf0) == 0x80 ? KT_INSTRUCTION_BRANCH : KT_INSTRUCTION_END;
	if ((opcode & 0xf0) == 0x70)
		return KT_INSTRUCTION_BRANCH;
	return opcode == 0xe9 || opcode == 0xeb ? KT_INSTRUCTION_JUMP : KT_INSTRUCTION_END;
}

/* movq and movsd from memory. */
static bool is_vector_load(const struct reader *reader)
{
	return reader->mode != 3 && ((reader->opcode == 0x7e && reader->repeat == 0xf3) ||
				     (reader->opcode == 0x10 && reader->repeat == 0xf2));
}

static void set_copy(struct kt_instruction *ret, int target, int source)
{
	ret->kind = KT_INSTRUCTION_COPY;
	ret->target = target;
	ret->source = source;
}

/* The 64-bit instructions of one byte that are more than a change of registers. */
static void classify_wide(const struct reader *reader, struct kt_instruction *ret)
{
	int reg = reader->reg | (int)reader->reg_high;
	int rm = reader->rm | (int)reader->base_high;

	switch (reader->opcode) {
	case 0x05:
		ret->kind = KT_INSTRUCTION_ADD;
		ret->target = 0;
		break;
	case 0x81:
	case 0x83:
		if (reader->mode != 3 || (reader->reg != 0 && reader->reg != 5))
			break;
		ret->kind = KT_INSTRUCTION_ADD;
		ret->target = rm;
		ret->value = reader->reg ? -ret->value : ret->value; /* /5 is sub */
		break;
	case 0x89:
		if (reader->mode == 3)
			set_copy(ret, rm, reg);
		break;
	case 0x8b:
		if (reader->mode == 3)
			set_copy(ret, reg, rm);
		else
			ret->kind = KT_INSTRUCTION_LOAD;
		break;
	case 0x8d:
		ret->kind = KT_INSTRUCTION_ADDRESS;
		break;
	default:
		break;
	}
}

bool kt_instruction_decode(const unsigned char *code, size_t bytes, struct kt_instruction *ret)
{
	struct reader reader = { .code = code, .bytes = bytes };
	struct kt_instruction found = { .base = KT_REGISTER_NONE, .index = KT_REGISTER_NONE };

	if (!read_opcode(&reader) || ((reader.form & MODRM) && !read_modrm(&reader, &found)))
		return false;
	reader.form = group(&reader);
	if (!reader.form || !read_immediate(&reader, &found))
		return false;
	found.bytes = reader.at;
	found.writes = written_registers(&reader);
	if (reader.form & LEAVES)
		found.kind = leaving_kind(&reader);
	else if (reader.form & VECTOR)
		found.kind = is_vector_load(&reader) ? KT_INSTRUCTION_LOAD : KT_INSTRUCTION_OTHER;
	else if (reader.is_wide && !reader.is_two_byte)
		classify_wide(&reader, &found);
	*ret = found;
	return true;
}
