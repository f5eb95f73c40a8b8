#!/usr/bin/env bash
# pyrevm 0.3.7: any name is a `spec_id`, and the rules are Cancun's whatever fork it names.
#
# What one would guess: `EVM(spec_id="BERLIN")` has the rules of Berlin and `EVM(spec_id="PRAGUE")` those of
# Prague; a name that is no fork is refused.
#
# What it does: every name is taken, "nonsense" and the empty one too, and none changes anything. TLOAD
# (Cancun, EIP-1153) runs under "BERLIN". BLS12_G1ADD (Prague, EIP-2537, at address 0x0b) is absent under
# "PRAGUE": the call is one to an account without code, succeeds, and answers no bytes where the
# precompile answers 128.
# So a contract that passes its tests there under the name of an older fork may not run on it, and one
# that needs a newer fork cannot be tested.
#
# Seen with Python 3.11 on Linux; there are no wheels for 3.13. Fails as soon as any of this changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pyrevm==0.3.7

cat > "$folder/show.py" <<'PYTHON'
from importlib.metadata import version

from pyrevm import EVM

SENDER = "0x" + "5e" * 20
ANSWER = bytes.fromhex("60005260206000f3")  # the word on the stack
TLOAD = bytes.fromhex("60005c") + ANSWER
# STATICCALL of 0x0b with 256 zero bytes, two points at infinity; then the size of what it answered
G1ADD = bytes.fromhex("60006000610100600060 0b5afa503d") + ANSWER


def answer(fork: str, code: bytes) -> int:
    evm = EVM(spec_id=fork)
    evm.set_balance(SENDER, 10**18)
    copy = bytes([0x60, len(code), 0x60, 12, 0x60, 0, 0x39, 0x60, len(code), 0x60, 0, 0xF3])
    to = evm.deploy(SENDER, copy + code)
    return int.from_bytes(evm.message_call(SENDER, to), "big")


print("pyrevm", version("pyrevm"))
for fork in ("BERLIN", "CANCUN", "PRAGUE", "nonsense", ""):
    print(f"{fork!r}: TLOAD runs and gives {answer(fork, TLOAD)}, G1ADD answers {answer(fork, G1ADD)} bytes")
PYTHON

seen=$("$folder/venv/bin/python" "$folder/show.py")
wanted="pyrevm 0.3.7
'BERLIN': TLOAD runs and gives 0, G1ADD answers 0 bytes
'CANCUN': TLOAD runs and gives 0, G1ADD answers 0 bytes
'PRAGUE': TLOAD runs and gives 0, G1ADD answers 0 bytes
'nonsense': TLOAD runs and gives 0, G1ADD answers 0 bytes
'': TLOAD runs and gives 0, G1ADD answers 0 bytes"
echo "$seen"
[ "$seen" = "$wanted" ] || { echo "changed; wanted:"; echo "$wanted"; exit 1; }
