"""The C blocks of a page of docs/ as one program, and what its comments say that it prints.

  python3 tests/docs_program.py PAGE.md OUT.c        the program
  python3 tests/docs_program.py PAGE.md --run BINARY compares what it prints with the comments behind print and printf; those without one may
                                                     print what they like
"""
import pathlib
import re
import subprocess
import sys

PRINTING = re.compile(r"^\s*(?:print|printf)\(.*\);(?:\s*/\* (.*) \*/)?$")


def blocks(page):
    return re.findall(r"^```c\n(.*?)^```$", pathlib.Path(page).read_text(encoding="utf-8"), flags=re.M | re.S)


def program(page):
    body = "\n".join(blocks(page))
    indented = "".join(f"  {line}\n" if line else "\n" for line in body.splitlines())
    helper = "print.h" if "print(" in body.replace("printf(", "") else "check.h"
    return f'#include <math.h>\n#include <mlxc/mlxc.h>\n#include <stdio.h>\n#include <string.h>\n\n#include "{helper}"\n\nint main(void) {{\n{indented}  return 0;\n}}\n'


def main():
    page, out = sys.argv[1:3]
    if out != "--run":
        pathlib.Path(out).write_text(program(page), encoding="utf-8")
        return 0
    expected = [match[1] for block in blocks(page) for line in block.splitlines() if (match := PRINTING.match(line))]
    run = subprocess.run(sys.argv[3:], capture_output=True, text=True)
    printed = run.stdout.splitlines()
    wrong = [f"printed '{line}', the page says '{said}'" for line, said in zip(printed, expected) if said not in (None, line)]
    if run.returncode or len(printed) != len(expected):
        wrong.append(f"exit code {run.returncode}, {len(printed)} lines of {len(expected)}\n{run.stderr}")
    print("\n".join(wrong) or f"{page}: {len(printed)} lines as the page says")
    return 1 if wrong or not expected else 0


if __name__ == "__main__":
    sys.exit(main())
