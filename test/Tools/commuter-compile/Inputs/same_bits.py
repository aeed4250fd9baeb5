"""A program compiled ahead of time gives the bits that it gives compiled at once.

same_bits.py COMMUTER_COMPILE COMMUTER_RUN FOLDER FILE ENTRY [OPTION OF COMMUTER_RUN...]
"""

import pathlib
import shutil
import subprocess
import sys

compile, run, folder, file, entry, *options = sys.argv[1:]
folder = pathlib.Path(folder)
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
model = str(folder / "model.so")
subprocess.check_call([compile, file, "--entry", entry, "-o", model])
for name, what in ("at-once", [file, "--entry", entry]), ("ahead", [model]):
    output = ["--output-dir", str(folder / name)]
    subprocess.check_call([run, *what, *options, *output], stdout=subprocess.DEVNULL)
results = sorted(path.name for path in (folder / "at-once").iterdir())
assert results and results == sorted(path.name for path in (folder / "ahead").iterdir())
for name in results:
    one, other = ((folder / side / name).read_bytes() for side in ("at-once", "ahead"))
    if one != other:
        sys.exit(f"{file}, @{entry}: {name} differs")
print(f"@{entry}: {len(results)} equal")
