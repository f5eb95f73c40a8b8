"""The packaged key is the key of the statement in the sources; `make golden` writes it."""

from importlib import resources

from circuits.keygen import statement_key
from circuits.verify import KEY_FILE


def test_the_packaged_key_is_the_key_of_the_statement() -> None:
    packaged = (resources.files("circuits") / "keys" / KEY_FILE).read_text(encoding="ascii")
    assert packaged == statement_key().to_json(), "run `make golden` and note it in CHANGELOG.md"
