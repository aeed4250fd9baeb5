#!/usr/bin/env python3
"""Times PyTorch on the cases of commuter-cuda-bench: reads its lines, writes them with
torch_us, and compiled_us (torch.compile, so Triton), where PyTorch has the operation.
See README.md.

usage: gpu-peers.py [SECONDS] <LINES

Compiling takes seconds a case: after SECONDS no further one is compiled. Rows of the
lengths that models have come first."""

import json
import math
import statistics
import sys
import time

import torch
import torch.nn.functional as F

REPLAYS = 25


def layer_norm(x, _residual, weight):
    return F.layer_norm(x, weight.shape, weight, None, 1e-6)


def rms_norm(x, _residual, weight):
    return F.rms_norm(x, weight.shape, weight, 1e-6)


def add_rms_norm(x, residual, weight):
    total = x + residual
    return total, F.rms_norm(total, weight.shape, weight, 1e-6)


OPERATIONS = {"layer_norm": layer_norm, "rms_norm": rms_norm, "add_rms_norm": add_rms_norm}
TYPES = {"bf16": torch.bfloat16, "f32": torch.float32}


def measure(operation, sets, weight):
    """Microseconds of one call: of replays of a graph that has one for each set, the median."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for x, residual in sets[:3]:  # compiles, and warms up what the graph must not capture
            operation(x, residual, weight)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kept = [operation(x, residual, weight) for x, residual in sets]
    times = []
    for _ in range(3 + REPLAYS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(1000 * begin.elapsed_time(end) / len(sets))
    del kept
    return statistics.median(times[3:])


def time_case(case, compiles):
    """Adds the time of the operation as it is, or compiled."""
    operation = OPERATIONS[case["kernel"]]
    shape = (case["rows"], case["length"])
    make = lambda *size: torch.rand(size, device="cuda", dtype=TYPES[case["type"]]) + 1
    sets = [(make(*shape), make(*shape)) for _ in range(case["sets"])]
    weight = make(case["length"])
    if compiles:
        torch.compiler.reset()
        case["compiled_us"] = measure(torch.compile(operation, dynamic=False), sets, weight)
    else:
        case["torch_us"] = measure(operation, sets, weight)
    del sets
    torch.cuda.empty_cache()


def main():
    end = time.monotonic() + float(sys.argv[1]) if len(sys.argv) > 1 else math.inf
    lines = list(map(json.loads, sys.stdin))
    lines[0]["torch"] = torch.__version__
    cases = [line for line in lines if line.get("kernel") in OPERATIONS]
    for case in cases:
        time_case(case, compiles=False)
    for case in sorted(cases, key=lambda case: abs(math.log(case["length"] / 7168))):
        if time.monotonic() > end:
            break
        time_case(case, compiles=True)
    for line in lines:
        print(json.dumps(line))


main()
