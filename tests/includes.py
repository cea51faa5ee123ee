#!/usr/bin/env python3
"""Checks the direction of every include: a module sees only itself and modules above it here.

    tests/includes.py [SOURCE-ROOT]

Within a module no file may include itself through others. A file is a source with its header.
Prints each include that is wrong and exits with 1 if there is one.
"""

import re
import sys
from pathlib import Path

# In the order of the layout: each may include those above it. The longest path that a file begins
# with says where it belongs.
MODULES = [
    ["include/spikeloss"],
    ["src/core"],
    ["src/kernels"],
    ["src/spikes"],
    ["src/loss"],
    ["src/json"],
    ["src/decode"],
    ["src/encode"],
    ["src/net"],
    # What HTTP is made of: options, heads, connections and records.
    [
        "src/http/connections.",
        "src/http/headers.",
        "src/http/options.",
        "src/http/record.",
    ],
    ["src/http/auth"],
    ["src/http"],
    ["src/http/handlers"],
    ["src/daemon"],
]

# libspikeloss is the modules up to src/loss. It knows neither the codes of the service ...
LIBRARY = MODULES.index(["src/loss"])
NOT_OF_THE_LIBRARY = {"src/core/codes"}
# ... nor are these libraries seen below the module that is made for them.
FIRST_USER = {
    "microhttpd.h": "src/http",
    "gnutls/gnutls.h": "src/net",
    "zlib.h": "src/http",
    "ini.h": "src/daemon",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def module_of(path):
    """Returns the index into MODULES, or None."""
    best = None
    length = 0
    for index, prefixes in enumerate(MODULES):
        for prefix in prefixes:
            whole = prefix if prefix.endswith(".") else prefix + "/"
            if path.startswith(whole) and len(whole) > length:
                best, length = index, len(whole)
    return best


def unit_of(path):
    return path.rsplit(".", 1)[0]


def includes_of(root, path):
    """Yields (included path or name of a system header, line number)."""
    text = (root / path).read_text()
    for match in INCLUDE.finditer(text):
        name = match.group(1) or match.group(2)
        line = text.count("\n", 0, match.start(match.lastindex)) + 1
        for folder in ("src", "include", str(Path(path).parent)):
            if (root / folder / name).is_file():
                yield f"{folder}/{name}", line
                break
        else:
            yield name, line


def fault_of(path, included):
    """Returns what is wrong with one include, or None."""
    if included in FIRST_USER:
        first = FIRST_USER[included]
        lowest = next(i for i, module in enumerate(MODULES) if module[0].startswith(first))
        return None if module_of(path) >= lowest else f"only for {first} and above"
    below, above = module_of(included), module_of(path)
    if below is None:
        return None
    if below > above:
        return f"{MODULES[below][0].rstrip('.')} comes after {MODULES[above][0].rstrip('.')}"
    own = unit_of(path) == unit_of(included)
    if unit_of(included) in NOT_OF_THE_LIBRARY and above <= LIBRARY and not own:
        return "libspikeloss knows no codes of the service"
    return None


def find_circle(arrows):
    """Returns a list of files, each of which includes the next and the last the first, or None."""
    done = set()

    def walk(unit, path):
        if unit in path:
            return path[path.index(unit) :]
        if unit in done:
            return None
        for other in sorted(arrows.get(unit, ())):
            circle = walk(other, path + [unit])
            if circle:
                return circle
        done.add(unit)
        return None

    for unit in sorted(arrows):
        circle = walk(unit, [])
        if circle:
            return circle
    return None


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    files = sorted(
        str(file.relative_to(root))
        for folder in ("src", "include")
        for file in (root / folder).rglob("*.[ch]")
    )
    faults = [f"{path}: is in no module of the table" for path in files if module_of(path) is None]
    arrows = {}
    for path in files:
        if module_of(path) is None:
            continue
        for included, line in includes_of(root, path):
            fault = fault_of(path, included)
            if fault:
                faults.append(f"{path}:{line}: includes {included}: {fault}")
            if module_of(included) is not None and unit_of(included) != unit_of(path):
                arrows.setdefault(unit_of(path), set()).add(unit_of(included))
    circle = find_circle(arrows)
    if circle:
        faults.append("files include each other in a circle: " + " -> ".join(circle + circle[:1]))
    for fault in faults:
        print(f"not ok - {fault}")
    print(f"{len(files)} files, {sum(map(len, arrows.values()))} arrows")
    print(f"{max(len(files) - len(faults), 0)} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
