#!/usr/bin/env python3
"""Compiles the kernels to SPIR-V and the SPIR-V to C++.

    build.py compile kernels/linear.comp OUT.cpp   one file, all its variants
    build.py table OUT.cpp kernels/*.comp          find_module() over all of them, and the texts of the includes
    build.py spirv kernels/linear.comp FOLDER      the modules as FOLDER/linear.NAME.spv, to look at

A line `// variant NAME: -DX=1` makes the module file.NAME; a file without such lines is one module under its own name.
`// rewrite coopmat` marks files with cooperative matrices (kernels/coopmat.py).
"""
import concurrent.futures
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True
import coopmat  # noqa: E402

VARIANT = re.compile(r"^// variant ([A-Za-z0-9_]+):(.*)$", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


class Failed(Exception):
    pass


def variants(source):
    """[(module name, [options])] of a .comp file."""
    text = source.read_text()
    found = [(f"{source.stem}.{name}", options.split()) for name, options in VARIANT.findall(text)]
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1:
            raise Failed(f"{source}: variant {name} is there twice")
    return found or [(source.stem, [])]


def includes(source, seen=None):
    """Every file that `source` includes, in turn."""
    seen = seen if seen is not None else []
    for name in INCLUDE.findall(source.read_text()):
        path = source.parent / name
        if path not in seen and path.exists():
            seen.append(path)
            includes(path, seen)
    return seen


def run(source, module, command):
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    except FileNotFoundError:
        raise Failed(f"{command[0]} is missing: run scripts/install-deps") from None
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip() and line.strip() != str(source)]
        raise Failed(f"{source}: module {module}: {command[0]} failed\n" + "\n".join("  " + line for line in lines))


def compile_module(source, module, options, folder):
    text = source.read_text()
    rewrite = "// rewrite coopmat" in text
    target = re.search(r"^// target (vulkan1\.\d)$", text, re.MULTILINE)
    target = "vulkan1.3" if rewrite else target.group(1) if target else "vulkan1.2"
    spv = Path(folder) / f"{module}.spv"
    run(source, module, ["glslangValidator", "-V", "--quiet", "--target-env", target, f"-I{source.parent}", *options, source, "-o", spv])
    validate = ["spirv-val", "--target-env", target, "--scalar-block-layout", spv]
    run(source, module, validate)
    run(source, module, ["spirv-opt", f"--target-env={target}", "-O", "--strip-debug", spv, "-o", spv])
    run(source, module, validate)
    data = spv.read_bytes()
    words = list(struct.unpack(f"<{len(data) // 4}I", data))
    if rewrite:
        try:
            words = coopmat.rewrite(words)
        except coopmat.RewriteError as error:
            raise Failed(f"{source}: module {module}: {error}") from None
        spv.write_bytes(struct.pack(f"<{len(words)}I", *words))
    return module, words


def compile_file(source, folder):
    with concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        jobs = [threads.submit(compile_module, source, module, options, folder) for module, options in variants(source)]
        done, errors = [], []
        for job in jobs:
            try:
                done.append(job.result())
            except Failed as error:
                errors.append(str(error))
    if errors:
        raise Failed("\n".join(errors))
    return done


def identifier(module):
    return module.replace(".", "__")


def write_file(path, text):
    Path(path).write_text(text)


def remembered(source):
    """Where an earlier build, in whichever folder, left the modules of the same texts; None when there is no such place."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlxc-build"
    digest = hashlib.sha256()
    here = Path(__file__).resolve().parent
    for path in [Path(source), *includes(Path(source)), here / "build.py", here / "coopmat.py"]:
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return None
    return folder / f"{digest.hexdigest()}.json"


def compile_once(source):
    place = remembered(source)
    try:
        if place:
            return json.loads(place.read_text())
    except Exception:  # not there, or not whole
        pass
    with tempfile.TemporaryDirectory() as folder:
        modules = compile_file(source, folder)
    if place:
        part = place.with_suffix(f".{os.getpid()}")
        try:
            part.write_text(json.dumps(modules))
            os.replace(part, place)
        except OSError:
            pass
    return modules


def compile_command(source, out):
    modules = compile_once(source)
    lines = ["// Made by kernels/build.py.", "#include <cstdint>", "#include <span>", "", "namespace mlxc::vulkan::embedded {"]
    for module, words in modules:
        lines.append(f"static constexpr uint32_t k_{identifier(module)}[] = {{")
        lines += [",".join(map(str, words[at : at + 24])) + "," for at in range(0, len(words), 24)]
        lines.append("};")
        lines.append(f"extern const std::span<const uint32_t> {identifier(module)};")
        lines.append(f"constinit const std::span<const uint32_t> {identifier(module)} = k_{identifier(module)};")
    lines.append("}  // namespace mlxc::vulkan::embedded\n")
    write_file(out, "\n".join(lines))
    write_file(f"{out}.d", f"{out}: " + " ".join(str(path) for path in [source, *includes(source)]) + "\n")


def table_command(out, sources):
    modules = sorted(module for source in sources for module, _ in variants(source))
    texts = sorted(Path(__file__).resolve().parent.glob("*.glsl"))
    checksum = 0
    for path in [*sorted(sources), *texts]:
        checksum = zlib.crc32(path.read_bytes(), zlib.crc32(path.name.encode(), checksum))
    lines = ["// Made by kernels/build.py.", '#include "backend/vulkan/modules.h"', "", "namespace mlxc::vulkan::embedded {"]
    lines += [f"extern const std::span<const uint32_t> {identifier(module)};" for module in modules]
    lines += ["const std::span<const Module> modules() {", f"  static const Module table[{max(1, len(modules))}] = {{"]
    lines += [f'    {{"{module}", {identifier(module)}}},' for module in modules]
    lines += ["  };", f"  return {{table, {len(modules)}}};", "}"]
    lines += ["const std::span<const IncludeText> include_texts() {", "  static constexpr IncludeText table[] = {"]
    for path in texts:  # in pieces: compilers limit the length of one literal
        text = path.read_text()
        pieces = [text[at : at + 8000] for at in range(0, len(text), 8000)] or [""]
        lines.append(f'    {{"{path.name}", ' + "\n".join(f'R"glsl({piece})glsl"' for piece in pieces) + "},")
    lines += ["  };", "  return table;", "}", f"const uint32_t kChecksum = {checksum}u;", "}  // namespace mlxc::vulkan::embedded\n"]
    write_file(out, "\n".join(lines))


def main(arguments):
    try:
        if len(arguments) == 3 and arguments[0] == "compile":
            compile_command(Path(arguments[1]), arguments[2])
        elif len(arguments) >= 2 and arguments[0] == "table":
            table_command(arguments[1], [Path(name) for name in arguments[2:]])
        elif len(arguments) == 3 and arguments[0] == "spirv":
            os.makedirs(arguments[2], exist_ok=True)
            for module, words in compile_file(Path(arguments[1]), arguments[2]):
                print(f"{module}: {len(words) * 4} bytes")
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
