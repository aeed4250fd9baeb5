"""Adds up what the suites reported, and names what was skipped and why.

usage: count-tests.py DOCS_STATUS RESULTS.json...
"""

import collections
import json
import os
import sys

LIT_KINDS = {"PASS": "passed", "FLAKYPASS": "passed", "XFAIL": "passed",
             "UNSUPPORTED": "skipped", "SKIPPED": "skipped"}


def read(path):
    """Yields (name, kind, why) of each test of a suite, GoogleTest's or lit's."""
    with open(path) as file:
        report = json.load(file)
    if "testsuites" in report:
        for suite in report["testsuites"]:
            for test in suite["testsuite"]:
                name = f"{suite['name']}.{test['name']}"
                if "failures" in test:
                    yield name, "failed", ""
                elif test["result"] == "SKIPPED":
                    why = "; ".join(s.get("message", "") for s in test.get("skipped", []))
                    yield name, "skipped", why
                else:
                    yield name, "passed", ""
        return
    for test in report["tests"]:
        yield test["name"], LIT_KINDS.get(test["code"], "failed"), test.get("output", "")


def main(docs_status, *paths):
    counts = collections.Counter(failed=0, passed=0, skipped=0)
    if docs_status == "0":
        counts["passed"] += 1
    else:
        counts["failed"] += 1
        print("docs/ is not current: run 'ninja -C build commuter-docs'")
    for path in paths:
        if not os.path.exists(path):
            print(f"no results in {path}: the suite did not run to its end")
            counts["failed"] += 1
            continue
        found = list(read(path))
        if not found:
            print(f"no tests in {path}")
            counts["failed"] += 1
        for name, kind, why in found:
            counts[kind] += 1
            if kind == "skipped":
                print(f"skipped: {name}: {' '.join(why.split())}")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] else 0


sys.exit(main(*sys.argv[1:]))
