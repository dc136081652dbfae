/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "run/topology.h"

#define NUMBER(n)         \
	{                 \
		true, (n) \
	}
#define UNKNOWN   \
	{         \
		0 \
	}

static const struct {
	struct kt_topology topology;
	const char *refusal; /* NULL: none */
} topologies[] = {
	{ { 1, 1, 1, 1 }, NULL },
	{ { 8, 8, 4, 2 }, NULL },
	{ { 8, 64, 1, 1 }, NULL },
	{ { 3, 3, 21, 1 }, NULL },
	{ { 1, 1, 1, 64 }, NULL },
	{ { 8, 8, 8, 1 }, NULL },
	{ { 2, 3, 1, 1 }, "3 LLCs do not divide evenly among 2 NUMA nodes" },
	{ { 4, 2, 1, 1 }, "2 LLCs do not divide evenly among 4 NUMA nodes" },
	{ { 9, 9, 1, 1 }, "9 NUMA nodes are more than 8" },
	{ { 1, 1, 65, 1 }, "more than 64 CPUs" },
	{ { 8, 8, 3, 3 }, "more than 64 CPUs" },
	{ { 1, 65536, 65536, 1 }, "more than 64 CPUs" },
	{ { 1, 1, 0, 1 }, "at least 1" },
};

START_TEST(limits_are_kept)
{
	if (topologies[_i].refusal)
		KT_FAILS(kt_topology_check(&topologies[_i].topology), KT_ERROR_USAGE,
			 topologies[_i].refusal);
	else
		KT_OK(kt_topology_check(&topologies[_i].topology));
}
END_TEST

static const struct {
	struct kt_topology asked;
	struct kt_topology_seen seen; /* CPUs, nodes, LLCs, cores, threads */
	bool is_cpu_of_host;
	const char *wrong;
	const char *remark;
} comparisons[] = {
	{ { 2, 4, 2, 2 },
	  { NUMBER(16), NUMBER(2), NUMBER(4), NUMBER(8), NUMBER(2) },
	  false,
	  "",
	  "" },
	{ { 2, 4, 2, 2 },
	  { NUMBER(15), NUMBER(1), NUMBER(4), NUMBER(8), NUMBER(2) },
	  true,
	  "the guest has 15 CPUs instead of 16; 1 node instead of 2",
	  "" },
	{ { 1, 2, 4, 1 },
	  { NUMBER(8), NUMBER(1), NUMBER(1), NUMBER(8), NUMBER(1) },
	  false,
	  "the guest has 1 LLC instead of 2",
	  "" },
	{ { 1, 2, 4, 1 },
	  { NUMBER(8), NUMBER(1), NUMBER(1), NUMBER(8), NUMBER(1) },
	  true,
	  "",
	  "the guest has 1 LLC instead of 2" },
	{ { 1, 2, 4, 1 },
	  { NUMBER(8), UNKNOWN, UNKNOWN, NUMBER(4), NUMBER(2) },
	  false,
	  "the guest has an unknown number of LLCs, of which 2 were asked for; "
	  "4 cores instead of 8; 2 threads each instead of 1",
	  "the guest has an unknown number of nodes, of which 1 was asked for" },
	{ { 1, 1, 1, 1 },
	  { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN },
	  false,
	  "",
	  "the guest has an unknown number of CPUs, of which 1 was asked for; an unknown number "
	  "of nodes, of which 1 was asked for; an unknown number of LLCs, of which 1 was asked "
	  "for; an unknown number of cores, of which 1 was asked for; an unknown number of "
	  "threads each, of which 1 was asked for" },
};

START_TEST(what_is_not_as_asked_is_said)
{
	kt_autobuf struct kt_buf wrong = KT_BUF_INIT;
	kt_autobuf struct kt_buf remark = KT_BUF_INIT;

	kt_topology_compare(&comparisons[_i].asked, &comparisons[_i].seen,
			    comparisons[_i].is_cpu_of_host, &wrong, &remark);
	ck_assert_str_eq(kt_buf_text(&wrong), comparisons[_i].wrong);
	ck_assert_str_eq(kt_buf_text(&remark), comparisons[_i].remark);
}
END_TEST

START_TEST(what_is_seen_is_one_line)
{
	const struct kt_topology_seen seen = { NUMBER(8), NUMBER(1), UNKNOWN, NUMBER(8),
					       NUMBER(1) };
	kt_autobuf struct kt_buf text = KT_BUF_INIT;

	kt_topology_seen_put(&seen, &text);
	ck_assert_str_eq(kt_buf_text(&text), "8 CPUs, 1 node, ? LLCs, 8 cores, 1 thread each");
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("topology");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, limits_are_kept, 0, sizeof(topologies) / sizeof(topologies[0]));
	tcase_add_loop_test(tests, what_is_not_as_asked_is_said, 0,
			    sizeof(comparisons) / sizeof(comparisons[0]));
	tcase_add_test(tests, what_is_seen_is_one_line);
	suite_add_tcase(all, tests);
	return all;
}

KT_UNIT_MAIN
