"""A double of PyTorch, for gpu-peers.py: each replay takes 10 us, or 5 if anything was
compiled since the last reset. The first tensor to compile for may take SLEEP seconds."""

import contextlib
import os
import time

__version__ = "made up"
bfloat16, float32 = "bf16", "f32"
is_compiled = False


class Tensor:
    def __init__(self, shape):
        self.shape = shape

    def __add__(self, other):
        return self


def rand(shape, device, dtype):
    return Tensor(shape)


def compile(operation, dynamic):
    global is_compiled
    is_compiled = True
    time.sleep(float(os.environ.get("SLEEP", 0)))
    return operation


class compiler:
    @staticmethod
    def reset():
        global is_compiled
        is_compiled = False


class cuda:
    class Event:
        def __init__(self, enable_timing):
            pass

        def record(self):
            pass

        synchronize = record

        def elapsed_time(self, end):
            return 0.005 if is_compiled else 0.010

    class CUDAGraph:
        def replay(self):
            pass

    class Stream:
        pass

    is_available = staticmethod(lambda: True)
    synchronize = empty_cache = staticmethod(lambda: None)
    stream = graph = staticmethod(lambda it: contextlib.nullcontext())
