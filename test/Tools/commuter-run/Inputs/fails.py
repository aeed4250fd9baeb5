"""Runs a command of commuter-run that must fail as all of them do: with an exit
status of 1, and one line `commuter-run: error: ...`, which is the last one, on
stderr. Prints what the command wrote to stderr."""

import subprocess
import sys

run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
text = run.stderr.decode()
sys.stdout.write(text)
lines = text.splitlines()
errors = [i for i, line in enumerate(lines) if "commuter-run: error: " in line]
if run.returncode != 1:
    sys.exit(f"exit status {run.returncode}, expected 1")
if errors != [len(lines) - 1]:
    sys.exit("expected one line `commuter-run: error: ...`, as the last one")
