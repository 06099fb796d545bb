"""Checks the public headers against tests/abi.txt, the record of what callers may rely on.

  python3 tests/check_abi.py [--update]

A line is VERSION KIND NAME WHAT: a function and its types, a number, a field of a struct with its place, the type of a callback; VERSION is
the MLXC_ABI_VERSION that it came with. What is recorded never changes and never leaves. --update records what is new under the next version
and writes that into mlxc/version.h: build and generate bindings again then. Structs gain fields at the end only, and only if they begin with
struct_size; others say "Layout pinned".
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE, RECORD = ROOT / "include" / "mlxc", ROOT / "tests" / "abi.txt"
VERSION = re.compile(r"(#define MLXC_ABI_VERSION +)(\d+)")
LIMITS = {"MLXC_MAX_RANK"}  # may rise
OWN_RECORDS = {"mlxc_error"}  # begins with struct_size and stays as it is all the same: every call fills it


def spaced(text):
    return re.sub(r"\s+", " ", re.sub(r"\s*\*\s*", "* ", text)).strip()


def outer_commas(text):
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def type_of(parameter):
    """The parameter without its name."""
    parameter = parameter.strip()
    if "(*" in parameter:
        return spaced(re.sub(r"\(\*\w+\)", "(*)", parameter))
    if parameter == "void":
        return parameter
    match = re.fullmatch(r"(.*?[\s*])\w+\s*((?:\[\w+\])*)", parameter, flags=re.S)
    return spaced(match[1] + match[2])


def fields_of(body):
    """`int a, b;` is two fields."""
    for statement in filter(None, (part.strip() for part in body.split(";"))):
        first, *others = outer_commas(statement)
        yield first
        for other in others:
            yield re.sub(r"\w+\s*(\[\w+\])?$", "", first) + other.strip()


def parse(text):
    """{(kind, name): what}, and the names of structs that may not grow."""
    entries, fixed = {}, set()
    for match in re.finditer(r"(/\*(?:[^*]|\*(?!/))*\*/\s*)?typedef struct (\w+) \{(.*?)\} \w+;", text, flags=re.S):
        comment, name = match[1] or "", match[2]
        body = re.sub(r"/\*.*?\*/", "", match[3], flags=re.S)
        for place, field in enumerate(fields_of(body)):
            field_name = re.search(r"(\w+)\s*(?:\[\w+\])*$", field)[1]
            entries["field", f"{name}.{field_name}"] = f"{place} {type_of(field)}"
        if "Layout pinned" in comment or not body.strip().startswith("uint32_t struct_size"):
            fixed.add(name)
            if "Layout pinned" not in comment and name not in OWN_RECORDS:
                entries["problem", name] = "neither begins with struct_size nor says \"Layout pinned\""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for match in re.finditer(r"^#define (MLXC_\w+) +\(?(-?\w+)\)?\s*$", text, flags=re.M):
        if not re.search(r"_H$|^MLXC_(ABI_VERSION|VERSION_\w+|API)$", match[1]):
            entries["number", match[1]] = match[2]
    for match in re.finditer(r"typedef ([^;{}]*?)\(\*(\w+)\)\s*\(([^;]*)\);", text, flags=re.S):
        entries["callback", match[2]] = spaced(match[1]) + " (" + ", ".join(map(type_of, outer_commas(match[3]))) + ")"
    for match in re.finditer(r"MLXC_API\s+([^;{}()]*?)(\bmlxc_\w+)\s*\(([^;]*)\);", text, flags=re.S):
        entries["function", match[2]] = spaced(match[1]) + " (" + ", ".join(map(type_of, outer_commas(match[3]))) + ")"
    return entries, fixed


def recorded():
    entries = {}
    for line in RECORD.read_text(encoding="utf-8").splitlines():
        version, kind, name, what = line.split(" ", 3)
        entries[kind, name] = (int(version), what)
    return entries


def write(entries):
    order = sorted((version, kind, name, what) for (kind, name), (version, what) in entries.items())
    RECORD.write_text("".join(" ".join(map(str, line)) + "\n" for line in order), encoding="utf-8")


def main():
    declared, fixed = parse("\n".join(path.read_text(encoding="utf-8") for path in sorted(INCLUDE.glob("*.h"))))
    problems = [f"{name} {what}" for (kind, name), what in declared.items() if kind == "problem"]
    declared = {key: what for key, what in declared.items() if key[0] != "problem"}
    record = recorded()
    for (kind, name), (version, what) in record.items():
        now = declared.get((kind, name))
        if now != what and not (name in LIMITS and now and int(now) > int(what)):
            problems.append(f"{kind} {name} was {what} since version {version} and is {now or 'gone'}: what is there does not change")
    new = {key: what for key, what in declared.items() if record.get(key, (0, None))[1] != what}
    structs = {name.split(".")[0] for kind, name in record if kind == "field"}
    for kind, name in new:
        if kind == "field" and name.split(".")[0] in structs & fixed:
            problems.append(f"{name} is new in a struct whose layout is pinned: make another struct")

    header = INCLUDE / "version.h"
    version = int(VERSION.search(header.read_text(encoding="utf-8"))[2])
    newest = max((version for version, _ in record.values()), default=0)
    if "--update" in sys.argv and not problems and new:
        version = newest = newest + 1
        write(record | {key: (version, what) for key, what in new.items()})
        header.write_text(VERSION.sub(rf"\g<1>{version}", header.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"MLXC_ABI_VERSION is {version}: {', '.join(name for _, name in new)}")
        new = {}
    problems += [f"{kind} {name} is new: run tests/check_abi.py --update" for kind, name in new]
    if version != newest:
        problems.append(f"MLXC_ABI_VERSION is {version}, tests/abi.txt goes up to {newest}")
    for problem in problems:
        print(problem)
    print(f"ABI version {version}: {len(record)} entries, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
