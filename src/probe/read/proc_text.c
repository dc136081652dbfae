/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/read/proc_text.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "probe/read/threads.h"

/* Fields of "stat" behind the name, the state being the first. */
enum {
	STATE_FIELD = 1,
	UTIME_FIELD = 12,
	STIME_FIELD = 13,
	START_TIME_FIELD = 20,
	CPU_FIELD = 37,
};

/* A piece of text. */
struct piece {
	const char *start;
	size_t len;
};

/* The next word of @rest, without the blanks around it; empty at the end. */
static struct piece take_word(struct piece *rest)
{
	const char *end = rest->start + rest->len;
	const char *at = rest->start;

	while (at < end && isspace((unsigned char)*at))
		at++;
	struct piece word = { .start = at };
	while (at < end && !isspace((unsigned char)*at))
		at++;
	word.len = (size_t)(at - word.start);
	*rest = (struct piece){ at, (size_t)(end - at) };
	return word;
}

static bool parse_number(struct piece word, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (word.start[i] < '0' || word.start[i] > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(word.start[i] - '0'), &value))
			return false;
	}
	if (!word.len)
		return false;
	*ret = value;
	return true;
}

/* The kernel writes newline and backslash of a name as "\n" and "\\". */
static size_t unescape(const char *from, size_t len, char *to, size_t max)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used < max; i++) {
		char byte = from[i];
		if (byte == '\\' && i + 1 < len && (from[i + 1] == 'n' || from[i + 1] == '\\'))
			byte = from[++i] == 'n' ? '\n' : '\\';
		to[used++] = byte;
	}
	return used;
}

static void take_comm(const char *name, size_t len, char comm[static KT_COMM_BYTES])
{
	char text[KT_COMM_BYTES];

	kt_threads_take_name(text, unescape(name, len, text, sizeof(text) - 1), comm);
}

static void parse_fields(struct piece rest, struct kt_stat_text *ret)
{
	bool has_utime = false;
	bool has_stime = false;
	uint64_t cpu = 0;

	for (int field = STATE_FIELD; field <= CPU_FIELD; field++) {
		struct piece word = take_word(&rest);
		if (!word.len)
			return;
		if (field == STATE_FIELD)
			ret->state = *word.start;
		else if (field == UTIME_FIELD)
			has_utime = parse_number(word, &ret->utime_ticks);
		else if (field == STIME_FIELD)
			has_stime = parse_number(word, &ret->stime_ticks);
		else if (field == START_TIME_FIELD)
			ret->has_start_time = parse_number(word, &ret->start_time_jiffies);
		else if (field == CPU_FIELD)
			ret->has_cpu = has_utime && has_stime && parse_number(word, &cpu) &&
				       cpu <= INT32_MAX;
	}
	ret->cpu = (int32_t)cpu;
}

void kt_stat_parse(const char *text, size_t len, struct kt_stat_text *ret)
{
	const char *open = memchr(text, '(', len);
	const char *close = memrchr(text, ')', len);

	*ret = (struct kt_stat_text){ 0 };
	if (!close)
		return;
	if (open && open < close)
		take_comm(open + 1, (size_t)(close - open - 1), ret->comm);
	close++;
	parse_fields((struct piece){ close, (size_t)(text + len - close) }, ret);
}

bool kt_schedstat_parse(const char *text, size_t len, uint64_t *ret_run_ns, uint64_t *ret_delay_ns)
{
	struct piece rest = { text, len };
	uint64_t run_ns;

	if (!parse_number(take_word(&rest), &run_ns) ||
	    !parse_number(take_word(&rest), ret_delay_ns))
		return false;
	*ret_run_ns = run_ns;
	return true;
}

/* The number that follows @key at the start of a line. */
static bool find_number(struct piece text, const char *key, uint64_t *ret)
{
	size_t key_len = strlen(key);
	const char *end = text.start + text.len;

	for (const char *at = text.start; at < end;) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		if (!line_end)
			line_end = end;
		if ((size_t)(line_end - at) > key_len && !memcmp(at, key, key_len)) {
			struct piece rest = { at + key_len, (size_t)(line_end - at) - key_len };
			return parse_number(take_word(&rest), ret);
		}
		at = line_end + 1;
	}
	return false;
}

bool kt_switches_parse(const char *text, size_t len, uint64_t *ret_voluntary,
		       uint64_t *ret_involuntary)
{
	struct piece all = { text, len };
	uint64_t voluntary;

	if (!find_number(all, "voluntary_ctxt_switches:", &voluntary) ||
	    !find_number(all, "nonvoluntary_ctxt_switches:", ret_involuntary))
		return false;
	*ret_voluntary = voluntary;
	return true;
}

bool kt_ticks_to_ns(uint64_t ticks, uint64_t per_second, uint64_t *ret_ns)
{
	if (!per_second || per_second > KT_NS_PER_SEC)
		return false;
	uint64_t rest_ns = ticks % per_second * KT_NS_PER_SEC / per_second;
	return !__builtin_mul_overflow(ticks / per_second, KT_NS_PER_SEC, &ticks) &&
	       !__builtin_add_overflow(ticks, rest_ns, ret_ns);
}
