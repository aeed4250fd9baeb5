#!/usr/bin/env python3
"""Makes the page of a GPU out of the lines that commuter-cuda-bench, and maybe
gpu-peers.py, wrote. See README.md.

usage: gpu-report.py LINES KEY=VALUE... > results/GPU.md

Each KEY=VALUE is a row of the page's first table: what was measured, and when.
"""

import json
import sys


def table(header, rows):
    return "\n".join("| " + " | ".join(row) + " |"
                     for row in [header, ["---"] + ["---:"] * (len(header) - 1), *rows]) + "\n"


def row(case):
    """Times in microseconds; the last ones relative to the kernel's."""
    cells = [f"`{case['kernel']}` {case['type']} {case['rows']}x{case['length']}",
             f"{case['us']:.2f}", f"{case['bytes'] / case['us'] / 1e3:.0f}",
             f"{case['copy_us'] / case['us']:.2f}"]
    for key in ("torch_us", "compiled_us"):
        cells.append(f"{case[key] / case['us']:.2f}" if key in case else "")
    return cells


def main():
    with open(sys.argv[1]) as file:
        gpu, *cases = map(json.loads, file)
    facts = [argument.split("=", 1) for argument in sys.argv[2:]]
    facts += [["compute capability", gpu["compute"]], ["L2", f"{gpu['l2_bytes'] >> 20} MiB"],
              ["CUDA, the driver's and the runtime's",
               f"{gpu['cuda_driver']}, {gpu['cuda_runtime']}"]]
    if "torch" in gpu:
        facts.append(["PyTorch", gpu["torch"]])
    print(f"# Kernels on {gpu['gpu']}\n")
    print("Written by `scripts/gpu-check.sh`; [../README.md](../README.md#gpu-checksh) says how the times\n"
          "are taken. The last columns are how many times as long the others take.\n")
    print(table(["", ""], facts).replace("---:", "---"))
    print(table(["kernel", "us", "GB/s", "copy of as many bytes", "PyTorch", "torch.compile"],
                [row(case) for case in cases]), end="")


main()
