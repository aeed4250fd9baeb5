"""Writes what ptxas says that each CUDA kernel takes, or compares it with the file.

usage: cuda-resources.py [--check] BUILD

BUILD is a build of Commuter, or of the runtime alone, in which the kernels were
compiled. The file is runtime/cuda/resources.md. It ends with 1 if a kernel has a
stack or spills registers or, with --check, if the file is not current; and with 77
where there is nothing to compare: the file is of another version of nvcc.
"""

import argparse
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE = os.path.join(ROOT, "runtime", "cuda", "resources.md")
SKIPPED = 77

HEADER = """\
# What the CUDA kernels take

Registers of a thread, as ptxas of nvcc {version} has it. No kernel has a stack, and
none spills registers. `scripts/cuda-resources.py` writes this file; a test compares.
It says nothing about speed: no kernel has been timed yet.

"""


def nvcc_version(build):
    with open(os.path.join(build, "CMakeCache.txt")) as file:
        nvcc = re.search(r"^CMAKE_CUDA_COMPILER:\w+=(.+)$", file.read(), re.M).group(1)
    text = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"release [\d.]+, V([\d.]+)", text).group(1)


def shorten(mangled):
    """_ZN…12normHeldRowsINS1_3F32ELb1ELi8ELi1EEE… is normHeldRows<F32, true, 8, 1>."""
    names = subprocess.run(["c++filt"], input="\n".join(mangled), capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return [re.match(r"void (.*)\(\w+\)$", name.replace("commuter::rt::cuda::", ""))[1]
            .replace("(Home)0", "Registers").replace("(Home)1", "Shared").replace("(Home)2", "Streamed")
            for name in names]


def read(build):
    """{kernel: {architecture: (registers, bytes of stack and spills)}}."""
    table = {}
    said = glob.glob(os.path.join(build, "**", "CommuterCudaKernels.dir", "*.said"), recursive=True)
    for path in said:
        with open(path) as file:
            parts = file.read().split("Compiling entry function '")[1:]
        for part in parts:
            mangled, architecture = re.match(r"(\w+)' for '(\w+)'", part).groups()
            memory = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, "
                               r"(\d+) bytes spill loads", part).groups()
            registers = int(re.search(r"Used (\d+) registers", part).group(1))
            table.setdefault(mangled, {})[architecture] = (registers, sum(map(int, memory)))
    if not table:
        sys.exit(f"error: no CUDA kernel was compiled in {build}")
    return dict(sorted(zip(shorten(table), table.values())))


def render(version, table):
    architectures = sorted({a for taken in table.values() for a in taken}, key=lambda a: int(a[3:]))
    rows = [["kernel", *architectures], ["---"] * (1 + len(architectures))]
    for kernel, taken in table.items():
        rows.append([f"`{kernel}`"] + [str(taken[a][0]) for a in architectures])
    return HEADER.format(version=version) + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("build")
    arguments = parser.parse_args()

    version = nvcc_version(arguments.build)
    table = read(arguments.build)
    known = ""
    if arguments.check:
        with open(FILE) as file:
            known = file.read()
        if f"nvcc {version} " not in known:
            print(f"{FILE} is of another nvcc than {version}")
            return SKIPPED
    spills = [f"{kernel} on {architecture}: {taken[1]} bytes"
              for kernel, row in table.items() for architecture, taken in row.items() if taken[1]]
    if spills:
        print("Kernels that have a stack or spill registers:\n  " + "\n  ".join(spills))
        return 1
    text = render(version, table)
    if not arguments.check:
        with open(FILE, "w") as file:
            file.write(text)
    elif text != known:
        changed = sorted(set(text.splitlines()) ^ set(known.splitlines()))
        print(f"{FILE} is not current: run scripts/cuda-resources.py. What differs:\n  " +
              "\n  ".join(changed))
        return 1
    return 0


sys.exit(main())
