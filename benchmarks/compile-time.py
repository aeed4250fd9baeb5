#!/usr/bin/env python3
"""Compile time of dist-commute-norms against canonicalize,cse.

One process of commuter-opt gets a program twice, as two modules of one file:
the pass runs on one copy, canonicalize and cse on the other. See README.md.
"""

import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

import machine

PASS, ANALYSIS, CANONICALIZE, CSE = "pass", "analysis", "canonicalize", "cse"
ROWS = {
    "CommuteNormsPass": PASS,
    "(A) commuter::ShardingAnalysis": ANALYSIS,
    "Canonicalizer": CANONICALIZE,
    "CSE": CSE,
}
NO_PASSES = {"root", "Total", "Rest", "Parser", "Output"}
ROUNDING = 1e-4  # of the report, in seconds
# The copies' modules have different names, so that each gets its own passes.
SAME_MODULE = (
    "builtin.module(builtin.module(dist-commute-norms),"
    "gpu.module(canonicalize,cse))"
)
ONE_AFTER_THE_OTHER = "builtin.module(dist-commute-norms,canonicalize,cse)"

PIPELINES = ["commuter-optimize", "commuter-lower-to-llvm", "canonicalize,cse"]
PIPELINE_SIZES = [10, 100, 1000, 10000]

LAYER = """\
  %s{i} = arith.addf %h{i}, %h{i} : tensor<4x8xf32>
  %g{i} = dist.all_gather %s{i} dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<32x8xf32>
  %r{i} = dist.all_slice %g{i} dim 0 over @mesh[dp] : tensor<32x8xf32> -> tensor<4x8xf32>
  %n{i} = norm.rms_norm %g{i} scale %w eps 1.0e-06 : tensor<32x8xf32>, tensor<8xf32>
  %t{i} = dist.reduce_scatter %n{i} sum dim 0 over @mesh[dp] : tensor<32x8xf32> -> tensor<4x8xf32>
  %h{j} = arith.addf %r{i}, %t{i} : tensor<4x8xf32>
"""


def write_layers(file, layers):
    """A mesh, and a function of `layers` gathers with a norm behind each."""
    file.write("dist.mesh @mesh(dp = 8)\n")
    file.write(
        "func.func @main(%h0: tensor<4x8xf32>, %w: tensor<8xf32>"
        " {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<4x8xf32> {\n"
    )
    for i in range(layers):
        file.write(LAYER.format(i=i, j=i + 1))
    file.write(f"  return %h{layers} : tensor<4x8xf32>\n}}\n")


def write_module(path, layers, copies):
    with open(path, "w") as file:
        if not copies:
            return write_layers(file, layers)
        for name in ("builtin.module @a", "gpu.module @b"):
            file.write(name + " {\n")
            write_layers(file, layers)
            file.write("}\n")


def run(opt, path, pipeline):
    """Times in seconds by row of the report, and the peak resident memory in MiB."""
    process = subprocess.Popen(
        [
            *shlex.split(opt),
            path,
            "--pass-pipeline=" + pipeline,
            "--mlir-disable-threading",
            "--verify-each=0",
            "--mlir-timing",
            "--mlir-timing-display=list",
            "-o",
            path + ".out",  # in the temporary folder
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    report = process.stderr.read()
    # Not getrusage of all children: its maximum would be that of any run.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"commuter-opt failed:\n{report}")
    times = {}
    for line in report.splitlines():
        match = re.match(r"\s*([\d.]+) \(\s*[\d.]+%\)\s+(.*)$", line)
        if match:
            times[match[2]] = times.get(match[2], 0.0) + float(match[1])
    return times, usage.ru_maxrss / 1024


def run_passes(opt, path, pipeline):
    """Times of ROWS, and the peak memory."""
    report, memory = run(opt, path, pipeline)
    missing = set(ROWS) - set(report)
    if missing:
        sys.exit(f"no time of {', '.join(sorted(missing))} of {pipeline}")
    return {name: report[row] for row, name in ROWS.items()} | {"memory": memory}


def run_pipelines(opt, path, pipelines):
    """Times of all passes of each pipeline, in a process each, and peak memory."""
    times = {}
    for pipeline in pipelines:
        report, memory = run(opt, path, f"builtin.module({pipeline})")
        times[pipeline] = report["Total"] - report["Parser"] - report["Output"]
        times[pipeline, "memory"] = memory
    return times


def measure(sizes, repetitions, run_once, copies):
    """By size, the runs' times. The repetitions of all sizes interleave, so that
    what else the machine does meets all of them."""
    runs = {size: [] for size in sizes}
    with tempfile.TemporaryDirectory() as folder:
        paths = {size: os.path.join(folder, f"{size}.mlir") for size in sizes}
        for size, path in paths.items():
            write_module(path, size, copies)
        for _ in range(repetitions):
            for size, path in paths.items():
                runs[size].append(run_once(path))
    return runs


def summarise(runs, choose):
    """One figure by row, of all runs of each size."""
    return {
        size: {row: choose([r[row] for r in of_size]) for row in of_size[0]}
        for size, of_size in runs.items()
    }


def others(times):
    return times[CANONICALIZE] + times[CSE]


def print_table(summary):
    print(
        "| layers | ops | dist-commute-norms | of it the analysis "
        "| canonicalize,cse | ratio | growth | peak memory |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    last = None
    for size, times in sorted(summary.items()):
        growth = f"{times[PASS] / last:.1f}x" if last else ""
        last = times[PASS]
        print(
            f"| {size} | {6 * size} | {times[PASS] * 1e3:.1f} ms "
            f"| {times[ANALYSIS] * 1e3:.1f} ms | {others(times) * 1e3:.1f} ms "
            f"| {times[PASS] / others(times):.2f} | {growth} "
            f"| {times['memory']:.0f} MiB |"
        )
    print()


def print_pipelines(summary):
    print("| layers | " + " | ".join(f"{p} | peak memory" for p in PIPELINES) + " |")
    print("|---:|" + "---:|---:|" * len(PIPELINES))
    for size, times in sorted(summary.items()):
        cells = [
            f"{times[p] * 1e3:.1f} ms | {times[p, 'memory']:.0f} MiB" for p in PIPELINES
        ]
        print(f"| {size} | " + " | ".join(cells) + " |")
    print()


def time_program(build, example, repetitions):
    """Seconds of commuter-run: to parse, optimise, compile and run it on 8 ranks."""
    here = os.path.dirname(os.path.abspath(__file__))
    command = [
        os.path.join(build, "bin", "commuter-run"),
        os.path.join(here, "..", "examples", example),
    ]
    times = []
    for _ in range(repetitions):
        start = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.monotonic() - start)
    return statistics.median(times)


def check(opt, bounds):
    """The test: minima of 3, and 3 more each time that a bound does not hold,
    because load can only make a time longer."""
    small, large = 1000, 10000
    runs = {small: [], large: []}
    for _ in range(3):
        for size, more in measure(
            runs, 3, lambda path: run_passes(opt, path, SAME_MODULE), copies=True
        ).items():
            runs[size] += more
        best = summarise(runs, min)
        growth = best[large][PASS] / best[small][PASS]
        # A large module does not fit the caches that a small one does, whoever
        # goes through it.
        of_others = others(best[large]) / others(best[small])
        max_growth = max(bounds.max_growth, 1.25 * of_others)
        ratio = best[large][PASS] / others(best[large])
        analysis = best[large][ANALYSIS] / others(best[large])
        print(
            f"growth {growth:.1f}x (canonicalize,cse {of_others:.1f}x); of"
            f" canonicalize,cse: pass {ratio:.0%}, of it the analysis {analysis:.0%}"
        )
        if (
            growth <= max_growth
            and ratio <= bounds.max_ratio
            and analysis <= bounds.max_analysis_ratio
        ):
            print("within the bounds")
            return 0
    print_table(best)
    return 1


def check_lowering(opt, max_growth):
    """The test that no pass of the pipelines grows with the square, of those that
    take a share of the time: minima of up to 3 runs, as in `check`. An op that fits
    the caches takes up to half the time of one that does not."""
    small, large = 250, 2000
    pipeline = "builtin.module(commuter-optimize,commuter-lower-to-llvm)"
    runs = {small: [], large: []}
    for _ in range(3):
        for size, more in measure(
            runs, 1, lambda path: run(opt, path, pipeline)[0], copies=False
        ).items():
            runs[size] += more
        best = summarise(runs, min)
        growth = {
            row: seconds / max(best[small][row], ROUNDING)
            for row, seconds in best[large].items()
            if row not in NO_PASSES and seconds >= 0.04 * best[large]["Total"]
        }
        worst = max(growth, key=growth.get)
        print(f"{worst} grows most, by {growth[worst]:.1f}x")
        if growth[worst] <= max_growth:
            print("within the bound")
            return 0
    for row in sorted(growth, key=growth.get):
        print(f"{growth[row]:5.1f}x to {best[large][row]:.3f} s  {row}")
    return 1


COUNTS = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "results", "instructions.json"
)
COUNT_LAYERS, COUNT_TOLERANCE = 500, 0.05


def count_instructions(opt):
    """Instructions that the pass takes, its analysis included: exact but for
    what the compiler, the C library and LLVM's version make of the code."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "layers.mlir")
        write_module(path, COUNT_LAYERS, copies=False)
        process = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                "--toggle-collect=*CommuteNorms::runOnOperation()",
                "--callgrind-out-file=" + os.path.join(folder, "callgrind.out"),
                *shlex.split(opt),
                path,
                "--dist-commute-norms",
                "--mlir-disable-threading",
                "-o",
                path + ".out",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
    match = re.search(r"Collected : (\d+)", process.stderr)
    if process.returncode or not match or match[1] == "0":
        sys.exit(f"nothing counted:\n{process.stderr}")
    return int(match[1])


def check_instructions(opt, update):
    count = count_instructions(opt)
    if update:
        with open(COUNTS, "w") as file:
            json.dump({"layers": COUNT_LAYERS, "instructions": count}, file)
            file.write("\n")
        return 0
    with open(COUNTS) as file:
        noted = json.load(file)["instructions"]
    change = count / noted - 1
    print(f"{count} instructions, {change:+.1%} of the {noted} that are noted")
    if change > COUNT_TOLERANCE:
        print(f"more than {COUNT_TOLERANCE:.0%} above; see benchmarks/README.md")
        return 1
    if change < -COUNT_TOLERANCE:
        print("note them: compile-time.py --instructions --update")
    print("within the bound")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", nargs="?", default="build", help="build folder")
    parser.add_argument("--opt", help="commuter-opt, with arguments if any")
    parser.add_argument("--large", action="store_true", help="100,000 layers too")
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--check", action="store_true", help="the test's bounds")
    parser.add_argument(
        "--instructions", action="store_true", help="count them, by callgrind"
    )
    parser.add_argument(
        "--update", action="store_true", help="with --instructions: note the count"
    )
    parser.add_argument(
        "--check-lowering",
        action="store_true",
        help="no pass of the pipelines grows too fast",
    )
    parser.add_argument("--max-growth", type=float, default=12)
    parser.add_argument("--max-lowering-growth", type=float, default=24)
    parser.add_argument("--max-ratio", type=float, default=0.35)
    parser.add_argument("--max-analysis-ratio", type=float, default=0.15)
    args = parser.parse_args()
    opt = args.opt or os.path.join(args.build, "bin", "commuter-opt")
    if args.instructions:
        return check_instructions(opt, args.update)
    if args.check_lowering:
        return check_lowering(opt, args.max_lowering_growth)
    if args.check:
        return check(opt, args)
    sizes = [10, 100, 1000, 10000] + ([100000] if args.large else [])
    print(
        f"# Compile time\n\n{machine.describe()}; medians of {args.repetitions}.\n\n"
        "How each figure is taken: [../README.md](../README.md#compile-timepy).\n"
    )
    for title, pipeline, copies in (
        ("On two copies of a module, in one process", SAME_MODULE, True),
        ("canonicalize,cse on what the pass leaves", ONE_AFTER_THE_OTHER, False),
    ):
        print(f"## {title}\n")
        runs = measure(
            sizes,
            args.repetitions,
            lambda path: run_passes(opt, path, pipeline),
            copies,
        )
        print_table(summarise(runs, statistics.median))
    print("## Whole pipelines\n")
    runs = measure(
        PIPELINE_SIZES,
        min(args.repetitions, 3),
        lambda path: run_pipelines(opt, path, PIPELINES),
        copies=False,
    )
    print_pipelines(summarise(runs, statistics.median))
    print("## From file to result\n")
    for example in ("deepseek_v3_dp_attention", "gpt_layer_norm"):
        seconds = time_program(args.build, example + ".mlir", args.repetitions)
        print(f"`commuter-run examples/{example}.mlir`: {seconds:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
