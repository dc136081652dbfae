/* SPDX-License-Identifier: GPL-2.0-or-later */
/** The options of patterns: one table, a function for each kind of value. */
#include "worker/pattern.h"

#include <stddef.h>
#include <string.h>

#define DEFAULT_RATE_BYTES  (1U << 20)
#define DEFAULT_LEAK_LIMIT  (64U << 20)
#define RATE_MAX_BYTES	    (UINT64_C(1) << 40)
#define LEAK_LIMIT_MAX	    (UINT64_C(1) << 40)
#define PHASE_MAX_MS	    3600000
#define SECONDS_MAX	    (365U * 86400)
#define DEFAULT_PERCENT	    10
#define DEFAULT_BURST_ON_MS 500

void kt_pattern_init(struct kt_pattern *ret)
{
	*ret = (struct kt_pattern){
		.rate_bytes = DEFAULT_RATE_BYTES,
		.size_min = 16,
		.size_max = 4096,
		.burst_on_ms = DEFAULT_BURST_ON_MS,
		.burst_off_ms = 3 * DEFAULT_BURST_ON_MS,
		.leak_percent = DEFAULT_PERCENT,
		.leak_limit_bytes = DEFAULT_LEAK_LIMIT,
		.seed = 1,
	};
}

/** Reads decimal digits at *@text and goes past them; false if there are none or too many. */
static bool take_digits(const char **text, uint64_t *ret)
{
	uint64_t value = 0;
	const char *at = *text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return false;
	}
	if (at == *text)
		return false;
	*text = at;
	*ret = value;
	return true;
}

/** The same with a suffix k, M or G, in powers of 1024. */
static bool take_bytes(const char **text, uint64_t *ret)
{
	static const char suffixes[] = "kMG";
	uint64_t value;

	if (!take_digits(text, &value))
		return false;
	const char *suffix = **text ? strchr(suffixes, **text) : NULL;
	if (suffix) {
		uint64_t unit = UINT64_C(1) << (10 * (suffix - suffixes + 1));
		if (__builtin_mul_overflow(value, unit, &value))
			return false;
		(*text)++;
	}
	*ret = value;
	return true;
}

static bool is_between(uint64_t value, uint64_t min, uint64_t max)
{
	return value >= min && value <= max;
}

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	return take_digits(&text, ret) && !*text && is_between(*ret, min, max);
}

static bool read_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	return take_bytes(&text, ret) && !*text && is_between(*ret, min, max);
}

static bool set_threads(struct kt_pattern *pattern, const char *value)
{
	uint64_t count;

	if (!read_number(value, 1, KT_PATTERN_THREADS_MAX, &count))
		return false;
	pattern->thread_count = (uint32_t)count;
	return true;
}

static bool set_rate(struct kt_pattern *pattern, const char *value)
{
	return read_bytes(value, 0, RATE_MAX_BYTES, &pattern->rate_bytes);
}

static bool set_sizes(struct kt_pattern *pattern, const char *value)
{
	return take_bytes(&value, &pattern->size_min) && *value++ == '-' &&
	       take_bytes(&value, &pattern->size_max) && !*value &&
	       pattern->size_min >= KT_PATTERN_SIZE_MIN &&
	       is_between(pattern->size_max, pattern->size_min, KT_PATTERN_SIZE_MAX);
}

static bool set_burst(struct kt_pattern *pattern, const char *value)
{
	pattern->has_role[KT_PATTERN_BURST] = true;
	return take_digits(&value, &pattern->burst_on_ms) && *value++ == '/' &&
	       take_digits(&value, &pattern->burst_off_ms) && !*value &&
	       is_between(pattern->burst_on_ms, 1, PHASE_MAX_MS) &&
	       is_between(pattern->burst_off_ms, 1, PHASE_MAX_MS);
}

static bool set_leak(struct kt_pattern *pattern, const char *value)
{
	pattern->has_role[KT_PATTERN_LEAK] = true;
	return read_number(value, 1, 100, &pattern->leak_percent);
}

static bool set_leak_limit(struct kt_pattern *pattern, const char *value)
{
	return read_bytes(value, 1, LEAK_LIMIT_MAX, &pattern->leak_limit_bytes);
}

static bool set_hand_over(struct kt_pattern *pattern, const char *value)
{
	(void)value;
	pattern->has_role[KT_PATTERN_GIVE] = pattern->has_role[KT_PATTERN_FREE] = true;
	return true;
}

static bool set_names(struct kt_pattern *pattern, const char *value)
{
	(void)value;
	pattern->is_naming = true;
	return true;
}

static bool set_seed(struct kt_pattern *pattern, const char *value)
{
	return read_number(value, 0, UINT64_MAX, &pattern->seed);
}

static bool set_seconds(struct kt_pattern *pattern, const char *value)
{
	return read_number(value, 0, SECONDS_MAX, &pattern->seconds);
}

static bool set_pattern(struct kt_pattern *pattern, const char *value)
{
	static const struct {
		const char *name;
		bool has_role[KT_PATTERN_ROLE_COUNT];
	} words[] = {
		{ "steady", { [KT_PATTERN_ALLOC] = true } },
		{ "burst", { [KT_PATTERN_BURST] = true } },
		{ "leak", { [KT_PATTERN_LEAK] = true } },
		{ "hand-over", { [KT_PATTERN_GIVE] = true, [KT_PATTERN_FREE] = true } },
		{ "mixed", { true, true, true, true, true } },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(words[i].name, value) != 0)
			continue;
		for (size_t role = 0; role < KT_PATTERN_ROLE_COUNT; role++)
			pattern->has_role[role] |= words[i].has_role[role];
		return true;
	}
	return false;
}

static const struct option {
	const char *name; /* ends in '=' if it has a value */
	bool (*set)(struct kt_pattern *pattern, const char *value);
	const char *complaint;
} options[] = {
	{ "--pattern=", set_pattern, "--pattern must be steady, burst, leak, hand-over or mixed" },
	{ "--threads=", set_threads, "--threads must be a number from 1 to 1024" },
	{ "--rate=", set_rate,
	  "--rate must be bytes per second, at most 1024G (suffixes k, M and G; 0: no limit)" },
	{ "--sizes=", set_sizes, "--sizes must be MIN-MAX in bytes, from 16 to 64M, MIN first" },
	{ "--burst=", set_burst, "--burst must be ON/OFF in milliseconds, each from 1 to 3600000" },
	{ "--leak=", set_leak, "--leak must be a percentage from 1 to 100" },
	{ "--leak-limit=", set_leak_limit, "--leak-limit must be bytes from 1 to 1024G" },
	{ "--hand-over", set_hand_over, "" },
	{ "--names", set_names, "" },
	{ "--seed=", set_seed, "--seed must be a number below 2^64" },
	{ "--seconds=", set_seconds, "--seconds must be a number from 0 to 31536000" },
};

enum kt_pattern_word kt_pattern_take(struct kt_pattern *pattern, const char *word,
				     const char **ret_complaint)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		const struct option *option = &options[i];
		size_t len = strlen(option->name);
		bool has_value = option->name[len - 1] == '=';

		/* One without a value is meant only by itself: --names=x is unknown. */
		if (strncmp(word, option->name, len) != 0 || (!has_value && word[len]))
			continue;
		pattern->is_asked_for = true;
		if (option->set(pattern, word + len))
			return KT_PATTERN_WORD_TAKEN;
		*ret_complaint = option->complaint;
		return KT_PATTERN_WORD_BAD;
	}
	return KT_PATTERN_WORD_OTHER;
}

const char *kt_pattern_settle(struct kt_pattern *pattern)
{
	uint32_t roles = 0;

	for (size_t role = 0; role < KT_PATTERN_ROLE_COUNT; role++)
		roles += pattern->has_role[role];
	if (!roles) {
		pattern->has_role[KT_PATTERN_ALLOC] = true;
		roles = 1;
	}
	if (!pattern->thread_count)
		pattern->thread_count = roles;
	if (pattern->thread_count < roles)
		return "--threads must be at least the number of roles (hand-over has two, mixed "
		       "five)";
	return NULL;
}
