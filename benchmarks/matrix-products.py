#!/usr/bin/env python3
"""Matrix products of the runtime against the loops that they replace, and against
OpenBLAS where it is there. See README.md."""

import argparse
import ctypes
import ctypes.util
import json
import os
import statistics
import subprocess
import tempfile
import time

SIZES = [(1, 4096, 4096), (16, 4096, 4096), (128, 4096, 4096), (512, 512, 512), (1024, 1024, 1024)]
TYPES = [("f32", "f32"), ("bf16", "f32"), ("f16", "f32"), ("bf16", "bf16"), ("f16", "f16")]

PROGRAM = """
func.func @main(%a: tensor<{m}x{k}x{a}>, %b: tensor<{k}x{n}x{a}>) -> tensor<{m}x{n}x{c}> {{
  %zero = arith.constant 0.0 : {c}
  %e = tensor.empty() : tensor<{m}x{n}x{c}>
  %z = linalg.fill ins(%zero : {c}) outs(%e : tensor<{m}x{n}x{c}>) -> tensor<{m}x{n}x{c}>
  %y = linalg.matmul ins(%a, %b : tensor<{m}x{k}x{a}>, tensor<{k}x{n}x{a}>) outs(%z : tensor<{m}x{n}x{c}>) -> tensor<{m}x{n}x{c}>
  return %y : tensor<{m}x{n}x{c}>
}}
"""


def measure(tool, size, types, *options):
    """Milliseconds of processor time: the product, and the zeros that it starts from."""
    m, n, k = size
    program = PROGRAM.format(m=m, n=n, k=k, a=types[0], c=types[1])
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
        file.write(program)
        file.flush()
        done = subprocess.run([tool, file.name, "--json", *options], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["versions"][0]["other_ms"]


def measure_openblas(library, size, repetitions):
    m, n, k = size
    a, b, c = (ctypes.c_float * (m * k))(), (ctypes.c_float * (k * n))(), (ctypes.c_float * (m * n))()
    one, zero = ctypes.c_float(1), ctypes.c_float(0)
    times = []
    for _ in range(repetitions + 1):
        start = time.thread_time()
        library.cblas_sgemm(101, 111, 111, m, n, k, one, a, k, b, n, zero, c, n)
        times.append(time.thread_time() - start)
    return statistics.median(times[1:]) * 1e3


def load_openblas():
    path = os.environ.get("OPENBLAS") or ctypes.util.find_library("openblas")
    if not path:
        return None
    library = ctypes.CDLL(path)
    library.openblas_set_num_threads(1)
    return library


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    tool = os.path.join(arguments.build, "bin", "commuter-run")
    openblas = load_openblas()
    print("| rows x columns x depth | types | the call | the loops | gain | OpenBLAS |")
    print("|---|---|---:|---:|---:|---:|")
    for size in SIZES:
        work = 2e-6 * size[0] * size[1] * size[2]
        for types in TYPES:
            call = measure(tool, size, types, f"--iterations={arguments.repetitions}")
            loops = measure(tool, size, types, "--contraction-loops")
            row = ["x".join(map(str, size)), f"{types[0]}, sums {types[1]}",
                   f"{work / call:.1f}", f"{work / loops:.2f}", f"{loops / call:.0f}x"]
            if openblas and types == ("f32", "f32"):
                row.append(f"{work / measure_openblas(openblas, size, arguments.repetitions):.1f}")
            else:
                row.append("")
            print("| " + " | ".join(row) + " |", flush=True)


main()
