/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/views/format.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"

/* Products of two 64-bit numbers; nothing is rounded before the last digit that is shown. */
__extension__ typedef unsigned __int128 wide;

enum {
	MAX_DIGITS = 24
};

static const char *const style_words[KT_UNIT_STYLE_COUNT] = { "iec", "si", "bytes" };

static const char *const iec_names[] = { "B",	"KiB", "MiB", "GiB", "TiB",
					 "PiB", "EiB", "ZiB", "YiB", NULL };
static const char *const si_names[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB", NULL };
static const char *const count_names[] = { "", "k", "M", "G", "T", "P", "E", NULL };

/* A quantity: a fraction, so that a rate is rounded once. */
struct ratio {
	wide number;
	wide divisor;
};

/* How its units grow, and below how many of a unit a tenth is shown. */
struct scale {
	const char *const *names;
	unsigned step;
	unsigned tenths_below;
};

/* @times / @unit of the ratio, rounded to the nearest. */
static wide rounded(struct ratio ratio, wide times, wide unit)
{
	wide divisor = ratio.divisor * unit;

	return (ratio.number * times + divisor / 2) / divisor;
}

static void put_wide(wide number, struct kt_buf *out)
{
	char digits[MAX_DIGITS * 2];
	char *at = digits + sizeof(digits);

	*--at = '\0';
	do {
		*--at = (char)('0' + (int)(number % 10));
		number /= 10;
	} while (number);
	kt_buf_puts(out, at);
}

static void put_tenths(wide tenths, struct kt_buf *out)
{
	put_wide(tenths / 10, out);
	kt_buf_printf(out, ".%u", (unsigned)(tenths % 10));
}

/* In the first unit in which what is shown, rounded, is less than a step. */
static void put_scaled(const struct scale *scale, struct ratio ratio, struct kt_buf *out)
{
	const char *const *name = scale->names;

	for (wide unit = 1;; unit *= scale->step, name++) {
		wide tenths = rounded(ratio, 10, unit);
		wide whole = rounded(ratio, 1, unit);

		if (unit > 1 && tenths < (wide)scale->tenths_below * 10) {
			put_tenths(tenths, out);
			break;
		}
		if (whole < scale->step || !name[1]) {
			put_wide(whole, out);
			break;
		}
	}
	kt_buf_puts(out, *name);
}

static void put_bytes(const struct kt_units *units, struct ratio ratio, unsigned tenths_below,
		      struct kt_buf *out)
{
	struct scale scale = {
		.names = units->style == KT_UNITS_SI ? si_names : iec_names,
		.step = units->style == KT_UNITS_SI ? 1000 : 1024,
		.tenths_below = tenths_below,
	};

	if (units->style == KT_UNITS_BYTES) {
		put_wide(rounded(ratio, 1, 1), out);
		kt_buf_putc(out, 'B');
		return;
	}
	put_scaled(&scale, ratio, out);
}

void kt_format_bytes(const struct kt_units *units, uint64_t bytes, struct kt_buf *out)
{
	put_bytes(units, (struct ratio){ bytes, 1 }, 1000, out);
}

void kt_format_flow(const struct kt_units *units, uint64_t magnitude, bool is_negative,
		    struct kt_buf *out)
{
	if (magnitude)
		kt_buf_putc(out, is_negative ? '-' : '+');
	put_bytes(units, (struct ratio){ magnitude, 1 }, 10, out);
}

void kt_format_rate(const struct kt_units *units, uint64_t bytes, uint64_t elapsed_ns,
		    struct kt_buf *out)
{
	struct ratio ratio = { (wide)bytes * KT_NS_PER_SEC, elapsed_ns };

	/* Something is never shown as nothing. */
	if (bytes && rounded(ratio, 1, 1) == 0)
		kt_buf_puts(out, "<1B");
	else
		put_bytes(units, ratio, 1000, out);
	kt_buf_puts(out, "/s");
}

/* Nanoseconds to milliseconds: a tenth below ten. */
static bool put_short_duration(uint64_t duration_ns, struct kt_buf *out)
{
	static const char *const names[] = { "ns", "us", "ms" };
	struct ratio ratio = { duration_ns, 1 };
	wide unit = 1;

	for (unsigned i = 0; i < 3; i++, unit *= 1000) {
		wide tenths = rounded(ratio, 10, unit);

		if (rounded(ratio, 1, unit) >= 1000)
			continue;
		if (i == 0 || tenths >= 100)
			put_wide(rounded(ratio, 1, unit), out);
		else
			put_tenths(tenths, out);
		kt_buf_puts(out, names[i]);
		return true;
	}
	return false;
}

/* Two units from a minute on, rounded to the smaller one. */
static void put_long_duration(uint64_t duration_ns, struct kt_buf *out)
{
	struct ratio ratio = { duration_ns, KT_NS_PER_SEC };
	uint64_t seconds = (uint64_t)rounded(ratio, 1, 1);
	uint64_t minutes = (uint64_t)rounded(ratio, 1, 60);
	uint64_t hours = (uint64_t)rounded(ratio, 1, 3600);

	if (seconds < 3600)
		kt_buf_printf(out, "%um%02us", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
	else if (minutes < 24 * 60)
		kt_buf_printf(out, "%uh%02um", (unsigned)(minutes / 60), (unsigned)(minutes % 60));
	else if (hours < 100 * 24)
		kt_buf_printf(out, "%ud%02uh", (unsigned)(hours / 24), (unsigned)(hours % 24));
	else
		kt_buf_printf(out, "%ud", (unsigned)rounded(ratio, 1, 86400));
}

void kt_format_duration(uint64_t duration_ns, struct kt_buf *out)
{
	struct ratio ratio = { duration_ns, KT_NS_PER_SEC };
	unsigned tenths;
	unsigned hundredths;

	if (put_short_duration(duration_ns, out))
		return;
	if (rounded(ratio, 10, 1) >= 600) {
		put_long_duration(duration_ns, out);
		return;
	}
	tenths = (unsigned)rounded(ratio, 10, 1);
	hundredths = (unsigned)rounded(ratio, 100, 1);
	if (hundredths < 1000)
		kt_buf_printf(out, "%u.%02us", hundredths / 100, hundredths % 100);
	else
		kt_buf_printf(out, "%u.%us", tenths / 10, tenths % 10);
}

void kt_format_count(uint64_t count, struct kt_buf *out)
{
	static const struct scale scale = {
		.names = count_names,
		.step = 1000,
		.tenths_below = 1000,
	};

	put_scaled(&scale, (struct ratio){ count, 1 }, out);
}

void kt_format_clock(uint64_t real_ns, struct kt_buf *out)
{
	time_t seconds = (time_t)(real_ns / KT_NS_PER_SEC);
	struct tm fields;
	char text[16];

	if (localtime_r(&seconds, &fields) && strftime(text, sizeof(text), "%H:%M:%S", &fields))
		kt_buf_puts(out, text);
	else
		kt_buf_putc(out, '-');
}

void kt_format_moment(uint64_t mono_ns, struct kt_buf *out)
{
	uint64_t ms = mono_ns / KT_NS_PER_MS;
	uint64_t minutes = ms / 60000;

	if (minutes >= 60)
		kt_buf_printf(out, "%llu:%02u", (unsigned long long)(minutes / 60),
			      (unsigned)(minutes % 60));
	else
		kt_buf_printf(out, "%u", (unsigned)minutes);
	kt_buf_printf(out, ":%02u.%03u", (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000));
}

/* Reads digits at @*at, at most MAX_DIGITS of them; false when there are none. */
static bool read_number(const char **at, wide *ret)
{
	wide number = 0;
	unsigned digits = 0;

	for (; **at >= '0' && **at <= '9' && digits < MAX_DIGITS; (*at)++, digits++)
		number = number * 10 + (unsigned)(**at - '0');
	*ret = number;
	return digits > 0;
}

/* Reads "12" or "12.5" as billionths; digits behind the ninth are not looked at. */
static bool read_decimal(const char **at, wide *ret)
{
	wide whole;
	wide fraction = 0;
	wide place = KT_NS_PER_SEC / 10;

	if (!read_number(at, &whole))
		return false;
	if (**at == '.') {
		(*at)++;
		if (**at < '0' || **at > '9')
			return false;
		for (; **at >= '0' && **at <= '9'; (*at)++, place /= 10)
			fraction += (unsigned)(**at - '0') * place;
	}
	*ret = whole * KT_NS_PER_SEC + fraction;
	return true;
}

/* "M:" or "H:M:" in front of the seconds, in minutes; the minutes of an hour are less than 60. */
static bool read_minutes(const char **at, wide *ret)
{
	wide minutes = 0;

	for (unsigned parts = 0;; parts++) {
		const char *start = *at;
		wide part;

		if (!read_number(at, &part) || **at != ':') {
			*at = start;
			break;
		}
		if (parts == 2 || part > UINT32_MAX || (parts == 1 && part >= 60))
			return false;
		minutes = minutes * 60 + part;
		(*at)++;
	}
	*ret = minutes;
	return true;
}

/* Reads all of @text as a time of the run in nanoseconds, or as a share of @end_ns. */
static bool parse_time(const char *text, uint64_t end_ns, wide *ret)
{
	const char *at = text;
	const char *seconds_at;
	wide minutes;
	wide value;

	if (!read_minutes(&at, &minutes))
		return false;
	seconds_at = at;
	if (!read_decimal(&at, &value))
		return false;
	if (strcmp(at, "%") == 0) {
		if (seconds_at != text || value > (wide)100 * KT_NS_PER_SEC)
			return false;
		*ret = value * end_ns / ((wide)100 * KT_NS_PER_SEC);
		return true;
	}
	if (seconds_at != text && value >= (wide)60 * KT_NS_PER_SEC)
		return false;
	if (*at == 's' && seconds_at == text)
		at++;
	*ret = minutes * 60 * KT_NS_PER_SEC + value;
	return *at == '\0';
}

bool kt_format_parse_moment(const char *text, uint64_t end_ns, uint64_t *ret)
{
	wide value;

	if (strcmp(text, "begin") == 0)
		value = 0;
	else if (strcmp(text, "end") == 0)
		value = end_ns;
	else if (!parse_time(text, end_ns, &value) || value > UINT64_MAX)
		return false;
	*ret = (uint64_t)value;
	return true;
}

bool kt_unit_style_find(const char *word, enum kt_unit_style *ret)
{
	for (unsigned i = 0; i < KT_UNIT_STYLE_COUNT; i++) {
		if (strcmp(word, style_words[i]) == 0) {
			*ret = (enum kt_unit_style)i;
			return true;
		}
	}
	return false;
}

const char *kt_unit_style_word(enum kt_unit_style style)
{
	return style_words[style];
}

/* Names of our own; a recording may have others, whose bytes are no columns. */
static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

void kt_format_name(const char *name, size_t width, const char *ellipsis, struct kt_buf *out)
{
	const char *number = strrchr(name, '#');
	size_t len = number ? strlen(number) : 0;

	if (!number || number[1 + strspn(number + 1, "0123456789")] || strlen(name) <= width ||
	    width < len + 2 || !is_ascii(name))
		kt_buf_puts(out, name);
	else
		kt_buf_printf(out, "%.*s%s%s", (int)(width - len - 1), name, ellipsis, number);
}
