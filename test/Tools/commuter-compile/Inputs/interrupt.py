"""interrupt.py FOLDER LINKERS SIGNAL COMMAND...: sends a signal to a command as soon as
the file LINKERS names two processes that link, and expects it to end by that signal, with
neither of them there and nothing in FOLDER."""

import os
import signal
import subprocess
import sys
import time

folder, linkers, name = sys.argv[1:4]
number = getattr(signal, "SIG" + name)
process = subprocess.Popen(
    sys.argv[4:],
    # A shell's background jobs ignore some.
    preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
)


def processes():
    if not os.path.exists(linkers):
        return []
    with open(linkers) as file:
        return file.read().split()


try:
    deadline = time.monotonic() + 20
    while len(processes()) < 2:
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit("no linker was started")
        time.sleep(0.01)
    process.send_signal(number)
    status = process.wait(timeout=20)
finally:
    process.kill()
if status != -number:
    sys.exit(f"exit status {status}, expected {-number}")
for linker in processes():
    try:
        with open(f"/proc/{linker}/stat") as file:
            if file.read().rsplit(")", 1)[1].split()[0] != "Z":
                sys.exit(f"process {linker} still links")
    except FileNotFoundError:
        pass
os.remove(linkers)
if os.listdir(folder):
    sys.exit(f"left behind: {os.listdir(folder)}")
