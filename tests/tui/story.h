/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The story that the tests of views and pages tell: "alpha" is judged, "beta" panics, and "gamma" is
 * a process of this host.
 */
#ifndef KT_TESTS_TUI_STORY_H
#define KT_TESTS_TUI_STORY_H

#include "tests/tui/stage.h"

#define STORY_STATE(ms, scenario, word, since_ms, more) \
	LINE(ms, scenario, "guest_state",               \
	     "\"state\":\"" word "\",\"since_start_ns\":" since_ms "000000" more)
#define STORY_SNAPSHOT(ms, scenario, index, second, threads)                \
	LINE(ms, scenario, "snapshot",                                      \
	     "\"probe\":\"p\",\"run\":0,\"index\":" index                   \
	     ",\"target_pid\":4711,\"timestamp_unix_sec\":170000000" second \
	     ",\"elapsed_since_start_ns\":" second "000000000,\"threads\":[" threads "]")
#define STORY_THREAD(tid, name, allocated, deallocated)                     \
	"{\"tid\":" tid ",\"comm\":\"" name "\",\"start_time_jiffies\":77," \
	"\"allocated_bytes\":" allocated ",\"deallocated_bytes\":" deallocated "}"
#define STORY_CHECK(ms, id, verdict, more) \
	LINE(ms, "alpha", "check", "\"check\":\"" id "\",\"verdict\":\"" verdict "\"," more)

static const char *const story[] = {
	"{\"schema\":1,\"event\":\"run_start\",\"host_mono_ns\":0,\"tool_version\":\"1\","
	"\"started_at_unix_sec\":1700000000,\"jobs\":2,\"scenarios\":[\"alpha\",\"beta\"]}",
	"{\"schema\":1,\"event\":\"accel\",\"host_mono_ns\":0,\"choice\":\"tcg\","
	"\"reason\":\"kvm is not there\",\"steps\":[{\"step\":\"open /dev/kvm\","
	"\"outcome\":\"no\",\"reason\":\"permission denied\"}]}",
	LINE("100", "alpha", "scenario_start",
	     "\"file\":\"alpha.json\",\"topology\":\"1n2l4c1t\",\"memory_mib\":256,\"checks\":["
	     "{\"id\":\"grows\",\"text\":\"allocated of every thread grows\"},"
	     "{\"id\":\"large\",\"text\":\"allocated is large >= 16777216\"},"
	     "{\"id\":\"unseen\",\"text\":\"a thread called x is there\"}]"),
	STORY_STATE("100", "alpha", "starting", "1", ""),
	STORY_STATE("200", "alpha", "kernel", "100", ",\"accel\":\"tcg\""),
	STORY_STATE("1200", "alpha", "agent", "1100", ""),
	LINE("1300", "alpha", "console", "\"text\":\"Linux boots \\u001b[31mred\\u001b[0m\""),
	STORY_STATE("1500", "alpha", "ready", "1400", ""),
	LINE("1600", "alpha", "worker", "\"worker\":\"w\",\"state\":\"started\",\"pid\":4711"),
	LINE("1700", "alpha", "worker", "\"worker\":\"w\",\"state\":\"ready\",\"pid\":4711"),
	STORY_STATE("1800", "alpha", "probing", "1700", ""),
	LINE("1900", "alpha", "probe_start",
	     "\"probe\":\"p\",\"run\":0,\"target_pid\":4711,\"engine\":\"readv\","
	     "\"engine_reason\":\"bpf is not allowed\",\"interval_ms\":1000,\"unknown\":["
	     "{\"name\":\"run_delay_ns\",\"reason\":\"no schedstat\"}],"
	     "\"layout\":{\"object\":\"/usr/lib/libjemalloc.so.2\",\"version\":\"5.3.0\","
	     "\"sources\":\"ctl+tls-image\",\"gate\":\"ok\",\"allocated_offset\":840}"),
	STORY_SNAPSHOT("2000", "alpha", "0", "1",
		       STORY_THREAD("4711", "worker", "18446744073709551000", "0")),
	STORY_CHECK("2010", "grows", "holding", "\"text\":\"allocated of every thread grows\""),
	STORY_SNAPSHOT("3000", "alpha", "1", "2",
		       STORY_THREAD("4711", "worker", "18446744073709551615", "20")),
	STORY_SNAPSHOT("4000", "alpha", "2", "3",
		       STORY_THREAD("4711", "worker", "615",
				    "20") "," STORY_THREAD("4712", "second", "1", "1048576")),
	STORY_CHECK("4010", "grows", "fail",
		    "\"text\":\"allocated of every thread grows\",\"worst\":\"615 after "
		    "18446744073709551615\",\"probe\":\"p\",\"run\":0,\"snapshot\":2,\"tid\":4711"),
	STORY_CHECK("4020", "large", "pass",
		    "\"text\":\"allocated is large >= 16777216\",\"threshold\":\">= 16777216\","
		    "\"worst\":\"18446744073709551000\",\"probe\":\"p\",\"run\":0,\"snapshot\":0,"
		    "\"tid\":4711"),
	LINE("4100", "alpha", "probe_end",
	     "\"probe\":\"p\",\"run\":0,\"exit_code\":0,\"duration_ns\":2200000000"),
	LINE("4200", "alpha", "note", "\"text\":\"the clock jumped\""),
	STORY_STATE("4300", "alpha", "done", "4200", ""),
	STORY_CHECK("4310", "unseen", "cannot-tell",
		    "\"text\":\"a thread called x is there\",\"detail\":\"1 of 2 runs of the probe "
		    "ended\""),
	LINE("4400", "alpha", "scenario_end",
	     "\"verdict\":\"fail\",\"reason\":\"1 check failed\",\"duration_ns\":4300000000,"
	     "\"boot_ns\":1400000000,\"accel\":\"tcg\",\"guest_cpu_ns\":3250000000,"
	     "\"guest_peak_rss_bytes\":201326592,\"guest_private_bytes\":157286400"),
	LINE("4500", "beta", "scenario_start",
	     "\"file\":\"beta.json\",\"topology\":\"1n1l1c1t\",\"memory_mib\":128,\"checks\":["
	     "{\"id\":\"grows\",\"text\":\"it grows in beta\"}]"),
	STORY_STATE("4500", "beta", "starting", "1", ""),
	STORY_STATE("4600", "beta", "kernel", "100", ""),
	LINE("4700", "beta", "console", "\"text\":\"Kernel panic - not syncing\""),
	STORY_STATE("4800", "beta", "failed", "300",
		    ",\"reason\":\"kernel-panic\",\"detail\":\"not syncing\""),
	LINE("4900", "beta", "scenario_end",
	     "\"verdict\":\"error\",\"duration_ns\":400000000,"
	     "\"qemu_stderr_tail\":\"qemu: terminating\\nbye\\n\""),
	LINE("5000", "gamma", "probe_start", "\"probe\":\"p\",\"run\":0,\"target_pid\":4711"),
	STORY_SNAPSHOT("6000", "gamma", "0", "1", STORY_THREAD("4711", "redis", "9", "4")),
	LINE("7000", "gamma", "probe_end",
	     "\"probe\":\"p\",\"run\":0,\"exit_code\":0,\"duration_ns\":2000000000,"
	     "\"end_reason\":\"target-exited\""),
	NULL,
};

#endif
