#!/usr/bin/env python3
"""Norms against PyTorch's, in one process. See README.md."""

import argparse
import ctypes
import os
import statistics
import sys
import time

import machine

try:
    import torch
except ImportError:
    sys.exit("norms-torch.py: there is no PyTorch")

SIZES = [(1, 1024), (1, 7168), (64, 64), (64, 1024), (64, 7168), (1024, 1024),
         (1024, 7168), (1024, 7169), (8192, 1024), (8192, 7168), (32768, 1024)]
TYPES = {"f32": (torch.float32, 0), "f16": (torch.float16, 2), "bf16": (torch.bfloat16, 3)}
EPS = 1e-5


class View(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int32),
                ("rank", ctypes.c_int32), ("sizes", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64))]


def view(tensor, dtype):
    shape = ctypes.c_int64 * tensor.dim()
    return View(tensor.data_ptr(), dtype, tensor.dim(), shape(*tensor.shape),
                shape(*tensor.stride()))


class Commuter:
    def __init__(self, build):
        self.runtime = ctypes.CDLL(os.path.join(build, "lib/libCommuterRuntime.so"))
        world = ctypes.c_void_p()
        self.context = ctypes.c_void_p()
        self.runtime.commuter_threads_world_create(1, None, ctypes.byref(world))
        self.runtime.commuter_context_create(world, 0, b"cpu", ctypes.byref(self.context))

    def norm(self, kind, x, scale, bias, output):
        null = ctypes.POINTER(View)()
        views = [ctypes.byref(v) if v else null for v in (x, None, None, scale, bias, output)]
        function = self.runtime.commuter_norm

        def call():
            if function(self.context, kind, *views, ctypes.c_int64(1), ctypes.c_double(EPS),
                        ctypes.c_double(0)):
                raise RuntimeError("commuter_norm failed")
        return call


def medians(calls, repetitions):
    """Seconds of each call, of `repetitions` that take turns."""
    counts, times = [], [[] for _ in calls]
    for call in calls:
        call()
        start = time.perf_counter()
        call()
        counts.append(max(1, int(0.01 / (time.perf_counter() - start))))
    for _ in range(repetitions):
        for call, count, taken in zip(calls, counts, times):
            call()
            start = time.perf_counter()
            for _ in range(count):
                call()
            taken.append((time.perf_counter() - start) / count)
    return [statistics.median(taken) for taken in times]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--repetitions", type=int, default=11)
    options = parser.parse_args()
    about = machine.describe()
    commuter = Commuter(options.build)
    columns = [(op, dtype) for op in ("layer_norm", "rms_norm") for dtype in TYPES]
    text = ["# Norms on the processor, against PyTorch", "",
            f"Written by `benchmarks/norms-torch.py`; [README.md](../README.md#norms-torchpy) "
            f"says how. PyTorch {torch.__version__}, {torch.get_num_threads()} threads; {about}. "
            f"PyTorch's time divided by ours, medians of {options.repetitions} interleaved "
            "repetitions.", "",
            "| rows x columns | " + " | ".join(f"{op}, {dtype}" for op, dtype in columns) + " |",
            "|---|" + "---:|" * len(columns)]
    for rows, length in SIZES:
        cells = []
        for op, dtype in columns:
            torch_type, number = TYPES[dtype]
            x = torch.randn(rows, length).to(torch_type)
            scale, bias = torch.randn(length).to(torch_type), torch.randn(length).to(torch_type)
            ours, output = torch.empty_like(x), torch.empty_like(x)
            mean, rstd = torch.empty(rows, 1), torch.empty(rows, 1)
            if op == "layer_norm":
                mean, rstd = mean.to(torch_type), rstd.to(torch_type)

                def theirs():
                    torch.ops.aten.native_layer_norm.out(
                        x, [length], scale, bias, EPS, out0=output, out1=mean, out2=rstd)
            else:
                def theirs():
                    return torch.nn.functional.rms_norm(x, [length], scale, EPS)
            views = [view(t, number) for t in (x, scale, bias, ours)]
            if op == "rms_norm":
                views[2] = None
            kind = {"layer_norm": 0, "rms_norm": 1}[op]
            mine = commuter.norm(kind, *views)
            their_time, our_time = medians([theirs, mine], options.repetitions)
            cells.append(f"{their_time / our_time:.2f}")
            print(rows, length, op, dtype, f"{our_time * 1e6:.1f} us", cells[-1],
                  file=sys.stderr, flush=True)
        text.append(f"| {rows} x {length} | " + " | ".join(cells) + " |")
    print("\n".join(text))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
