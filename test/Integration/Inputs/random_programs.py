"""Random distributed programs, run as written and rewritten: every result must have
the same bits on every rank.

    python3 random_programs.py RUN [--first N] [--count N] [--device D] [--keep DIR]

RUN is commuter-run. Program N, of random_ops.py, is the same everywhere, and runs
through one of PIPELINES. What dist-check-shardings refuses, since it misuses a pending
sum, is counted apart. Prints each program that comes out differently or fails, and
keeps it in DIR.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

from random_ops import listed, write

PIPELINES = [
    "commute",
    "optimize",
    "dist-commute-norms{allow-extra-gather=true complete-sums=true}",
    "commuter-optimize{split-all-reduce=true complete-sums=true pad-rows=true}",
    "commuter-optimize{place-collectives=true complete-sums=true}",
    "commuter-optimize{localize-per-tensor=true guard=true allow-extra-gather=true}",
    "dist-commute-norms,canonicalize,cse,dist-commute-norms{guard=true},canonicalize",
    "norm-fuse,dist-split-all-reduce{allow-extra-gather=true pad-rows=true},cse",
    "dist-place-collectives,dist-localize-per-tensor-quantize,norm-fuse",
    "convert-scf-to-cf,dist-commute-norms{allow-extra-gather=true},lift-cf-to-scf",
    "convert-scf-to-cf,canonicalize,dist-commute-norms,lift-cf-to-scf",
]
MISUSE = re.compile(
    r"a sum (over \S+ )?is pending|to a pending sum|expects an operand that is replicated"
)


def run(options, seed, path, arguments):
    """What came of a program, and its norm rows per rank as written and rewritten."""
    pipeline = PIPELINES[seed % len(PIPELINES)]
    command = [options.run, path, "--compare", "--iterations", "1", "--seed", str(seed)]
    command += ["--device", options.device, "--pipeline", pipeline, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        rows = re.search(r"norm rows per rank +(\d+) +(\d+)", done.stdout)
        return "same", rows.groups() if rows else (0, 0)
    if "optimize" in pipeline and MISUSE.search(done.stderr):
        return "refused", (0, 0)
    print(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return "different", (0, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("run")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--keep", metavar="DIR", default=tempfile.gettempdir())
    options = parser.parse_args()
    os.makedirs(options.keep, exist_ok=True)
    counts = dict.fromkeys(("same", "refused", "different", "moved"), 0)
    for seed in range(options.first, options.first + options.count):
        path = os.path.join(options.keep, f"random-{seed}.mlir")
        with open(path, "w") as file:
            text, arguments = write(seed)
            file.write(text)
        outcome, (before, after) = run(options, seed, path, arguments)
        counts[outcome] += 1
        counts["moved"] += before != after
        if outcome != "different":
            os.remove(path)
    print(listed(f"{number} {name}" for name, number in counts.items()))
    return counts["different"] > 0


if __name__ == "__main__":
    sys.exit(main())
