"""Runs a command of a tool (commuter-run, commuter-compile) that must fail as all of
them do: with an exit status of 1, and one line `<tool>: error: ...`, which is the last
one, on stderr. Prints what the command wrote to stderr."""

import os
import subprocess
import sys

tool = next(name for name in map(os.path.basename, sys.argv[1:]) if name.startswith("commuter-"))
run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
text = run.stderr.decode()
sys.stdout.write(text)
lines = text.splitlines()
errors = [i for i, line in enumerate(lines) if f"{tool}: error: " in line]
if run.returncode != 1:
    sys.exit(f"exit status {run.returncode}, expected 1")
if errors != [len(lines) - 1]:
    sys.exit(f"expected one line `{tool}: error: ...`, as the last one")
