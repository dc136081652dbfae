/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * The key tables of scenario files, for the parser and for the test that each key is
 * documented.
 */
#ifndef KT_CHECK_SCENARIO_KEYS_H
#define KT_CHECK_SCENARIO_KEYS_H

#include "check/reader.h"

extern const struct kt_key kt_scenario_keys[];
extern const struct kt_key kt_guest_keys[];
extern const struct kt_key kt_topology_keys[];
extern const struct kt_key kt_worker_keys[];
extern const struct kt_key kt_file_keys[];
extern const struct kt_key kt_probe_keys[];
extern const struct kt_key kt_check_keys[];

#endif
