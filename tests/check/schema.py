# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the published JSON Schema with the parser.

schema.py keys SCHEMA            prints every key of the schema as OBJECT.KEY
schema.py good SCHEMA FILE...    fails unless the schema accepts every file
schema.py vary SCHEMA FILE DIR   writes variants of FILE, nearly all of them broken, into
                                 DIR; prints the name of each and "accepted" or "refused"
"""

import copy
import json
import sys

import jsonschema


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def print_keys(schema):
    objects = {"scenario": schema, **schema["definitions"]}
    for name, definition in objects.items():
        for key in definition.get("properties", {}):
            print(f"{name}.{key}")


def paths_of(value, path=()):
    """The place of every value in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, (dict, list)):
        for key, child in items:
            yield from paths_of(child, path + (key,))


def changed(document, path, change):
    """A copy of the document in which change(parent, key) was done at the path."""
    result = [copy.deepcopy(document)]
    parent, keys = result, (0,) + path
    for key in keys[:-1]:
        parent = parent[key]
    change(parent, keys[-1])
    return result[0]


def put(value):
    def change(parent, key):
        parent[key] = value

    return change


def add_key(parent, key):
    if isinstance(parent[key], dict):
        parent[key]["surplus"] = 1


def remove(parent, key):
    del parent[key]


def variants(document):
    """Documents of which nearly all are wrong in one place."""
    changes = [put(value) for value in (None, -1, 2**64, 1.5, "", "A\n", [], {}, True)]
    for path in paths_of(document):
        for change in changes + [add_key] + ([remove] if path else []):
            yield changed(document, path, change)


def write_variants(validator, document, directory):
    for number, variant in enumerate(variants(document)):
        name = f"{directory}/{number}.json"
        with open(name, "w", encoding="utf-8") as file:
            json.dump(variant, file)
        print(name, "accepted" if validator.is_valid(variant) else "refused")


def main():
    schema = load(sys.argv[2])
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    if sys.argv[1] == "keys":
        print_keys(schema)
    elif sys.argv[1] == "good":
        for path in sys.argv[3:]:
            validator.validate(load(path))
    else:
        write_variants(validator, load(sys.argv[3]), sys.argv[4])


main()
