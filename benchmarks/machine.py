"""What a results file says of the machine that it was measured on."""

import os
import re


def _first(path, pattern):
    with open(path) as f:
        found = re.search(pattern, f.read(), re.MULTILINE)
    return found.group(1).strip() if found else "?"


def describe():
    caches = []
    base = "/sys/devices/system/cpu/cpu0/cache"
    for index in sorted(os.listdir(base)) if os.path.isdir(base) else []:
        if index.startswith("index"):
            read = lambda name: open(f"{base}/{index}/{name}").read().strip()
            if read("type") != "Instruction":
                caches.append(f"L{read('level')} {read('size')}")
    memory = int(_first("/proc/meminfo", r"^MemTotal:\s+(\d+)")) / 2**20
    flags = _first("/proc/cpuinfo", r"^flags\s*:(.*)$").split()
    isas = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f in flags]
    virtual = ", virtual" if "hypervisor" in flags else ""
    model = _first("/proc/cpuinfo", r"^model name\s*:(.*)$")
    return (f"{model}, "
            f"{len(os.sched_getaffinity(0))} processors{virtual}; "
            f"{', '.join(isas)}; caches as the system tells of them: {', '.join(caches)}; "
            f"{memory:.0f} GiB; Linux {os.uname().release.split('-')[0]}; "
            f"load when this began: {os.getloadavg()[0]:.1f}")
