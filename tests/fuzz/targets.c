/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/targets.h"

#include <string.h>

#include "base/json_flat.h"
#include "base/text.h"
#include "check/scenario.h"
#include "run/event.h"
#include "run/probe_document.h"
#include "run/run_file.h"
#include "tests/fuzz/elf_image.h"
#include "tests/fuzz/memory_targets.h"
#include "tests/fuzz/model_target.h"
#include "tests/fuzz/probe_targets.h"
#include "tests/fuzz/replay_target.h"
#include "vmm/guest/link.h"
#include "vmm/kernel/kernel_bzimage.h"
#include "vmm/qemu/qmp.h"

static void on_link(void *ctx, const struct kt_link_message *message)
{
	(void)ctx;
	/* Text of a guest is clean from here on; the caller of abort() is the finding. */
	if (!kt_text_is_utf8(message->text, strlen(message->text)))
		__builtin_trap();
}

static void read_link(const char *bytes, size_t len)
{
	struct kt_link link;

	kt_link_init(&link, on_link, NULL);
	/* In two pieces: state between calls is where such readers break. */
	struct kt_error *err = kt_link_feed(&link, bytes, len / 2);
	if (!err)
		err = kt_link_feed(&link, bytes + len / 2, len - len / 2);
	kt_error_destroy(err);
	kt_link_deinit(&link);
}

static void on_qmp(void *ctx, const struct kt_qmp_message *message)
{
	(void)ctx;
	if (!message->text)
		__builtin_trap();
}

static void read_qmp(const char *bytes, size_t len)
{
	struct kt_qmp qmp;

	kt_qmp_init(&qmp, on_qmp, NULL);
	kt_error_destroy(kt_qmp_feed(&qmp, bytes, len));
	kt_qmp_deinit(&qmp);
}

static void read_scenario(const char *bytes, size_t len)
{
	kt_autoscenario struct kt_scenario *scenario = NULL;

	kt_error_destroy(kt_scenario_parse(bytes, len, "fuzz", &scenario));
}

/* What can be decoded must say the same when it is written and read again. */
static void read_event(const char *bytes, size_t len)
{
	kt_autoevent struct kt_event event = { 0 };
	kt_autoevent struct kt_event again = { 0 };
	kt_autobuf struct kt_buf line = KT_BUF_INIT;

	struct kt_error *err = kt_event_decode(bytes, len, &event);
	if (!err && event.type != KT_EVENT_NONE) {
		kt_event_encode(&event, &line);
		err = kt_event_decode(line.data, line.len - 1, &again);
		if (err || again.type != event.type)
			__builtin_trap();
	}
	kt_error_destroy(err);
}

static struct kt_error *ignore_event(void *ctx, const struct kt_event *event)
{
	(void)ctx;
	(void)event;
	return NULL;
}

static void read_run_file(const char *bytes, size_t len)
{
	struct kt_run_file_info info;

	kt_error_destroy(kt_run_file_read(bytes, len, "fuzz", ignore_event, NULL, &info));
}

static void read_document(const char *bytes, size_t len)
{
	struct kt_probe_document document;
	struct kt_error *err = kt_probe_document_parse(bytes, len, &document);

	if (!err)
		kt_probe_document_deinit(&document);
	kt_error_destroy(err);
}

static void read_flat(const char *bytes, size_t len)
{
	struct kt_flat_metrics metrics;
	struct kt_error *err = kt_json_flatten(bytes, len, &metrics);

	if (!err)
		kt_flat_metrics_deinit(&metrics);
	kt_error_destroy(err);
}

static void read_bzimage(const char *bytes, size_t len)
{
	struct kt_bzimage image;

	kt_error_destroy(kt_bzimage_parse(bytes, len, "fuzz", &image));
}

#define SEED(text) (text), sizeof(text) - 1, NULL
#define MADE(make) NULL, 0, (make)

const struct fuzz_target fuzz_targets[] = {
	{ "link", read_link,
	  SEED("Kt\x01J\x1a\0\0\0{\"say\":\"beat\",\"mono_ns\":5}Kt\x01"
	       "D\x06\0\0\0\x01\0\0\0\x01xKt\x01J\x22\0\0\0{\"say\":\"started\",\"id\":1,\"pid\":"
	       "77}  Kt\x01J\x24\0\0\0{\"say\":\"taken\",\"id\":1,\"bytes\":16384}Kt\x01I\x05\0\0\0"
	       "\x01\0\0\0x") },
	{ "qmp", read_qmp,
	  SEED("{\"QMP\": {}}\r\n{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"x\"}}\r\n"
	       "{\"error\": {\"desc\": \"no\"}}\n{\"return\": {\"status\": \"running\"}}\n") },
	{ "scenario", read_scenario,
	  SEED("{\"schema\":1,\"name\":\"s\",\"guest\":{\"topology\":{\"numa_nodes\":1,\"llcs\":2,"
	       "\"cores\":1,\"threads\":1},\"timeout_s\":9},\"workers\":[{\"name\":\"w\","
	       "\"command\":[\"x\",\"1\"],\"ready\":\"marker\"}],\"probes\":[{\"name\":\"p\","
	       "\"target\":\"w\",\"snapshots\":3,\"interval_ms\":5}],\"checks\":[{\"counter\":{"
	       "\"probe\":\"p\",\"thread\":\"leader\",\"of\":\"allocated_bytes\",\"min\":1,"
	       "\"max\":18446744073709551615}}]}") },
	{ "event", read_event,
	  SEED("{\"schema\":1,\"event\":\"snapshot\",\"host_mono_ns\":1,\"scenario\":\"s\","
	       "\"probe\":\"p\",\"run\":0,\"index\":0,\"target_pid\":7,\"timestamp_unix_sec\":1,"
	       "\"elapsed_since_start_ns\":2,\"threads\":[{\"tid\":7,\"comm\":\"a\","
	       "\"allocated_bytes\":18446744073709551615,\"deallocated_bytes\":0}]}") },
	{ "run_file", read_run_file,
	  SEED("{\"schema\":1,\"event\":\"run_start\",\"host_mono_ns\":0,\"tool_version\":\"1\","
	       "\"started_at_unix_sec\":1,\"jobs\":1,\"scenarios\":[\"s\"]}\n"
	       "{\"schema\":1,\"event\":\"note\",\"host_mono_ns\":3,\"text\":\"x\"}\n{\"sch") },
	{ "replay", fuzz_read_replay,
	  SEED("\x1f{\"schema\":1,\"event\":\"run_start\",\"host_mono_ns\":0,\"tool_version\":"
	       "\"1\","
	       "\"started_at_unix_sec\":1,\"jobs\":1,\"scenarios\":[]}\n"
	       "{\"schema\":1,\"event\":\"probe_start\",\"host_mono_ns\":3,\"scenario\":\"s\","
	       "\"probe\":\"p\",\"run\":0,\"target_pid\":7}\n"
	       "{\"schema\":1,\"event\":\"snapshot\",\"host_mono_ns\":1,\"scenario\":\"s\","
	       "\"probe\":\"p\",\"run\":0,\"index\":0,\"target_pid\":7,\"timestamp_unix_sec\":1,"
	       "\"elapsed_since_start_ns\":2,\"threads\":[{\"tid\":7,\"comm\":\"a\","
	       "\"allocated_bytes\":18446744073709551615}]}\n{\"sch") },
	{ "document", read_document,
	  SEED("{\"schema_version\":2,\"pid\":7,\"tool_version\":\"1\",\"started_at_unix_sec\":1,"
	       "\"interrupted\":false,\"snapshots\":[{\"timestamp_unix_sec\":1,"
	       "\"elapsed_since_start_ns\":5,\"threads\":[{\"tid\":7,\"error\":\"x\","
	       "\"error_kind\":\"waitpid\"}]}]}") },
	{ "model", fuzz_read_model,
	  SEED("{\"schema\":1,\"event\":\"scenario_start\",\"host_mono_ns\":1,\"scenar"
	       "io\":\"s\",\"file\":\"f\",\"topology\":\"t\",\"memory_mib\":1,\"checks"
	       "\":[{\"id\":\"c\",\"text\":\"t\"}]}\n"
	       "{\"schema\":1,\"event\":\"guest_state\",\"host_mono_ns\":2,\"scenario"
	       "\":\"s\",\"state\":\"ready\",\"since_start_ns\":1}\n"
	       "{\"schema\":1,\"event\":\"worker\",\"host_mono_ns\":3,\"scenario\":\"s"
	       "\",\"worker\":\"w\",\"state\":\"started\"}\n"
	       "{\"schema\":1,\"event\":\"probe_start\",\"host_mono_ns\":4,\"scenario"
	       "\":\"s\",\"probe\":\"p\",\"run\":0,\"target_pid\":7}\n"
	       "{\"schema\":1,\"event\":\"snapshot\",\"host_mono_ns\":10,\"scenario\":"
	       "\"s\",\"probe\":\"p\",\"run\":0,\"index\":0,\"target_pid\":7,\"timesta"
	       "mp_unix_sec\":1,\"elapsed_since_start_ns\":0,\"threads\":[{\"tid\":7,"
	       "\"comm\":\"a\",\"start_time_jiffies\":5,\"allocated_bytes\":1844674407"
	       "3709551615,\"deallocated_bytes\":0,\"state\":\"R\",\"cpu\":1}]}\n"
	       "{\"schema\":1,\"event\":\"snapshot\",\"host_mono_ns\":11,\"scenario\":"
	       "\"s\",\"probe\":\"p\",\"run\":0,\"index\":5,\"target_pid\":7,\"timesta"
	       "mp_unix_sec\":1,\"elapsed_since_start_ns\":1,\"threads\":[{\"tid\":7,"
	       "\"comm\":\"a\",\"start_time_jiffies\":5,\"allocated_bytes\":3},{\"tid"
	       "\":8,\"comm\":\"\\u00e9\",\"error\":\"e\",\"error_kind\":\"k\"}],\"ski"
	       "pped\":[{\"tid\":9,\"reason\":\"r\"}],\"rss_bytes\":5,\"partial\":true"
	       "}\n"
	       "{\"schema\":1,\"event\":\"snapshot\",\"host_mono_ns\":12,\"scenario\":"
	       "\"s\",\"probe\":\"p\",\"run\":0,\"index\":10,\"target_pid\":7,\"timest"
	       "amp_unix_sec\":1,\"elapsed_since_start_ns\":2,\"threads\":[{\"tid\":8,"
	       "\"comm\":\"b\",\"allocated_bytes\":9}]}\n"
	       "{\"schema\":1,\"event\":\"check\",\"host_mono_ns\":20,\"scenario\":\"s"
	       "\",\"check\":\"c\",\"verdict\":\"pass\",\"text\":\"t\",\"worst\":\"9\""
	       "}\n"
	       "{\"schema\":1,\"event\":\"probe_end\",\"host_mono_ns\":21,\"scenario\""
	       ":\"s\",\"probe\":\"p\",\"run\":0,\"exit_code\":0,\"duration_ns\":3}\n") },
	{ "flat", read_flat, SEED("noise {\"a\":[1,{\"b\":-2.5e3}],\"\\u0061\":\"x\"} [3]") },
	{ "bzimage", read_bzimage, SEED("MZ") },
	{ "elf", fuzz_read_elf, MADE(elf_image_seed) },
	{ "dwarf", fuzz_read_dwarf, MADE(dwarf_pieces_seed) },
	{ "note", fuzz_read_note, MADE(fuzz_seed_note) },
	{ "debuglink", fuzz_read_debuglink, SEED("t.debug\0\x12\x34\x56\x78") },
	{ "maps", fuzz_read_maps,
	  SEED("55d0-55e0 r-xp 00001000 fe:01 42    /usr/bin/a  b (deleted)") },
	{ "stat", fuzz_read_stat,
	  SEED("7 (a) b\\n) R 1 7 7 0 -1 4194304 90 0 0 0 1 2 0 0 20 0 3 0 123456 9 9") },
	{ "loaded", fuzz_read_loaded, MADE(fuzz_seed_loaded) },
	{ "code", fuzz_read_code, SEED("\x48\x89\xf8\x48\x81\xc7\x38\x03\0\0\xc3") },
	{ "tls_image", fuzz_read_tls_image, MADE(fuzz_seed_tls_image) },
	{ "btf", fuzz_read_btf, MADE(fuzz_seed_btf) },
	{ "layout", fuzz_read_layout, MADE(fuzz_seed_layout) },
	{ NULL, NULL, NULL, 0, NULL },
};

void fuzz_target_seed(const struct fuzz_target *target, struct kt_buf *out)
{
	kt_buf_append(out, target->seed, target->seed_len);
	if (target->make_seed)
		target->make_seed(out);
}
