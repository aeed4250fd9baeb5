"""peak.py MIB COMMAND...: runs a command, which must succeed with no more than
MIB mebibytes resident at any time."""

import resource
import subprocess
import sys

subprocess.run(sys.argv[2:], check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"peak: {peak:.0f} MiB", file=sys.stderr)
if peak > int(sys.argv[1]):
    sys.exit(f"{peak:.0f} MiB, expected at most {sys.argv[1]}")
