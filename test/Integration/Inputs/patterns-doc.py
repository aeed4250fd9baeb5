"""Checks that the tests that docs/patterns.md names exist: each file, and in it each
function.

usage: patterns-doc.py PAGE TESTS
"""

import os
import re
import sys


def main(page, tests):
    files = functions = 0
    for number, line in enumerate(open(page), 1):
        for cell in line.split("|"):
            text = ""
            for path, name in re.findall(r"`([\w/-]+\.(?:mlir|test))`|`@(\w+)`", cell):
                place = f"{page}:{number}: "
                if path:
                    path = path.removeprefix("test/")
                    file = os.path.join(tests, path)
                    assert os.path.isfile(file), f"{place}no {path}"
                    text = open(file).read()
                    files += 1
                else:
                    assert re.search(rf"(func|llvm)\.func (private )?@{name}\(", text), f"{place}no @{name} in {path or 'what is in front of it'}"
                    functions += 1
    assert files > 50 and functions > 100, (files, functions)
    print(f"{files} references to files, {functions} to functions")


main(*sys.argv[1:])
