"""The verifier runs where neither numpy nor numba exists."""

import subprocess
import sys

SCRIPT = """
import sys
import circuits.stark.verifier
loaded = {"numpy", "numba", "llvmlite"} & set(sys.modules)
sys.exit(", ".join(sorted(loaded)) if loaded else 0)
"""


def test_importing_the_verifier_loads_no_array_code() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
