"""Runs the functions of a program (reference.mlir, shard.mlir) and compares every
result on every rank with what this file computes, in plain Python, from all ranks'
inputs: the definitions of the ops, written a second time. Values are small integers,
so that sums are exact.

usage: reference.py COMMUTER_RUN PROGRAM FOLDER
"""

import itertools
import math
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "Inputs"))
import npy

A, B = 2, 3
RANKS = [(a, b) for a in range(A) for b in range(B)]  # the last axis is fastest
ROWS, COLUMNS = 2, 6


def group(rank, axes):
    """The ranks that differ from `rank` in `axes` only, the last axis fastest."""
    sizes = {"a": range(A), "b": range(B)}
    members = []
    for places in itertools.product(*(sizes[axis] for axis in axes)):
        coordinates = dict(zip("ab", rank)) | dict(zip(axes, places))
        members.append((coordinates["a"], coordinates["b"]))
    return members


def concat(parts, dim):
    if dim == 0:
        return [row for part in parts for row in part]
    return [sum((part[i] for part in parts), []) for i in range(len(parts[0]))]


def split(x, dim, count):
    if dim == 0:
        size = len(x) // count
        return [x[i * size : (i + 1) * size] for i in range(count)]
    columns = [split(row, 0, count) for row in x]
    return [[row[i] for row in columns] for i in range(count)]


def fold(parts, function):
    return [
        [function(values) for values in zip(*rows)] for rows in zip(*parts)
    ]


def gather(x, rank, axes, dim):
    return concat([x[member] for member in group(rank, axes)], dim)


def reduce(x, rank, axes, function=sum):
    return fold([x[member] for member in group(rank, axes)], function)


def own(x, rank, axes, dim):
    members = group(rank, axes)
    return split(x, dim, len(members))[members.index(rank)]


def exchange(x, rank, axes, dim_split, dim_concat):
    members = group(rank, axes)
    me = members.index(rank)
    parts = [split(x[m], dim_split, len(members))[me] for m in members]
    return concat(parts, dim_concat)


def normalise(row, scale, bias, eps, centred, offset=0.0):
    mean = math.fsum(row) / len(row) if centred else 0.0
    square = math.fsum((v - mean) ** 2 for v in row) / len(row)
    factor = 1 / math.sqrt(square + eps)
    return [
        (v - mean) * factor * (offset + s) + b
        for v, s, b in zip(row, scale, bias)
    ]


def expected(function, rank, x, w, b):
    mine = x[rank]
    if function == "all_gather":
        return [
            gather(x, rank, axes, dim)
            for axes, dim in (("a", 0), ("b", 0), ("ab", 0), ("ba", 0), ("b", 1))
        ]
    if function == "summing":
        by_b = {r: reduce(x, r, "b") for r in RANKS}
        by_a = {r: reduce(x, r, "a") for r in RANKS}
        return [gather(by_b, rank, "a", 0), gather(by_a, rank, "b", 0)]
    if function == "all_reduce":
        return [
            reduce(x, rank, "ab"),
            reduce(x, rank, "b"),
            reduce(x, rank, "a", max),
            reduce(x, rank, "b", min),
        ]
    if function == "reduce_scatter":
        return [
            own(reduce(x, rank, "a"), rank, "a", 0),
            own(reduce(x, rank, "b", max), rank, "b", 1),
            own(reduce(x, rank, "ba"), rank, "ba", 1),
        ]
    if function == "all_slice":
        return [own(mine, rank, "a", 0), own(mine, rank, "b", 1), own(mine, rank, "ba", 1)]
    if function == "all_to_all":
        return [exchange(x, rank, "b", 1, 0), exchange(x, rank, "a", 0, 1)]
    if function == "exchange_within":
        return [exchange(x, rank, axes, dim, dim) for axes, dim in (("a", 0), ("b", 1), ("ba", 1))]
    if function == "dynamic":
        return [gather(x, rank, "ba", 0), own(mine, rank, "b", 1),
                exchange(x, rank, "b", 1, 0), reduce(x, rank, "b")]
    if function == "alone":
        return [mine] * 3
    if function == "number":
        return [rank[0] * B + rank[1], rank[1], rank[0]]
    if function == "to_partial":
        zero = [[0.0] * COLUMNS] * ROWS
        return [mine if rank[1] == 0 else zero, x[(rank[0], 0)]]
    if function == "place":
        index = rank[1] * A + rank[0]
        return [rank[0], rank[1], index, A * B, [k * A + rank[0] for k in range(B)]]
    if function == "slices":
        return [[[-v for v in row[:5]] for row in mine]] * 2
    if function == "loop":
        return [fold([reduce(x, rank, "a")], lambda v: v[0] * A * A)]
    ones, zeros = [1.0] * COLUMNS, [0.0] * COLUMNS
    plain = [normalise(row, ones, zeros, 1e-5, True) for row in mine]
    if function == "shared_results":
        return [plain, [ones] * ROWS, plain, mine, mine]
    flat = [v for row in mine for v in row]
    whole = normalise(flat, ones * ROWS, zeros * ROWS, 1e-5, True)
    added = fold([mine, plain], sum)
    return [
        plain,
        [normalise(row, w, b, 1e-5, True) for row in mine],
        [normalise(row, w, zeros, 1e-6, False) for row in mine],
        [normalise(row, w, zeros, 1e-6, False, 1.0) for row in mine],
        split(whole, 0, ROWS),
        added,
        [normalise(row, w, zeros, 1e-6, False) for row in added],
    ]


def flatten(x):
    return [v for part in x for v in flatten(part)] if isinstance(x, list) else [x]


def main(tool, program, folder):
    os.makedirs(folder, exist_ok=True)
    numbers = random.Random(0)
    x = {
        r: [[float(numbers.randint(-9, 9)) for _ in range(COLUMNS)] for _ in range(ROWS)]
        for r in RANKS
    }
    w = [numbers.randint(1, 8) / 4 for _ in range(COLUMNS)]
    b = [numbers.randint(-8, 8) / 4 for _ in range(COLUMNS)]
    n = len(RANKS)
    path = lambda name: os.path.join(folder, name)
    npy.write(path("x.npy"), "f32", (n, ROWS, COLUMNS), flatten([x[r] for r in RANKS]))
    npy.write(path("w.npy"), "f32", (n, COLUMNS), w * n)
    npy.write(path("b.npy"), "f32", (n, COLUMNS), b * n)

    functions = re.findall(r"^func\.func @(\w+)", open(program).read(), re.M)
    assert len(functions) > 10
    for function in functions:
        inputs = ["--input", "0=" + path("x.npy")]
        if function == "norms":
            inputs += ["--input", "1=" + path("w.npy"), "--input", "2=" + path("b.npy")]
        for pipeline in ("none", "optimize"):
            command = [tool, program, "--entry", function, "--pipeline", pipeline,
                       "--output-dir", folder] + inputs
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            want = [expected(function, rank, x, w, b) for rank in RANKS]
            for i in range(len(want[0])):
                _, _, found = npy.read(path(f"result{i}.npy"))
                wanted = flatten([result[i] for result in want])
                # f32 norms of 6 numbers: a few roundings of 2^-24 each.
                tolerance = 4e-6 if function in ("norms", "shared_results") else 0
                assert len(found) == len(wanted), (function, i)
                for at, (f, e) in enumerate(zip(found, wanted)):
                    assert abs(f - e) <= tolerance * max(1, abs(e)), (
                        f"@{function} ({pipeline}), result {i}, element {at}: "
                        f"expected {e}, found {f}")


main(*sys.argv[1:])
