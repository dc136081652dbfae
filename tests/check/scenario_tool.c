/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests that are scripts: "keys" prints every key the parser knows as OBJECT.KEY,
 * one a line; "parse FILE..." prints "FILE: ok", or the error, for each.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "check/kinds.h"
#include "check/scenario_keys.h"

static void print_table(const char *object, const struct kt_key *table, kt_key_mask allowed)
{
	for (size_t i = 0; table[i].name; i++) {
		if (allowed & KT_KEY_BIT(i))
			printf("%s.%s\n", object, table[i].name);
	}
}

static void print_keys(void)
{
	print_table("scenario", kt_scenario_keys, KT_KEYS_ALL);
	print_table("guest", kt_guest_keys, KT_KEYS_ALL);
	print_table("topology", kt_topology_keys, KT_KEYS_ALL);
	print_table("worker", kt_worker_keys, KT_KEYS_ALL);
	print_table("file", kt_file_keys, KT_KEYS_ALL);
	print_table("probe", kt_probe_keys, KT_KEYS_ALL);
	for (const struct kt_check_kind *kind = kt_check_kinds; kind->name; kind++) {
		printf("check.%s\n", kind->name);
		print_table(kind->name, kt_check_keys, kind->allowed | KT_CHECK_KEYS_COMMON);
	}
}

static void parse(const char *path)
{
	kt_autoscenario struct kt_scenario *scenario = NULL;
	kt_autoerr struct kt_error *err = kt_scenario_load(path, &scenario);

	printf("%s: %s\n", path, err ? kt_error_message(err) : "ok");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "keys")) {
		print_keys();
		return 0;
	}
	for (int i = 2; i < argc && !strcmp(argv[1], "parse"); i++)
		parse(argv[i]);
	return argc < 3;
}
