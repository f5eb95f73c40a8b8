"""Shapes of what the API answers, as JSON Schema: exact members, exact types."""

from typing import Final

from rollup.protocol.governance_codec import MARKET_NUMBERS
from sequencer.api.door import RECEIVED
from sequencer.api.problems import Code
from sequencer.service.snapshot import Life, Mode

Schema = dict[str, object]


def record(members: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """An object with these members and no other."""
    required = [name for name in members if name not in optional]
    return {
        "type": "object",
        "properties": members,
        "required": required,
        "additionalProperties": False,
    }


def rows(of: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": of}


TEXT: Final[Schema] = {"type": "string"}
INTEGER: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "integer", "minimum": 0}
TIME: Final[Schema] = {"type": "integer", "minimum": 0, "description": "ms since 1970"}
DIGEST: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
LIFE: Final[Schema] = {"type": "string", "enum": [each.value for each in Life]}

BATCH: Final = record(
    {
        "number": NUMBER,
        "life": LIFE,
        "time": TIME,
        "redo": {"type": "boolean"},
        "old_root": DIGEST,
        "new_root": DIGEST,
        "public": {**DIGEST, "description": "Keccak-256 of the public input"},
    },
    optional=("redo", "old_root", "new_root", "public"),
)

STATUS: Final = record(
    {
        "mode": {"type": "string", "enum": [each.value for each in Mode]},
        "now": TIME,
        "chain": NUMBER,
        "venue": NUMBER,
        "interval_ms": NUMBER,
        "opened": NUMBER,
        "closed": NUMBER,
        "closes_at": {"type": ["integer", "null"]},
        "held": NUMBER,
        "proved": NUMBER,
        "warnings": rows(TEXT),
    }
)

KEYS: Final = record(
    {
        "public_key": DIGEST,
        "suite": TEXT,
        "version": NUMBER,
        "chain": NUMBER,
        "venue": NUMBER,
        "envelope_bytes": NUMBER,
        "envelope_lifetime_ms": NUMBER,
        "answer_bytes": NUMBER,
    }
)

MARKETS: Final = record(
    {
        "markets": rows(
            record({"market": NUMBER, "symbol": TEXT, **dict.fromkeys(MARKET_NUMBERS, NUMBER)})
        )
    }
)

PRICES: Final = record(
    {
        "batch": NUMBER,
        "prices": rows(record({"market": NUMBER, "symbol": TEXT, "price": NUMBER})),
    }
)

BATCHES: Final = record({"batches": rows(BATCH), "next": {"type": ["integer", "null"]}})

L1: Final = record(
    {
        "held": NUMBER,
        "proved": NUMBER,
        "waiting": rows(BATCH),
        "heard": {"type": "boolean", "description": "whether the last look at L1 succeeded"},
        "heard_at": TIME,
        "trouble": TEXT,
        "warnings": rows(TEXT),
    }
)

ANSWERS: Final = record(
    {"answers": rows({"type": "string", "description": f"`{RECEIVED}`, or a reason"})}
)

OK: Final = record({"ok": {"type": "boolean"}})
ANYTHING: Final[Schema] = {"type": "object"}

PROBLEM: Final = record(
    {
        "type": TEXT,
        "title": TEXT,
        "status": INTEGER,
        "code": {"type": "string", "enum": [each.value for each in Code]},
        "detail": TEXT,
        "reason": {"type": "string", "description": "why an envelope did not open"},
    },
    optional=("reason",),
)
