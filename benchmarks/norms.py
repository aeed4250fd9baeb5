#!/usr/bin/env python3
"""Norms against copies and oneDNN: runs BUILD/bin/commuter-bench-norms. See
README.md."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys

import machine

ROWS = [1, 64, 1024, 8192, 32768]
COLUMNS = [63, 64, 1001, 1024, 4096, 7168, 7169, 12288, 16384]
WIDTHS = {"f32": 4, "bf16": 2, "f16": 2}
# What oneDNN has is measured on the whole grid; the rest on these.
FEW = [(64, 1024), (1024, 1024), (64, 7168), (1024, 7168), (8192, 7168), (32768, 7168)]
OTHERS = [("layer_norm", "f16"), ("rms_norm", "f32"), ("rms_norm", "bf16"),
          ("add_rms_norm", "f32"), ("add_rms_norm", "bf16"),
          ("rms_norm_quantize", "bf16"), ("add_rms_norm_quantize", "bf16")]


def measure(options, op, dtype, rows, columns, threads):
    """Medians in microseconds, by who; None if the case is too large."""
    name = f"{op}/{dtype}/rows:{rows}/columns:{columns}/"
    out = subprocess.run(
        [os.path.join(options.build, "bin/commuter-bench-norms"),
         f"--benchmark_filter=^{re.escape(name)}", "--benchmark_format=json",
         f"--benchmark_repetitions={options.repetitions}",
         "--benchmark_enable_random_interleaving=true",
         f"--benchmark_min_time={options.min_time}"],
        capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": str(threads),
             "COMMUTER_THREADS": str(threads)})
    if "{" not in out.stdout:
        return None
    times = {}
    for run in json.loads(out.stdout)["benchmarks"]:
        if run["run_type"] == "iteration" and not run.get("error_occurred"):
            times.setdefault(run["name"].split("/")[4], []).append(run["real_time"])
    medians = {who: statistics.median(all) for who, all in times.items()}
    medians["best copy"] = min(t for who, t in medians.items() if who.startswith("copy"))
    print(name, {who: round(t, 3) for who, t in medians.items()}, file=sys.stderr, flush=True)
    return medians


def size_name(rows, columns, dtype):
    mib = 2 * rows * columns * WIDTHS[dtype] / 2**20
    return f"{mib:.3g}" if mib >= 0.01 else "<0.01"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--min-time", default="0.01")
    parser.add_argument("--threads", type=int, nargs="+",
                        default=sorted({1, len(os.sched_getaffinity(0))}))
    options = parser.parse_args()
    about = machine.describe()
    text = ["# Norms on the processor", "",
            f"Written by `benchmarks/norms.py`; [README.md](../README.md#normspy) "
            f"says how. {about}. Medians of {options.repetitions} interleaved repetitions.", ""]

    ratio = lambda m, who: f"{m[who] / m['commuter']:.2f}" if m and who in m else ""
    # A copy of less than a microsecond is no measure of anything.
    to_copy = lambda m: f"{m['commuter'] / m['best copy']:.2f}" if m and m["best copy"] >= 1 else ""
    for threads in options.threads:
        text += [f"## Layer norm, {threads} thread{'s' if threads > 1 else ''}", "",
                 "MiB are those read and written. *Copy*: our time divided by that of the "
                 "fastest copy of as many bytes. *oneDNN*: its time divided by ours.", "",
                 "| rows x columns | MiB, f32 | f32, copy | f32, oneDNN | bf16, copy | bf16, oneDNN |",
                 "|---|---:|---:|---:|---:|---:|"]
        for rows in ROWS:
            for columns in COLUMNS:
                f32, bf16 = (measure(options, "layer_norm", dtype, rows, columns, threads)
                             for dtype in ("f32", "bf16"))
                text.append(f"| {rows} x {columns} | {size_name(rows, columns, 'f32')} | "
                            f"{to_copy(f32)} | {ratio(f32, 'onednn')} | "
                            f"{to_copy(bf16)} | {ratio(bf16, 'onednn')} |")
        text += ["", f"## Other norms, {threads} thread{'s' if threads > 1 else ''}", "",
                 "Our time divided by that of the fastest copy of as many bytes.", "",
                 "| rows x columns | " + " | ".join(f"{op}, {dtype}" for op, dtype in OTHERS) + " |",
                 "|---|" + "---:|" * len(OTHERS)]
        for rows, columns in FEW:
            cells = [to_copy(measure(options, op, dtype, rows, columns, threads))
                     for op, dtype in OTHERS]
            text.append(f"| {rows} x {columns} | " + " | ".join(cells) + " |")
        text.append("")
    print("\n".join(text))


if __name__ == "__main__":
    main()
