"""Prints one line with the number of single cases behind ctest's programs, read from its log: gtest, unittest and go test count their own."""
import re
import sys

log = open(sys.argv[1], encoding="utf-8", errors="replace").read()
programs = len(re.findall(r"^\d+/\d+ Testing: ", log, flags=re.M))
passed = len(re.findall(r"^Test Passed\.", log, flags=re.M))
cases = {
    "C++": sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) tests?\.", log, flags=re.M)),
    "Python": sum(int(n) for n in re.findall(r"^Ran (\d+) tests? in", log, flags=re.M)),
    "Go": len(re.findall(r"^--- PASS: ", log, flags=re.M)),
}
failed = (len(re.findall(r"^\[  FAILED  \] \w+[.]\S+(?: \(\d+ ms\))$", log, flags=re.M)) + len(re.findall(r"^--- FAIL: ", log, flags=re.M)) +
          sum(int(n) for n in re.findall(r"^FAILED \((?:failures|errors)=(\d+)", log, flags=re.M)))
counts = ", ".join(f"{n} {name}" for name, n in cases.items() if n)
print(f"total: {passed} of {programs} test programs passed; cases passed: {sum(cases.values())} ({counts}), failed: {max(failed, programs - passed)}")
