#!/usr/bin/env bash
# eth-keyfile 0.10.0: a keystore of any 32 bytes names an account, whatever curve the bytes are a key of.
#
# What one would guess: the Web3 keystore is a format for 32 secret bytes, its `address` is optional, and
# a library that is asked to encrypt the key of another scheme (a rollup's trading key, an X25519 key)
# either leaves the address out or asks for it.
#
# What it does: `create_keyfile_json` takes the bytes for a secp256k1 key and writes the address of that
# key in clear. Nobody's account has that address; money sent to it, because a key file says so, is not
# where the real account is. It also names the same secret in every file, so two keystores of one key
# can be linked without a password.
# `decode_keyfile_json` reads the file as well once the member is taken out.
#
# Seen with Python 3.11 on Linux. Fails as soon as any of this changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
    eth-keyfile==0.10.0 eth-keys==0.8.0 'pycryptodome>=3.23,<4'

cat > "$folder/show.py" <<'PYTHON'
from importlib.metadata import version

from eth_keyfile import create_keyfile_json, decode_keyfile_json
from eth_keys import keys

SECRET = bytes(range(1, 33))  # of whatever scheme
PASSWORD = b"a password for this run"

print("eth-keyfile", version("eth-keyfile"))
first, second = (
    create_keyfile_json(SECRET, PASSWORD, version=3, kdf="pbkdf2", iterations=1000)
    for _ in range(2)
)
address = keys.PrivateKey(SECRET).public_key.to_address().removeprefix("0x")
print("version 3 names the secp256k1 address:", first["address"].lower().removeprefix("0x") == address)
print("in every file of the same bytes:", first["address"] == second["address"])
del first["address"]
print("without it the file reads as well:", decode_keyfile_json(first, PASSWORD) == SECRET)
PYTHON

seen=$("$folder/venv/bin/python" "$folder/show.py")
wanted='eth-keyfile 0.10.0
version 3 names the secp256k1 address: True
in every file of the same bytes: True
without it the file reads as well: True'
echo "$seen"
[ "$seen" = "$wanted" ] || { echo "changed; wanted:"; echo "$wanted"; exit 1; }
