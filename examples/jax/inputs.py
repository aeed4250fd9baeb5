"""The arguments of the programs here: numbers that any Python makes alike, so that
only the results need to be kept. Multiples of 1/512 in [-1/4, 1/4): exact in bf16."""

import math


def make(shape, seed, scale=1, offset=0):
    """A list, in row-major order. `scale` and `offset` are powers of two or small
    integers."""
    values = []
    for i in range(math.prod(shape)):
        bits = (i + 1) * 2654435761 + seed * 40503
        bits = (bits ^ (bits >> 15)) * 2246822519 & 0xFFFFFFFF
        values.append(((bits >> 13 & 0xFF) - 128) / 512 * scale + offset)
    return values
