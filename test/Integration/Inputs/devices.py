"""Runs the programs of other tests on a device, and compares with the host's results.

devices.py COMMUTER-RUN DIR DEVICE FILE...
    For each RUN line of each FILE that runs the file's program, the program is run as the
    line says on the host and on DEVICE. The results are to have the same bits, unless the
    file has norms, which sum in another order there. Lines that need other files are left
    out.
"""

import filecmp
import os
import re
import subprocess
import sys


def find_runs(file):
    """The options of each run."""
    with open(file) as f:
        text = re.sub(r"\\\n(//)?\s*RUN:", " ", f.read())
    for line in re.findall(r"RUN:(.*)", text):
        found = re.match(r"\s*%commuter-run %s([^|>&;]*)", line)
        options = found.group(1).split() if found else ["%"]
        if any("%" in option or "'" in option or '"' in option for option in options):
            continue
        yield [o for o in options if not re.match("--(json|output-dir|trace|iterations)", o)]


def run(tool, file, options, device, folder):
    command = [tool, file, *options, "--device", device, "--output-dir", folder]
    result = subprocess.run(
        command + ["--iterations", "1"], capture_output=True, text=True, timeout=300
    )
    return result.returncode, result.stderr


def main():
    tool, folder, device, *files = sys.argv[1:]
    count = exact = failures = 0
    for file in files:
        with open(file) as f:
            has_norms = re.search(r"norm\.(add_)?(layer|rms)_norm|norm-raise|raise-norms", f.read())
        for i, options in enumerate(find_runs(file)):
            place = os.path.join(folder, f"{os.path.basename(file)}.{i}")
            folders = [f"{place}.{name}" for name in ("cpu", device)]
            (status, _), (other, errors) = (
                run(tool, file, options, name, f)
                for name, f in zip(("cpu", device), folders)
            )
            if status != 0:
                continue  # the test is about an error
            count += 1
            names = os.listdir(folders[0])
            same = not other and not any(filecmp.cmpfiles(*folders, names, False)[1:])
            exact += same
            if other or not (same or has_norms) or not names:
                failures += 1
                print("DIFFERENT:", file, *options, errors.split("\n")[-2:-1])
    print(f"programs run: {count}, with the same bits: {exact}, different: {failures}")


main()
