#!/usr/bin/env python3
"""The runtime's collectives against memcpy, and against MPI's own. See README.md."""

import argparse
import os
import statistics
import subprocess

import machine

HERE = os.path.dirname(os.path.abspath(__file__))

RANKS = [2, 4]
# What a ratio should be at most, by the start of the collective's name, where data is large beside a meeting.
LARGE = 4 << 20
LIMITS = {"threads": {"all_gather": 1.15, "reduce_scatter": 1.5, "all_reduce": 1.5},
          "mpi": {"all_gather": 1.05}}
AGAINST = {"threads": ["memcpy", "memcpy between barriers"], "mpi": ["MPI"], "tcp": ["MPI"]}
# A barrier of C++, or of MPI.
BARRIER = {"threads": "std::barrier", "mpi": "MPI_Barrier", "tcp": "MPI_Barrier"}


def measure(args, transport, ranks):
    """-> (name, bytes, nanoseconds of each contender in each round)"""
    command = [os.path.join(args.build, "bin", "commuter-bench-collectives"), f"--transport={transport}",
               f"--budget-ms={args.budget_ms}"]
    if args.bytes:
        command.append(f"--bytes={args.bytes}")
    environment = dict(os.environ)
    if transport == "threads":
        command.append(f"--ranks={ranks}")
    else:
        environment["COMMUTER_MPIRUN_SECONDS"] = "1200"
        environment["COMMUTER_RENDEZVOUS"] = f"127.0.0.1:{10000 + os.getpid() % 20000}"
        command = [os.path.join(HERE, "..", "runtime", "cts", "mpirun.sh"), str(ranks)] + command
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return [(line[0], int(line[1]), [[int(time) for time in series.split(",")] for series in line[2:]])
            for line in lines]


def print_time(ns):
    return f"{ns / 1e3:.1f} us" if ns < 1e6 else f"{ns / 1e6:.1f} ms"


def print_size(size):
    for unit in ["", " KiB", " MiB"]:
        if size < 1024:
            return f"{size}{unit}"
        size //= 1024


def print_tables(args, transport, ranks):
    processors = len(os.sched_getaffinity(0))
    crowded = f"; oversubscribed, {ranks} on {processors} processors" if ranks > processors else ""
    print(f"\n## {transport}, {ranks} ranks{crowded}\n")
    try:
        lines = measure(args, transport, ranks)
    except subprocess.CalledProcessError as error:
        print("Failed: " + (error.stderr.splitlines() or [str(error)])[0])
        return
    heads = AGAINST[transport]
    print("| collective | bytes a rank | time | " + " | ".join(f"{head} | ratio" for head in heads)
          + " | of the shortest | limit |")
    print("|---|---:|---:|" + "---:|---:|" * len(heads) + "---:|---:|")
    for name, size, series in lines:
        row = [name, print_size(size) if size else "", print_time(statistics.median(series[0]))]
        for other in series[1:]:
            row += [print_time(statistics.median(other)),
                    f"{statistics.median(a / b for a, b in zip(series[0], other)):.2f}"]
        row.append(f"{min(series[0]) / max(min(series[-1]), 1):.2f}")
        if name == "barrier":
            row[1] = BARRIER[transport]
            row[3:3] = ["", ""] * (len(heads) - 1)
        limits = LIMITS.get(transport, {}) if size >= LARGE else {}
        row.append(next((f"{limit}" for start, limit in limits.items() if name.startswith(start)), ""))
        print("| " + " | ".join(row) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--budget-ms", type=int, default=600, help="time for one line of a table")
    parser.add_argument("--bytes", help="sizes, with commas between")
    parser.add_argument("--transports", default="threads,mpi,tcp")
    args = parser.parse_args()
    print(f"# Collectives\n\n{machine.describe()}\n\nHow each figure is taken: [../README.md](../README.md#collectivespy).")
    for transport in args.transports.split(","):
        for ranks in RANKS:
            print_tables(args, transport, ranks)


if __name__ == "__main__":
    main()
