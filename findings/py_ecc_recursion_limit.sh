#!/usr/bin/env bash
# py_ecc 8.0.0: importing any module of the package lifts the recursion limit of the whole process.
#
# What one would guess: an elliptic-curve library that a program imports to add points changes nothing
# outside itself. Parsers in C, json's among them, recurse as deep as that limit lets them, and the
# RecursionError at 1,000 levels is what stands between nested input from a stranger and the C stack.
#
# What it does: `py_ecc/__init__.py` calls sys.setrecursionlimit with 100,000 or what is set, if that is
# more, so any submodule does it. A service that catches RecursionError around a parser no longer gets
# one once something has imported py_ecc: with input nested deep enough, Python 3.11 ends by a signal
# instead (not shown).
# What helps: count the nesting before parsing, or set the limit again after the import.
#
# Seen with Python 3.11 on Linux. Fails as soon as any of this changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check py_ecc==8.0.0

cat > "$folder/show.py" <<'PYTHON'
import sys
from importlib.metadata import version

DEPTH = 5_000


def descend(levels: int) -> int:
    return 0 if levels == 0 else 1 + descend(levels - 1)


def outcome() -> str:
    try:
        return f"{descend(DEPTH)} levels"
    except RecursionError:
        return "RecursionError"


print("limit before", sys.getrecursionlimit(), "-", DEPTH, "calls deep:", outcome())
import py_ecc.fields  # noqa: E402

print("py_ecc", version("py_ecc"))
print("limit after", sys.getrecursionlimit(), "-", DEPTH, "calls deep:", outcome())
PYTHON

seen=$("$folder/venv/bin/python" "$folder/show.py")
wanted='limit before 1000 - 5000 calls deep: RecursionError
py_ecc 8.0.0
limit after 100000 - 5000 calls deep: 5000 levels'
echo "$seen"
[ "$seen" = "$wanted" ] || { echo "changed; wanted:"; echo "$wanted"; exit 1; }
