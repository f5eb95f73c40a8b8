#!/usr/bin/env bash
# pyrevm 0.3.7: what one `message_call` touched is warm for the next, so storage costs too little there.
#
# What one would guess: `EVM.message_call` is a transaction. It takes 21,000 gas and calldata's price from
# `result.gas_used`, as a transaction does, so the gas of storage should be a transaction's as well: by
# EIP-2929 and EIP-2200 the first SLOAD of a slot costs 2,100 in each, and the first SSTORE that changes a
# slot from a value other than zero to another one 5,000.
#
# What it does: all calls of one EVM are in one journal. The second call pays 100 for the same SLOAD. A slot
# that the first call set counts as changed in the same transaction, so the next changes cost 100 too.
# Whoever measures a contract by a second call, say of a deposit after a first one, reads thousands of gas
# less than a chain bills.
# What helps: measure what touches storage on a node; or a new EVM for every call that is measured, with
# the storage put there by `insert_account_storage` (not shown).
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
READ = bytes.fromhex("6000545000")  # PUSH1 0, SLOAD, POP, STOP
WRITE = bytes.fromhex("60003560005500")  # PUSH1 0, CALLDATALOAD, PUSH1 0, SSTORE, STOP
READ_REST, WRITE_REST = 3 + 2, 3 + 3 + 3  # gas of what is not SLOAD or SSTORE


def deployed(code: bytes) -> tuple[EVM, str]:
    evm = EVM()
    evm.set_balance(SENDER, 10**18)
    copy = bytes([0x60, len(code), 0x60, 12, 0x60, 0, 0x39, 0x60, len(code), 0x60, 0, 0xF3])
    return evm, evm.deploy(SENDER, copy + code)


def gas(evm: EVM, to: str, calldata: bytes, rest: int) -> int:
    """Gas of the one instruction that touches storage."""
    evm.message_call(SENDER, to, calldata=calldata)
    zeros = calldata.count(0)
    return evm.result.gas_used - 21_000 - 4 * zeros - 16 * (len(calldata) - zeros) - rest


print("pyrevm", version("pyrevm"))
evm, to = deployed(READ)
print("SLOAD in three calls:", [gas(evm, to, b"", READ_REST) for _ in range(3)], "a chain: 2100 each")
evm, to = deployed(WRITE)
costs = [gas(evm, to, value.to_bytes(32, "big"), WRITE_REST) for value in (1, 2, 3)]
print("SSTORE of 1, 2, 3 in three calls:", costs, "a chain: 22100, 5000, 5000")
PYTHON

seen=$("$folder/venv/bin/python" "$folder/show.py")
wanted='pyrevm 0.3.7
SLOAD in three calls: [2100, 100, 100] a chain: 2100 each
SSTORE of 1, 2, 3 in three calls: [22100, 100, 100] a chain: 22100, 5000, 5000'
echo "$seen"
[ "$seen" = "$wanted" ] || { echo "changed; wanted:"; echo "$wanted"; exit 1; }
