"""Shapes of what the API answers, as JSON Schema: exact members, exact types."""

from typing import Final

from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.governance_codec import MARKET_NUMBERS
from rollup.protocol.receipt import RECEIPT_SIGNATURE_BYTES
from rollup.protocol.receipt_json import DIGESTS as RECEIPT_DIGESTS
from rollup.protocol.receipt_json import NUMBERS as RECEIPT_NUMBERS
from sequencer.api.door import RECEIVED
from sequencer.api.problems import Code
from sequencer.service.public_view import Life, Mode

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
        "held_at": {**TIME, "description": "when L1 was seen to hold its header"},
        "proved_at": {**TIME, "description": "when L1 was seen to have taken its proof"},
    },
    optional=("redo", "old_root", "new_root", "public", "held_at", "proved_at"),
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
        "action_answer_bytes": NUMBER,
        "question_answer_bytes": NUMBER,
        "receipt_signer": {"type": "string", "pattern": f"^[0-9a-f]{{{2 * OWNER_BYTES}}}$"},
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

RECEIPT: Final = record(
    {
        **dict.fromkeys(RECEIPT_NUMBERS, NUMBER),
        **dict.fromkeys(RECEIPT_DIGESTS, DIGEST),
        "signature": {"type": "string", "pattern": f"^[0-9a-f]{{{2 * RECEIPT_SIGNATURE_BYTES}}}$"},
    }
)

ANSWERS: Final = record(
    {
        "answers": rows(
            record(
                {
                    "outcome": {"type": "string", "description": f"`{RECEIVED}`, or a reason"},
                    "receipt": RECEIPT,
                    "sealed": {"type": "string", "contentEncoding": "base64"},
                },
                optional=("receipt", "sealed"),
            )
        )
    }
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
