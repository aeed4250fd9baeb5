"""Runs the commands of a page, as a reader would, in a folder of its own that has the
checkout's folders. Prints each, and what it says.

ahead-of-time-doc.py PAGE SOURCE_FOLDER BUILD_FOLDER
"""

import os
import re
import subprocess
import sys
import tempfile

page, source, build = sys.argv[1:]
with tempfile.TemporaryDirectory(prefix="commuter-") as folder:
    os.symlink(build, os.path.join(folder, "build"))
    for name in "examples", "runtime":
        os.symlink(os.path.join(source, name), os.path.join(folder, name))
    for block in re.findall(r"^```sh\n(.*?)^```", open(page).read(), re.M | re.S):
        for command in block.splitlines():
            print(f"$ {command}", flush=True)
            subprocess.check_call(["bash", "-euc", command], cwd=folder)
    print(open(os.path.join(folder, "block.h")).read())
