"""Makes FILE, a .npy file whose size in bytes overflows 64 bits, and FILE.large,
whose size is 2^62; both have no elements."""

import sys

for suffix, shape in ("", "4294967296, 4294967297"), (".large", "1099511627776, 1048576"):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}\n"
    with open(sys.argv[1] + suffix, "wb") as file:
        file.write(b"\x93NUMPY\1\0" + bytes([len(header), 0]) + header.encode())
