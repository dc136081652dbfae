/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 of a hostile guest: does to the host what the word in /hostile says, with the agent's port and
 * the console in its hands.  Linked statically, without sanitizers.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "guest/protocol.h"
#include "guest/system.h"

enum {
	PROBE_ID = 1001,
	SHORT_BYTES = 4096,
};

/* The one port of this process, and room for a frame. */
static int port = -1;
static char frame[KT_FRAME_HEADER_BYTES + KT_FRAME_MAX_BYTES + 1];

static _Noreturn void park(void)
{
	for (;;)
		(void)pause();
}

static bool read_word(const char *path, char *word, int size)
{
	FILE *file = fopen(path, "re");
	bool good = file && fgets(word, size, file);

	if (good)
		word[strcspn(word, "\n")] = '\0';
	if (file)
		(void)fclose(file);
	return good;
}

/* ---- frames ---- */

static void put(const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t done = write(port, at, len);
		if (done < 0)
			park();
		at += done;
		len -= (size_t)done;
	}
}

static void put_header(char type, uint32_t len)
{
	const unsigned char header[KT_FRAME_HEADER_BYTES] = {
		'K',
		't',
		KT_PROTOCOL_VERSION,
		(unsigned char)type,
		(unsigned char)len,
		(unsigned char)(len >> 8),
		(unsigned char)(len >> 16),
		(unsigned char)(len >> 24),
	};

	put(header, sizeof(header));
}

static void say(const char *json)
{
	put_header('J', (uint32_t)strlen(json));
	put(json, strlen(json));
}

static void put_output(uint32_t id, const char *bytes, uint32_t len)
{
	const unsigned char prefix[] = { (unsigned char)id, (unsigned char)(id >> 8), 0, 0, 0 };

	put_header('D', (uint32_t)sizeof(prefix) + len);
	put(prefix, sizeof(prefix));
	put(bytes, len);
}

static void get(char *bytes, size_t len)
{
	while (len) {
		ssize_t got = read(port, bytes, len);
		if (got <= 0)
			park();
		bytes += got;
		len -= (size_t)got;
	}
}

/* The next thing that the host asks for, as text. */
static const char *hear(void)
{
	unsigned char header[KT_FRAME_HEADER_BYTES];

	get((char *)header, sizeof(header));
	size_t len = header[4] | (size_t)header[5] << 8 | (size_t)header[6] << 16;
	get(frame, len);
	frame[len] = '\0';
	return frame;
}

/* ---- like a good agent, so far ---- */

static void say_hello(void)
{
	say("{\"say\":\"hello\",\"protocol\":1,\"release\":\"h\",\"mono_ns\":1,"
	    "\"real_ns\":1}");
}

static void say_ready(void)
{
	say("{\"say\":\"ready\",\"mono_ns\":1,\"real_ns\":1,\"cpus\":1,\"numa_nodes\":1,"
	    "\"llcs\":1,\"cores\":1,\"threads\":1}");
}

static void get_ready(void)
{
	say_hello();
	(void)hear();
	say_ready();
}

/* The worker is ready and the probe runs. */
static void get_probed(void)
{
	get_ready();
	(void)hear();
	say("{\"say\":\"started\",\"id\":1,\"pid\":100}");
	(void)hear();
	say("{\"say\":\"awaited\",\"id\":1,\"outcome\":\"found\"}");
	(void)hear();
	say("{\"say\":\"started\",\"id\":1001,\"pid\":101}");
}

/* ---- what breaks the protocol ---- */

static void garbage(void)
{
	get_ready();
	for (int i = 0; i < SHORT_BYTES; i++)
		frame[i] = (char)(i * 7 + 1);
	put(frame, SHORT_BYTES);
}

static void overlong(void)
{
	get_ready();
	put_header('J', KT_FRAME_MAX_BYTES + 1);
	put("{", 1);
}

static void ready_first(void)
{
	say_ready();
}

static void early_failed(void)
{
	say("{\"say\":\"failed\",\"id\":1,\"why\":\"because\"}");
}

static void early_started(void)
{
	say_hello();
	say("{\"say\":\"started\",\"id\":1,\"pid\":100}");
}

static void early_ended(void)
{
	say_hello();
	say("{\"say\":\"ended\",\"id\":1,\"exit_code\":0,\"stdout_dropped_bytes\":0,"
	    "\"stderr_dropped_bytes\":0}");
}

static void frozen(void)
{
	get_ready();
	say("{\"say\":\"frozen\"}");
}

/* As many JSON values as fit into a frame. */
static void huge_message(void)
{
	size_t len =
		(size_t)snprintf(frame, sizeof(frame), "{\"say\":\"beat\",\"mono_ns\":1,\"x\":[0");

	get_ready();
	while (len < KT_FRAME_MAX_BYTES - 4) {
		frame[len++] = ',';
		frame[len++] = '0';
	}
	frame[len++] = ']';
	frame[len++] = '}';
	for (;;) {
		put_header('J', (uint32_t)len);
		put(frame, len);
	}
}

static void broken_text(void)
{
	say("{\"say\":\"hello\",\"protocol\":1,\"release\":\"\xff\xfe\","
	    "\"mono_ns\":1,\"real_ns\":1}");
}

/* ---- what keeps to it ---- */

static void half(void)
{
	get_ready();
	put_header('J', SHORT_BYTES);
	put("{\"say\":", 7);
}

static void texts(void)
{
	static const char line[] = "\x1b[31m\x1b]0;mine\x07 \xff\xfe\x80 \0 \xc0\xaf console\n";
	int console = open("/dev/console", O_WRONLY | O_CLOEXEC | O_NOCTTY);

	(void)!write(console, line, sizeof(line) - 1);
	get_ready();
	(void)hear();
	say("{\"say\":\"failed\",\"id\":1,\"why\":\"\\u001b[2J\\u0007 \\ufffe \\u202e text "
	    "\\u0000 hidden\"}");
}

static void strangers(void)
{
	get_ready();
	(void)hear();
	for (;;) {
		say("{\"say\":\"ended\",\"id\":77,\"exit_code\":0,\"stdout_dropped_bytes\":0,"
		    "\"stderr_dropped_bytes\":0}");
		say("{\"say\":\"started\",\"id\":4000000000,\"pid\":9}");
		say("{\"say\":\"awaited\",\"id\":1001,\"outcome\":\"found\"}");
		say("{\"say\":\"failed\",\"id\":0,\"why\":\"x\"}");
		put_output(78, frame, SHORT_BYTES);
	}
}

static void beats(void)
{
	get_ready();
	for (;;)
		say("{\"say\":\"beat\",\"mono_ns\":1}");
}

static void output(void)
{
	get_ready();
	(void)hear();
	say("{\"say\":\"started\",\"id\":1,\"pid\":100}");
	memset(frame, 'o', sizeof(frame));
	for (;;)
		put_output(1, frame, KT_FRAME_MAX_BYTES - 5);
}

static void probe_output(void)
{
	get_probed();
	memset(frame, '[', sizeof(frame));
	for (;;)
		put_output(PROBE_ID, frame, KT_FRAME_MAX_BYTES - 5);
}

/* A report with as many values as fit into what is kept of it. */
static void document(void)
{
	size_t len = 0;

	get_probed();
	put_output(PROBE_ID, "[", 1);
	while (len < KT_FRAME_MAX_BYTES - 6) {
		frame[len++] = '0';
		frame[len++] = ',';
	}
	for (int i = 0; i < 63; i++)
		put_output(PROBE_ID, frame, (uint32_t)len);
	put_output(PROBE_ID, "0]\n", 3);
	say("{\"say\":\"ended\",\"id\":1001,\"exit_code\":0,\"stdout_dropped_bytes\":0,"
	    "\"stderr_dropped_bytes\":0}");
	park();
}

/* A stream of snapshots that never comes to its end. */
static void snapshots(void)
{
	static const char start[] = "{\"schema\":1,\"event\":\"probe_start\",\"host_mono_ns\":1,"
				    "\"probe\":\"p\",\"run\":0,"
				    "\"target_pid\":100,\"engine\":\"readv\",\"interval_ms\":5}\n";
	char line[512];

	get_probed();
	put_output(PROBE_ID, start, sizeof(start) - 1);
	for (unsigned long index = 0;; index++) {
		int len = snprintf(line, sizeof(line),
				   "{\"schema\":1,\"event\":\"snapshot\",\"host_mono_ns\":1,"
				   "\"probe\":\"p\",\"run\":0,\"target_pid\":100,\"index\":%lu,"
				   "\"timestamp_unix_sec\":1,\"elapsed_since_start_ns\":%lu,"
				   "\"threads\":[{\"tid\":7,\"allocated_bytes\":1}]}\n",
				   index, index);
		put_output(PROBE_ID, line, (uint32_t)len);
	}
}

static void console(const char *bytes, size_t len)
{
	int fd = open("/dev/console", O_WRONLY | O_CLOEXEC | O_NOCTTY);

	get_ready();
	while (write(fd, bytes, len) >= 0)
		;
}

static void console_lines(void)
{
	static const char lines[] = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\n";

	console(lines, sizeof(lines) - 1);
}

static void console_endless(void)
{
	memset(frame, 'x', sizeof(frame));
	console(frame, SHORT_BYTES);
}

/* Says what it must and hears nothing. */
static void deaf(void)
{
	const struct timespec second = { .tv_sec = 1 };

	say_hello();
	say_ready();
	for (;;) {
		say("{\"say\":\"beat\",\"mono_ns\":1}");
		(void)nanosleep(&second, NULL);
	}
}

static const struct {
	const char *word;
	void (*act)(void);
} acts[] = {
	{ "garbage", garbage },
	{ "overlong", overlong },
	{ "ready-first", ready_first },
	{ "early-failed", early_failed },
	{ "early-started", early_started },
	{ "early-ended", early_ended },
	{ "frozen", frozen },
	{ "huge-message", huge_message },
	{ "broken-text", broken_text },
	{ "half", half },
	{ "texts", texts },
	{ "strangers", strangers },
	{ "beats", beats },
	{ "output", output },
	{ "probe-output", probe_output },
	{ "document", document },
	{ "snapshots", snapshots },
	{ "console-lines", console_lines },
	{ "console-endless", console_endless },
	{ "deaf", deaf },
};

int main(void)
{
	char word[64] = "";

	(void)mount("dev", "/dev", "devtmpfs", 0, "");
	(void)mkdir("/sys", 0755);
	(void)mount("sys", "/sys", "sysfs", 0, "");
	(void)read_word("/hostile", word, sizeof(word));
	kt_error_destroy(kt_system_open_port(KT_PORT_NAME, 10 * KT_NS_PER_SEC, &port));
	for (size_t i = 0; port >= 0 && i < sizeof(acts) / sizeof(*acts); i++)
		if (!strcmp(acts[i].word, word)) {
			acts[i].act();
			park();
		}
	(void)reboot(RB_POWER_OFF);
	return 1;
}
