"""What figures were taken on, in one line."""

import datetime
import os
import re
import subprocess


def _first(path, pattern):
    try:
        with open(path) as file:
            found = re.search(pattern, file.read(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else ""


def _caches():
    base = "/sys/devices/system/cpu/cpu0/cache"
    for index in sorted(os.listdir(base)) if os.path.isdir(base) else []:
        level = _first(f"{base}/{index}/level", r"(\d+)")
        if level and _first(f"{base}/{index}/type", r"(\w+)") != "Instruction":
            yield f"L{level} {_first(f'{base}/{index}/size', r'(.*)')}"


def _flags():
    return _first("/proc/cpuinfo", r"^flags\s*:(.*)$").split()


def instruction_set():
    """Whose kernels run here, as COMMUTER_ISA names them."""
    names = {"avx512f": "avx512", "avx2": "avx2"}
    return next((name for flag, name in names.items() if flag in _flags()), "portable")


def describe():
    """Processor, memory, system, load, date and commit."""
    flags = _flags()
    extensions = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
    memory = int(_first("/proc/meminfo", r"^MemTotal:\s+(\d+)") or 0) / 2**20
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=os.path.dirname(os.path.abspath(__file__)),
        capture_output=True,
        text=True,
    ).stdout.strip()
    return "; ".join(
        [
            _first("/proc/cpuinfo", r"^model name\s*:(.*)$") or os.uname().machine,
            f"{len(os.sched_getaffinity(0))} processors"
            + (", virtual" if "hypervisor" in flags else ""),
            " ".join(flag for flag in extensions if flag in flags),
            "caches as the system tells of them: " + ", ".join(_caches()),
            f"{memory:.0f} GiB",
            f"Linux {os.uname().release.split('-')[0]}",
            f"load {os.getloadavg()[0]:.1f} at the start",
            str(datetime.date.today()),
            f"commit {commit or 'unknown'}",
        ]
    )


if __name__ == "__main__":
    print(instruction_set())
