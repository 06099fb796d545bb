"""Checks what the shared library shows to the world: exported symbols, SONAME, symbol version, the libraries it needs.

  python3 tests/check_library.py LIBRARY

Exported must be exactly the MLXC_API functions that include/mlxc/ declares; check_abi.py compares those with what was promised.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONAME, VERSION = "libmlxc.so.1", "MLXC_1"
NEEDED = {"libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def declared():
    names = set()
    for header in (ROOT / "include" / "mlxc").glob("*.h"):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header.read_text(encoding="utf-8"), flags=re.S)
        names |= set(re.findall(r"\bMLXC_API\b[^;{]*?\b(mlxc_\w+)\s*\(", text))
    return names


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    library = sys.argv[1]
    problems = []
    exported = set()
    for line in output("nm", "-D", "--defined-only", library).splitlines():
        name, _, version = line.split()[-1].partition("@")
        if name == VERSION:
            continue
        exported.add(name)
        if version.lstrip("@") != VERSION:
            problems.append(f"{name} has version '{version.lstrip('@')}', expected {VERSION}")

    for name in sorted(declared() - exported):
        problems.append(f"{name} is declared in include/mlxc/ but not exported")
    for name in sorted(exported - declared()):
        problems.append(f"{name} is exported but include/mlxc/ does not declare it")

    dynamic = output("readelf", "-d", "-W", library)
    soname = re.findall(r"\(SONAME\).*\[(.*)\]", dynamic)
    if soname != [SONAME]:
        problems.append(f"SONAME is {soname}, expected {SONAME}")
    for name in sorted(set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)) - NEEDED):
        problems.append(f"needs {name}: only {', '.join(sorted(NEEDED))} are allowed")
    if re.search(r"\((RPATH|RUNPATH|TEXTREL)\)", dynamic):
        problems.append("has RPATH, RUNPATH or TEXTREL")

    for problem in problems:
        print(problem)
    print(f"{len(exported)} exported symbols, {len(problems)} problems")
    return 1 if problems or not exported else 0


if __name__ == "__main__":
    sys.exit(main())
