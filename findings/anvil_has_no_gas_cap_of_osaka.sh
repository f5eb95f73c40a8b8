#!/usr/bin/env bash
# anvil 1.7.1: under `--hardfork osaka` a transaction may ask for more gas than Osaka allows, and be of
# any size; the bounds on code and initcode hold.
#
# What one would guess: a node that says it runs Osaka refuses a transaction with a gas limit beyond 2^24
# (16,777,216), since EIP-7825 makes it invalid there; and, as nodes on mainnet do, one of more than
# 131,072 bytes. EIP-170 (24,576 bytes of code) and EIP-3860 (49,152 of initcode) it does enforce.
#
# What it does: both are mined. The cap on gas is there, behind `--enable-tx-gas-limit`, which is off
# unless asked for, whatever the fork. No option bounds the size. So whoever tests a verifier of proofs on
# anvil alone finds out on a chain that its one large transaction must be cut into several.
# What helps: ask for the option; and let tests bound bytes and gas themselves.
#
# Seen with node 20 on Linux, x86-64. Fails as soon as any of this changes.
set -euo pipefail

folder=$(mktemp -d)
anvil=""
trap '[ -z "$anvil" ] || kill "$anvil" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-audit --no-fund --ignore-scripts @foundry-rs/anvil-linux-amd64@1.7.1
program=$(find node_modules -type f -name anvil)

cat > show.py <<'PYTHON'
import json
import sys
import time
from urllib.request import Request, urlopen

URL, CAP, POOL_BYTES = f"http://127.0.0.1:{sys.argv[1]}", 1 << 24, 131_072


def ask(method: str, *params: object) -> dict:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    return json.load(urlopen(Request(URL, body, {"content-type": "application/json"})))


def wait() -> str:
    for _ in range(100):
        try:
            return ask("anvil_nodeInfo")["result"]["hardFork"]
        except OSError:
            time.sleep(0.1)
    raise SystemExit("no answer from anvil")


def sent(**fields: object) -> str:
    """What became of a transaction of the first account."""
    answer = ask("eth_sendTransaction", {"from": OWN, **fields})
    if "error" in answer:
        return "refused"
    for _ in range(100):
        receipt = ask("eth_getTransactionReceipt", answer["result"])["result"]
        if receipt is not None:
            return "mined" if receipt["status"] == "0x1" else "failed"
        time.sleep(0.1)
    return "lost"


def returned(size: int) -> str:
    """Initcode that returns so many zeros as code."""
    return "0x62" + size.to_bytes(3, "big").hex() + "6000f3"


fork = wait()
OWN = ask("eth_accounts")["result"][0]
print(f"{fork}{' with --enable-tx-gas-limit' if len(sys.argv) > 2 else ''}:")
print("  gas limit 2^24:", sent(to=OWN, gas=hex(CAP)))
print("  gas limit 2^24 + 1:", sent(to=OWN, gas=hex(CAP + 1)))
print("  131,072 bytes of calldata:", sent(to=OWN, gas=hex(CAP), data="0x" + "00" * POOL_BYTES))
print("  code of 24,576 bytes:", sent(gas=hex(CAP), data=returned(24_576)))
print("  code of 24,577 bytes:", sent(gas=hex(CAP), data=returned(24_577)))
print("  initcode of 49,153 bytes:", sent(gas=hex(CAP), data="0x" + "00" * 49_153))
PYTHON

show() {
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$program" --silent --port "$port" --hardfork osaka "$@" > anvil.log 2>&1 &
    anvil=$!
    python3 show.py "$port" "$@"
    kill "$anvil"
    wait "$anvil" 2>/dev/null || true
    anvil=""
}

seen=$("$program" --version | head -1; show; show --enable-tx-gas-limit)
wanted='anvil Version: 1.7.1
Osaka:
  gas limit 2^24: mined
  gas limit 2^24 + 1: mined
  131,072 bytes of calldata: mined
  code of 24,576 bytes: mined
  code of 24,577 bytes: failed
  initcode of 49,153 bytes: refused
Osaka with --enable-tx-gas-limit:
  gas limit 2^24: mined
  gas limit 2^24 + 1: refused
  131,072 bytes of calldata: mined
  code of 24,576 bytes: mined
  code of 24,577 bytes: failed
  initcode of 49,153 bytes: refused'
echo "$seen"
[ "$seen" = "$wanted" ] || { echo "changed; wanted:"; echo "$wanted"; exit 1; }
