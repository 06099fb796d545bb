"""Checks the includes of src/ against the layers: arrows run down only.

  python3 tests/check_layers.py [ROOT]      prints each violation as file:line, exits 1 when there is one

A folder is listed with what it may include: folders, or single headers where only the seam of a folder is open. Third-party headers are
listed with the only folders that may know them.
"""
import pathlib
import re
import sys

SEAM = ["backend/backend.h"]
# What a kernel needs of the graph: the types of operands and the parameters of primitives, never plans, programs or functions. And what
# profiles say of it.
OPERANDS = ["backend/layouts.h", "backend/labels.h", "graph/primitive.h", "graph/pass_ops.h", "graph/array.h"]
PUBLIC = ["mlxc/"]

LAYERS = {
    "base": ["mlxc/status.h"],
    "array": ["base/"],
    "io": ["array/", "base/"],
    "text": ["base/"],
    "backend": ["graph/primitive.h", "array/", "base/"],
    "graph": SEAM + ["array/", "base/"],
    "ops": ["graph/", "array/", "base/"],
    "backend/null": SEAM + OPERANDS + ["ops/", "array/", "base/"],
    "backend/cpu": SEAM + OPERANDS + ["ops/", "array/", "base/"],
    "backend/vulkan": SEAM + OPERANDS + ["graph/pattern.h", "ops/", "array/", "base/"],
    "nn": SEAM + ["ops/", "io/", "graph/", "array/", "base/"],
    "train": SEAM + ["nn/", "text/", "ops/", "io/", "graph/", "array/", "base/"],
    "llm": SEAM + ["nn/", "text/", "ops/", "io/", "graph/", "array/", "base/"],
    "capi": PUBLIC + ["llm/", "train/", "nn/", "text/", "backend/", "ops/", "io/", "graph/", "array/", "base/"],
    "cli": PUBLIC,
}

LIBRARIES = {
    r"nlohmann/": ["base", "text", "capi", "cli"],
    r"pcre2": ["text"],
    r"utf8proc": ["text"],
    r"(cblas|lapacke)": ["backend/cpu"],
    r"(vulkan/vulkan|vk_video|glslang/|SPIRV/)": ["backend/vulkan"],
    r"(immintrin|arm_neon|x86intrin|cpuid)": ["backend/cpu", "base", "text"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def layer_of(path):
    """The longest listed folder that holds the file: backend/cpu/kernels/x.cpp belongs to backend/cpu."""
    parts = path.parts[:-1]
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in LAYERS:
            return name
    return None


def check_source(source, path, root):
    layer = layer_of(path)
    if layer is None:
        yield 0, f"src/{path.parent} is not in the list of layers"
        return
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(2)
        for pattern, users in LIBRARIES.items():
            if re.match(pattern, target) and layer not in users:
                yield number, f"{layer} includes <{target}>, which only {', '.join(users)} may know"
        own = (root / "src" / target).is_file() or target.startswith("mlxc/")
        if match.group(1) == '"' and not own and not (source.parent / target).exists():
            yield number, f'"{target}" is found neither below src/ nor beside the file'
        if not own:
            continue
        if target.startswith("mlxc/"):
            inside = False
        else:
            inside = layer_of(pathlib.Path(target)) == layer
        if not inside and not any(target == allowed or (allowed.endswith("/") and target.startswith(allowed)) for allowed in LAYERS[layer]):
            yield number, f"{layer} includes {target}: it may see {', '.join(LAYERS[layer]) or 'nothing'}"


def check_type_names(headers, root):
    """One definition of a type name in a namespace: the linker would silently take one of two."""
    definition = re.compile(r"(?:class|struct|enum class) (\w+)\b(?!.*;\s*(//.*)?$)")
    first = {}
    for source in headers:
        namespaces = []
        for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
            opened, defined = re.match(r"namespace ([\w:]+) \{", line), definition.match(line)
            if opened:
                namespaces.append(opened.group(1))
            elif line.startswith("}  // namespace") and namespaces:
                namespaces.pop()
            elif defined:
                name = "::".join(namespaces + [defined.group(1)])
                other = first.setdefault(name, source)
                if other != source:
                    yield source, number, f"{name} is defined in {other.relative_to(root)} too"


def check_public_header(source):
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match and not re.fullmatch(r"mlxc/\w+\.h|std(int|def)\.h", match.group(2)):
            yield number, f"a public header includes {match.group(2)}: only mlxc/*.h, stdint.h and stddef.h are allowed"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    problems, files = [], 0
    for source in sorted((root / "src").rglob("*")):
        if source.suffix in (".h", ".cpp", ".c", ".inc"):
            files += 1
            problems += [(source, *found) for found in check_source(source, source.relative_to(root / "src"), root)]
    problems += check_type_names(sorted((root / "src").rglob("*.h")), root)
    for source in sorted((root / "include" / "mlxc").glob("*.h")):
        files += 1
        problems += [(source, *found) for found in check_public_header(source)]
    for source, number, text in problems:
        print(f"{source.relative_to(root)}:{number}: {text}")
    print(f"{files} files, {len(problems)} violations")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
