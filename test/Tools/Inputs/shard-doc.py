"""Runs the commands of docs/shard.md on the programs that it shows, and looks for the
lines that it shows of their output. The reasons of the page's table are those that
there are, and the tests show each.

usage: shard-doc.py PAGE HEADER TEST MLIR_OPT COMMUTER_OPT COMMUTER_RUN PLUGIN FOLDER
"""

import os
import re
import subprocess
import sys


def check_reasons(page, header, test):
    reasons = sorted(re.findall(r'StringRef k\w+ =\s*"([a-z-]+)"', header))
    table = page.split("\n## What stays\n")[1]
    rows = sorted(re.findall(r"^\| `([a-z-]+)` \|", table, re.M))
    shown = sorted(set(re.findall(r"Reason=([a-z-]+)", test)))
    assert len(reasons) > 10 and reasons == rows == shown, (reasons, rows, shown)
    return len(reasons)


def main(page, header, test, mlir_opt, commuter_opt, commuter_run, plugin, folder):
    page, header, test = (open(path).read() for path in (page, header, test))
    os.makedirs(folder, exist_ok=True)
    tools = {"mlir-opt-22": mlir_opt, "build/bin/commuter-opt": commuter_opt,
             "build/bin/commuter-run": commuter_run, "build/lib/CommuterPlugin.so": plugin}
    output, checked = None, 0
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", page, re.M | re.S):
        if kind == "mlir":
            name = re.match(r"// (\w+\.mlir)\n", text).group(1)
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)
        elif kind == "sh":
            assert output is None, f"nothing is shown of the output in front of\n{text}"
            for name, path in tools.items():
                text = text.replace(name, path)
            done = subprocess.run(["sh", "-e", "-c", text], cwd=folder, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert done.returncode == 0, f"{text}{done.stderr}"
            output = done.stdout
        else:
            assert kind == "text" and output is not None, kind
            for line in text.splitlines():
                assert line in output, f"expected {line!r} in\n{output}"
                output = output[output.index(line) + len(line):]
                checked += 1
            output = None
    assert output is None and checked
    print(f"{checked} lines, {check_reasons(page, header, test)} reasons")


main(*sys.argv[1:])
