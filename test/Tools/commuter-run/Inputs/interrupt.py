"""interrupt.py FOLDER COMMAND...: sends SIGINT to a command as soon as there is a
file in FOLDER, and expects it to end by that signal with nothing left there."""

import os
import signal
import subprocess
import sys
import time

folder = sys.argv[1]
os.makedirs(folder)
process = subprocess.Popen(
    sys.argv[2:],
    # A shell's background jobs ignore it.
    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
)
try:
    deadline = time.monotonic() + 20
    while not os.listdir(folder):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit("no file appeared")
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    status = process.wait(timeout=20)
finally:
    process.kill()
if status != -signal.SIGINT:
    sys.exit(f"exit status {status}, expected {-signal.SIGINT}")
if os.listdir(folder):
    sys.exit(f"left behind: {os.listdir(folder)}")
