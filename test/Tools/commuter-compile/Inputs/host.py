"""The host's results are those of commuter-run for the arguments that the host makes.

host.py COMMUTER_RUN HOST MODEL PROGRAM RANKS FOLDER [OPTION...]
    The options are for commuter-run.
"""

import os
import re
import struct
import subprocess
import sys

run, host, model, program, ranks, folder, *options = sys.argv[1:]
ranks = int(ranks)
rows = [3 + r for r in range(ranks)]


def part(count, place):
    return [((i * 7 + place * 5) % 31 - 15) / 4 for i in range(count)]


def write(name, shape, values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    with open(os.path.join(folder, name), "wb") as file:
        file.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header)
        file.write(struct.pack(f"<{len(values)}f", *values))
    return os.path.join(folder, name)


def read(name):
    data = open(os.path.join(folder, name), "rb").read()
    return data[10 + struct.unpack("<H", data[8:10])[0]:]


def checksum(data):
    hash = 0xCBF29CE484222325
    for byte in data:
        hash = (hash ^ byte) * 0x100000001B3 % 2**64
    return f"{hash:016x}"


os.makedirs(folder, exist_ok=True)
x = write("x.npy", (sum(rows), 64), [v for r in range(ranks) for v in part(rows[r] * 64, r)])
w = write("w.npy", (64,), part(64, 0))
extents = ",".join(map(str, rows))
subprocess.check_call(
    [run, program, "--pipeline=none", "--axis", f"dp={ranks}", "--extent", f"0.0={extents}",
     "--extent", f"1.0={extents}", "--input", f"0={x}", "--input", f"1={x}", "--input", f"2={w}",
     "--output-dir", folder, *options], stdout=subprocess.DEVNULL)
gathered, own, at, expected = read("result0.npy"), read("result1.npy"), 0, {}
for r in range(ranks):
    size = rows[r] * 64 * 4
    expected[r, 0] = checksum(gathered)
    expected[r, 1] = checksum(own[at:at + size])
    at += size
assert at == len(own) == len(gathered)

said = subprocess.run([host, model, f"dp={ranks}"], stdout=subprocess.PIPE, check=True, text=True).stdout
found = {(int(r), int(i)): c for r, i, c in re.findall(r"rank (\d+), result (\d+): (\w+)", said)}
assert found == expected, f"expected {expected}, found {found}"
print(f"{len(found)} checksums agree")
