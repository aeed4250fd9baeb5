"""Checks figures of commuter-run --json on stdin: `path=value`, where a path is
like versions.0.norm_rows and a value is a Python literal, or `path` alone, which
must be a number above 0."""

import ast
import json
import sys

figures = json.load(sys.stdin)
for check in sys.argv[1:]:
    path, _, expected = check.partition("=")
    value = figures
    for key in path.split("."):
        value = value[int(key) if isinstance(value, list) else key]
    if expected and value != ast.literal_eval(expected):
        sys.exit(f"{path} is {value!r}, expected {expected}")
    if not expected and not value > 0:
        sys.exit(f"{path} is {value!r}, expected a number above 0")
