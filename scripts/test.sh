#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. The last line is
# `N passed, N failed, N skipped`, from the suites' own counts.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$PWD/${COMMUTER_BUILD_DIR:-build}

scripts/setup.sh
scripts/build.sh

# The lit suite, then again with every module printed and parsed on the way.
lit=$(sed -n 's/^LLVM_EXTERNAL_LIT:[A-Z]*=//p' "$build/CMakeCache.txt")
lit=${lit:-/usr/lib/llvm-22/bin/lit}
results=()
run_lit() {
  local out=$build/lit-$1.json
  rm -f "$out"
  "$lit" -sv -o "$out" "$build/test" || true
  results+=("$out")
}
run_lit plain
COMMUTER_VERIFY_ROUNDTRIP=1 run_lit roundtrip

# The runtime's conformance suite.
rm -f "$build/cts.json"
"$build/bin/commuter-cts" --gtest_brief=1 --gtest_output="json:$build/cts.json" || true

# The reference pages are current.
docs=0
ninja -C "$build" commuter-docs-check >/dev/null || docs=1

python3 - "$docs" "$build/cts.json" "${results[@]}" <<'PYTHON'
import collections, json, os, sys

docs_failed = int(sys.argv[1])
counts = collections.Counter()
counts["failed" if docs_failed else "passed"] += 1
if docs_failed:
    print("docs/ is not current: run 'ninja -C build commuter-docs'")
for path in sys.argv[2:]:
    if not os.path.exists(path):
        print(f"no results in {path}: the suite did not run")
        counts["failed"] += 1
        continue
    report = json.load(open(path))
    if "testsuites" in report:  # GoogleTest's format
        for suite in report["testsuites"]:
            for test in suite["testsuite"]:
                kind = ("failed" if "failures" in test else
                        "skipped" if test["result"] == "SKIPPED" else "passed")
                counts[kind] += 1
        continue
    for test in report["tests"]:
        code = test["code"]
        kind = {"PASS": "passed", "FLAKYPASS": "passed", "XFAIL": "passed",
                "UNSUPPORTED": "skipped", "SKIPPED": "skipped"}.get(code, "failed")
        counts[kind] += 1
        if kind == "skipped":
            print(f"skipped: {test['name']}: {test.get('output', '').strip()}")
if not counts["passed"]:
    counts["failed"] += 1
print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
sys.exit(1 if counts["failed"] else 0)
PYTHON
