/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/bpf_program.h"

#include <assert.h>
#include <stddef.h>

#define RECORD(member) ((int)offsetof(struct kt_bpf_record, member))
#define HEADER(member) ((int)offsetof(struct kt_bpf_header, member))

enum {
	TASK_OF_CONTEXT = 8, /* struct bpf_iter__task: meta, task */
	TASK_UNINTERRUPTIBLE = 2,
	KEY_SLOT = -4, /* on the stack */
	WORD_SLOT = -16,
	JUMPS_MAX = 16,
};

/* What registers hold throughout; 0 to 5 are lost with each call. */
enum {
	R_TASK = BPF_REG_6,
	R_RECORD = BPF_REG_7,
	R_HEADER = BPF_REG_8,
	R_WORD = BPF_REG_9,
};

struct code {
	struct bpf_insn *insns;
	size_t count;
};

/* Jumps that go to the same place, which comes later. */
struct jumps {
	size_t at[JUMPS_MAX];
	size_t count;
};

static void emit(struct code *code, int opcode, int dst, int src, int off, int32_t imm)
{
	assert(code->count < KT_BPF_CODE_MAX);
	assert(off >= INT16_MIN && off <= INT16_MAX);
	code->insns[code->count++] = (struct bpf_insn){
		.code = (uint8_t)opcode,
		.dst_reg = (uint8_t)dst & 15,
		.src_reg = (uint8_t)src & 15,
		.off = (int16_t)off,
		.imm = imm,
	};
}

static int size_code(size_t bytes)
{
	return bytes == 8 ? BPF_DW : BPF_W;
}

static void load(struct code *code, size_t bytes, int dst, int base, int off)
{
	emit(code, BPF_LDX | BPF_MEM | size_code(bytes), dst, base, off, 0);
}

static void store(struct code *code, size_t bytes, int base, int off, int src)
{
	emit(code, BPF_STX | BPF_MEM | size_code(bytes), base, src, off, 0);
}

static void store_number(struct code *code, size_t bytes, int base, int off, int32_t value)
{
	emit(code, BPF_ST | BPF_MEM | size_code(bytes), base, 0, off, value);
}

static void move(struct code *code, int dst, int src)
{
	emit(code, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void set(struct code *code, int dst, int32_t value)
{
	emit(code, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
}

static void add(struct code *code, int dst, int32_t value)
{
	emit(code, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value);
}

/* A 64-bit number, or what @kind (BPF_PSEUDO_*) makes of it. */
static void set_wide(struct code *code, int dst, int kind, uint64_t value)
{
	emit(code, BPF_LD | BPF_DW | BPF_IMM, dst, kind, 0, (int32_t)(uint32_t)value);
	emit(code, 0, 0, 0, 0, (int32_t)(uint32_t)(value >> 32));
}

/* Adds @value, which is left in register 1. */
static void add_wide(struct code *code, int dst, uint64_t value)
{
	set_wide(code, BPF_REG_1, 0, value);
	emit(code, BPF_ALU64 | BPF_ADD | BPF_X, dst, BPF_REG_1, 0, 0);
}

static void call(struct code *code, int function)
{
	emit(code, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

static void leave(struct code *code)
{
	set(code, BPF_REG_0, 0);
	emit(code, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Jumps to the place that land() will say, if "@dst OP @value" holds. */
static void jump_if(struct code *code, struct jumps *jumps, int op, int dst, int32_t value)
{
	assert(jumps->count < JUMPS_MAX);
	jumps->at[jumps->count++] = code->count;
	emit(code, BPF_JMP | op | BPF_K, dst, 0, 0, value);
}

static void jump_if_reg(struct code *code, struct jumps *jumps, int op, int dst, int src)
{
	assert(jumps->count < JUMPS_MAX);
	jumps->at[jumps->count++] = code->count;
	emit(code, BPF_JMP | op | BPF_X, dst, src, 0, 0);
}

static void land(struct code *code, const struct jumps *jumps)
{
	for (size_t i = 0; i < jumps->count; i++)
		code->insns[jumps->at[i]].off = (int16_t)(code->count - jumps->at[i] - 1);
}

static void load_member(struct code *code, const struct kt_bpf_program *program,
			enum kt_task_member member, int dst)
{
	const struct kt_btf_member *found = &program->task->members[member];

	load(code, found->size_bytes, dst, R_TASK, (int)found->offset_bytes);
}

/* Copies a member, if the kernel has it, to @off of the record. */
static void keep_member(struct code *code, const struct kt_bpf_program *program,
			enum kt_task_member member, size_t bytes, int off)
{
	if (!kt_bpf_task_has(program->task, member))
		return;
	load_member(code, program, member, BPF_REG_1);
	store(code, bytes, R_RECORD, off, BPF_REG_1);
}

size_t kt_bpf_cache_offset(const struct kt_tls_place *place)
{
	return sizeof(struct kt_bpf_record) + (place->span_bytes + 7) / 8 * 8;
}

size_t kt_bpf_record_bytes(const struct kt_tls_place *place, uint32_t cache_bytes)
{
	return kt_bpf_cache_offset(place) + (cache_bytes + 7) / 8 * 8;
}

bool kt_bpf_knows_tail(const struct kt_bpf_task *task)
{
	return kt_bpf_task_has(task, KT_TASK_SIGNAL) && kt_bpf_task_has(task, KT_TASK_NEXT) &&
	       task->thread_head.size_bytes;
}

/* Leaves unless the task is a thread of the target. */
static void emit_filter(struct code *code, const struct kt_bpf_program *program)
{
	struct jumps mine = { 0 };
	struct jumps none = { 0 };

	load(code, 8, R_TASK, BPF_REG_1, TASK_OF_CONTEXT);
	jump_if(code, &none, BPF_JEQ, R_TASK, 0); /* the end of the walk */
	load_member(code, program, KT_TASK_TGID, BPF_REG_1);
	jump_if(code, &mine, BPF_JEQ, BPF_REG_1, program->pid);
	land(code, &none);
	leave(code);
	land(code, &mine);
}

/*
 * The last of the group's list has the list's head as its next.  A walk of the group ends early
 * when the thread it stands on ends; it is whole if it ended on what was the last one then.
 */
static void emit_tail(struct code *code, const struct kt_bpf_program *program)
{
	struct jumps end = { 0 };

	store_number(code, 4, R_HEADER, HEADER(is_tail), 0);
	if (!kt_bpf_knows_tail(program->task))
		return;
	load_member(code, program, KT_TASK_NEXT, BPF_REG_1);
	load_member(code, program, KT_TASK_SIGNAL, BPF_REG_2);
	add(code, BPF_REG_2, (int32_t)program->task->thread_head.offset_bytes);
	jump_if_reg(code, &end, BPF_JNE, BPF_REG_1, BPF_REG_2);
	store_number(code, 4, R_HEADER, HEADER(is_tail), 1);
	land(code, &end);
}

/* Counts the thread and finds its slot; leaves if there is none. */
static void emit_slot(struct code *code, const struct kt_bpf_program *program)
{
	struct jumps found = { 0 };

	load(code, 8, BPF_REG_1, R_HEADER, HEADER(count));
	store(code, 4, BPF_REG_10, KEY_SLOT, BPF_REG_1);
	add(code, BPF_REG_1, 1);
	store(code, 8, R_HEADER, HEADER(count), BPF_REG_1);
	set_wide(code, BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint32_t)program->records_fd);
	move(code, BPF_REG_2, BPF_REG_10);
	add(code, BPF_REG_2, KEY_SLOT);
	call(code, BPF_FUNC_map_lookup_elem);
	jump_if(code, &found, BPF_JNE, BPF_REG_0, 0);
	leave(code);
	land(code, &found);
	move(code, R_RECORD, BPF_REG_0);
}

/* Adds a jump for: the member differs from what the slot has. */
static void jump_if_differs(struct code *code, const struct kt_bpf_program *program,
			    struct jumps *jumps, enum kt_task_member member, size_t bytes, int off)
{
	load_member(code, program, member, BPF_REG_1);
	load(code, bytes, BPF_REG_2, R_RECORD, off);
	jump_if_reg(code, jumps, BPF_JNE, BPF_REG_1, BPF_REG_2);
}

/*
 * Goes on where the slot is for another thread than before, or to @copy, or takes the
 * jumps in @skip when the counters cannot have changed.
 */
static void emit_decision(struct code *code, const struct kt_bpf_program *program,
			  struct jumps *copy, struct jumps *skip)
{
	struct jumps changed = { 0 };

	jump_if_differs(code, program, &changed, KT_TASK_TID, 4, RECORD(tid));
	jump_if_differs(code, program, &changed, KT_TASK_START, 8, RECORD(start_ns));
	jump_if_differs(code, program, &changed, KT_TASK_TP, 8, RECORD(tp));
	if (!kt_bpf_task_has(program->task, KT_TASK_ON_CPU)) {
		jump_if(code, copy, BPF_JA, 0, 0);
	} else {
		load_member(code, program, KT_TASK_ON_CPU, BPF_REG_1);
		jump_if(code, copy, BPF_JNE, BPF_REG_1, 0);
		/* After on_cpu, not before: see the header. */
		jump_if_differs(code, program, copy, KT_TASK_VOLUNTARY, 8, RECORD(voluntary));
		jump_if_differs(code, program, copy, KT_TASK_INVOLUNTARY, 8, RECORD(involuntary));
		load_member(code, program, KT_TASK_STATE, BPF_REG_1);
		jump_if(code, copy, BPF_JSET, BPF_REG_1, TASK_UNINTERRUPTIBLE);
		load(code, 4, BPF_REG_1, R_RECORD, RECORD(is_forced));
		jump_if(code, copy, BPF_JNE, BPF_REG_1, 0);
		load(code, 4, BPF_REG_1, R_RECORD, RECORD(status));
		jump_if(code, copy, BPF_JGE, BPF_REG_1, KT_BPF_COPY_FAILED);
		jump_if(code, skip, BPF_JA, 0, 0);
	}
	land(code, &changed);
	load(code, 8, BPF_REG_1, R_HEADER, HEADER(changes));
	add(code, BPF_REG_1, 1);
	store(code, 8, R_HEADER, HEADER(changes), BPF_REG_1);
	store_number(code, 8, R_RECORD, RECORD(shown_utime_ns), 0);
	store_number(code, 8, R_RECORD, RECORD(shown_stime_ns), 0);
	store_number(code, 4, R_RECORD, RECORD(is_forced), 0);
}

/* Who it is, and its switches: before the counters are copied. */
static void emit_identity(struct code *code, const struct kt_bpf_program *program)
{
	keep_member(code, program, KT_TASK_TID, 4, RECORD(tid));
	keep_member(code, program, KT_TASK_START, 8, RECORD(start_ns));
	keep_member(code, program, KT_TASK_TP, 8, RECORD(tp));
	keep_member(code, program, KT_TASK_VOLUNTARY, 8, RECORD(voluntary));
	keep_member(code, program, KT_TASK_INVOLUNTARY, 8, RECORD(involuntary));
	load(code, 4, BPF_REG_1, R_HEADER, HEADER(pass));
	store(code, 4, R_RECORD, RECORD(pass), BPF_REG_1);
}

/* Copies @bytes from the address in register 3 to the one in register 1; 0 in register 0 if all. */
static void emit_user_copy(struct code *code, uint32_t bytes)
{
	set(code, BPF_REG_2, (int32_t)bytes);
	move(code, BPF_REG_4, R_TASK);
	set(code, BPF_REG_5, 0);
	call(code, BPF_FUNC_copy_from_user_task);
}

/* Reads the user's word at the address in register 3 into R_WORD. */
static void emit_user_word(struct code *code, struct jumps *unreadable)
{
	move(code, BPF_REG_1, BPF_REG_10);
	add(code, BPF_REG_1, WORD_SLOT);
	emit_user_copy(code, 8);
	jump_if(code, unreadable, BPF_JNE, BPF_REG_0, 0);
	load(code, 8, R_WORD, BPF_REG_10, WORD_SLOT);
}

/* Leaves @status in the slot and goes to @end. */
static void emit_status(struct code *code, struct jumps *end, enum kt_bpf_status status)
{
	store_number(code, 4, R_RECORD, RECORD(status), (int32_t)status);
	jump_if(code, end, BPF_JA, 0, 0);
}

/*
 * The counters' address through the thread's vector into R_WORD (see tls_place.h and
 * kt_tls_place_address(), which does the same from outside), or another status and @end.
 */
static void emit_vector(struct code *code, const struct kt_bpf_program *program, struct jumps *end)
{
	const struct kt_tls_place *place = program->place;
	struct jumps unreadable = { 0 };
	struct jumps no_block = { 0 };
	struct jumps overflow = { 0 };
	struct jumps found = { 0 };

	load(code, 8, BPF_REG_3, R_RECORD, RECORD(tp));
	add(code, BPF_REG_3, KT_DTV_POINTER_OFFSET);
	emit_user_word(code, &unreadable);
	store(code, 8, R_RECORD, RECORD(address), R_WORD);
	move(code, BPF_REG_3, R_WORD);
	add(code, BPF_REG_3, -KT_DTV_ENTRY_BYTES);
	emit_user_word(code, &unreadable);
	jump_if(code, &no_block, BPF_JLT, R_WORD, (int32_t)place->module);
	load(code, 8, BPF_REG_3, R_RECORD, RECORD(address));
	add(code, BPF_REG_3, (int32_t)place->module * KT_DTV_ENTRY_BYTES);
	emit_user_word(code, &unreadable);
	jump_if(code, &no_block, BPF_JEQ, R_WORD, 0);
	jump_if(code, &no_block, BPF_JEQ, R_WORD, -1);
	add_wide(code, R_WORD, place->block_offset);
	jump_if_reg(code, &overflow, BPF_JLT, R_WORD, BPF_REG_1);
	store(code, 8, R_RECORD, RECORD(address), R_WORD);
	jump_if(code, &found, BPF_JA, 0, 0);
	land(code, &unreadable);
	emit_status(code, end, KT_BPF_VECTOR_UNREADABLE);
	land(code, &no_block);
	emit_status(code, end, KT_BPF_NO_BLOCK);
	land(code, &overflow);
	emit_status(code, end, KT_BPF_ADDRESS_OVERFLOW);
	land(code, &found);
}

/* Copies the user's bytes at the address in R_WORD to @offset of the record; 0 if all. */
static void emit_record_copy(struct code *code, size_t offset, uint32_t bytes)
{
	move(code, BPF_REG_1, R_RECORD);
	add(code, BPF_REG_1, (int32_t)offset);
	move(code, BPF_REG_3, R_WORD);
	emit_user_copy(code, bytes);
}

/* Copies the cache of the thread whose counters are at the address in R_WORD. */
static void emit_cache(struct code *code, const struct kt_bpf_program *program)
{
	struct jumps failed = { 0 };

	if (!program->cache_bytes)
		return;
	store_number(code, 4, R_RECORD, RECORD(has_cache), 0);
	add_wide(code, R_WORD, program->cache_distance);
	emit_record_copy(code, kt_bpf_cache_offset(program->place), program->cache_bytes);
	jump_if(code, &failed, BPF_JNE, BPF_REG_0, 0);
	store_number(code, 4, R_RECORD, RECORD(has_cache), 1);
	land(code, &failed);
}

static void emit_copy(struct code *code, const struct kt_bpf_program *program)
{
	const struct kt_tls_place *place = program->place;
	struct jumps failed = { 0 };
	struct jumps end = { 0 };

	if (place->access == KT_TLS_DTV) {
		emit_vector(code, program, &end);
	} else {
		/* A sum that wraps is no user address, so the copy fails: nothing is below 0. */
		load(code, 8, R_WORD, R_RECORD, RECORD(tp));
		add_wide(code, R_WORD, (uint64_t)place->tp_offset);
	}
	emit_record_copy(code, RECORD(counters), place->span_bytes);
	jump_if(code, &failed, BPF_JNE, BPF_REG_0, 0);
	emit_cache(code, program);
	emit_status(code, &end, KT_BPF_COPIED);
	land(code, &failed);
	emit_status(code, &end, KT_BPF_COPY_FAILED);
	land(code, &end);
}

static void emit_name(struct code *code, const struct kt_bpf_program *program)
{
	int comm = (int)program->task->members[KT_TASK_COMM].offset_bytes;

	for (int at = 0; at < KT_COMM_BYTES; at += 8) {
		load(code, 8, BPF_REG_1, R_TASK, comm + at);
		store(code, 8, R_RECORD, RECORD(comm) + at, BPF_REG_1);
	}
}

static void emit_extras(struct code *code, const struct kt_bpf_program *program)
{
	static const struct {
		enum kt_task_member member;
		uint32_t extras; /* any of these needs it */
		size_t bytes;
		int off;
	} kept[] = {
		{ KT_TASK_RUN, KT_EXTRA_SCHED | KT_EXTRA_CPU, 8, RECORD(run_ns) },
		{ KT_TASK_RUN_DELAY, KT_EXTRA_SCHED, 8, RECORD(run_delay_ns) },
		{ KT_TASK_CPU, KT_EXTRA_CPU, 4, RECORD(cpu) },
		{ KT_TASK_EXIT_STATE, KT_EXTRA_CPU, 4, RECORD(exit_state) },
		{ KT_TASK_STATE, KT_EXTRA_CPU, 4, RECORD(state) },
		{ KT_TASK_UTIME, KT_EXTRA_CPU, 8, RECORD(utime_ns) },
		{ KT_TASK_STIME, KT_EXTRA_CPU, 8, RECORD(stime_ns) },
		{ KT_TASK_PREV_UTIME, KT_EXTRA_CPU, 8, RECORD(prev_utime_ns) },
		{ KT_TASK_PREV_STIME, KT_EXTRA_CPU, 8, RECORD(prev_stime_ns) },
		{ KT_TASK_VTIME_STATE, KT_EXTRA_CPU, 4, RECORD(vtime_state) },
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (program->extras & kept[i].extras)
			keep_member(code, program, kept[i].member, kept[i].bytes, kept[i].off);
}

size_t kt_bpf_program_make(const struct kt_bpf_program *program,
			   struct bpf_insn insns[static KT_BPF_CODE_MAX])
{
	struct code code = { .insns = insns };
	struct jumps copy = { 0 };
	struct jumps skip = { 0 };

	emit_filter(&code, program);
	set_wide(&code, R_HEADER, BPF_PSEUDO_MAP_VALUE, (uint32_t)program->header_fd);
	emit_tail(&code, program);
	emit_slot(&code, program);
	emit_decision(&code, program, &copy, &skip);
	land(&code, &copy);
	emit_identity(&code, program);
	emit_copy(&code, program);
	land(&code, &skip);
	/* After the copy: PF_EXITING tells whether that was still the thread's memory. */
	keep_member(&code, program, KT_TASK_FLAGS, 4, RECORD(flags));
	keep_member(&code, program, KT_TASK_ROBUST_LIST, 8, RECORD(robust_list));
	emit_name(&code, program);
	emit_extras(&code, program);
	leave(&code);
	return code.count;
}
