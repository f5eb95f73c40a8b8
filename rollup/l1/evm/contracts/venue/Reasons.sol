// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Written by rollup/l1/evm/generate.py; `make contracts` writes it anew.

/// A call that changed nothing: the place in `Revert` of why.
error Reverted(uint8 reason);

library Reverts {
    uint8 internal constant BAD_ADDRESS = 0;
    uint8 internal constant BAD_WORDS = 1;
    uint8 internal constant BAD_AMOUNT = 2;
    uint8 internal constant AMOUNT_TOO_SMALL = 3;
    uint8 internal constant BALANCE_TOO_SMALL = 4;
    uint8 internal constant CUSTODY_FULL = 5;
    uint8 internal constant QUEUE_FULL = 6;
    uint8 internal constant ACCOUNTS_FULL = 7;
    uint8 internal constant REGISTERED = 8;
    uint8 internal constant ROTATING = 9;
    uint8 internal constant EXITING = 10;
    uint8 internal constant UNKNOWN_ACCOUNT = 11;
    uint8 internal constant UNKNOWN_ASSET = 12;
    uint8 internal constant DELISTED_ASSET = 13;
    uint8 internal constant NOTHING_TO_WITHDRAW = 14;
    uint8 internal constant FUNDS_LACKING = 15;
    uint8 internal constant NOT_FOR_SALE = 16;
    uint8 internal constant COST_ABOVE_LIMIT = 17;
    uint8 internal constant NOTHING_TO_COVER = 18;
    uint8 internal constant NOT_OPERATOR = 19;
    uint8 internal constant HEADER_EXISTS = 20;
    uint8 internal constant WRONG_NUMBER = 21;
    uint8 internal constant OLD_ROOT = 22;
    uint8 internal constant CLOCK_NOT_ADVANCED = 23;
    uint8 internal constant OFF_GRID = 24;
    uint8 internal constant CLOCK_AHEAD = 25;
    uint8 internal constant DEPOSITS_SKIPPED = 26;
    uint8 internal constant REDO_TIME = 27;
    uint8 internal constant REDO_WANTED = 28;
    uint8 internal constant REDO_UNCALLED = 29;
    uint8 internal constant PROOF_OVERDUE = 30;
    uint8 internal constant PIN_CIRCUIT = 31;
    uint8 internal constant PIN_FIXED = 32;
    uint8 internal constant PIN_PARAMETERS = 33;
    uint8 internal constant PIN_SHAPE = 34;
    uint8 internal constant NO_HEADER = 35;
    uint8 internal constant HEADER_DIFFERS = 36;
    uint8 internal constant WRONG_VENUE = 37;
    uint8 internal constant DEPOSIT_NOT_QUEUED = 38;
    uint8 internal constant TOTAL = 39;
    uint8 internal constant GRANT_TOO_LARGE = 40;
    uint8 internal constant BOOK_BEFORE = 41;
    uint8 internal constant REPORT_SLOT = 42;
    uint8 internal constant REPORT_FEED = 43;
    uint8 internal constant REPORT_SIGNATURE = 44;
    uint8 internal constant REPORT_SIGNER = 45;
    uint8 internal constant REPORT_REPEATED = 46;
    uint8 internal constant REPORT_ORDER = 47;
    uint8 internal constant REPORT_QUORUM = 48;
    uint8 internal constant BAD_REPORTS = 49;
    uint8 internal constant REPORT_AHEAD = 50;
    uint8 internal constant REPORT_STALE = 51;
    uint8 internal constant PRICE_MOVED = 52;
    uint8 internal constant PRICE_UNCLAMPED = 53;
    uint8 internal constant PRICE_DIFFERS = 54;
    uint8 internal constant STEP_REPORTS = 55;
    uint8 internal constant STEP_STALLED = 56;
    uint8 internal constant ATTESTATION = 57;
    uint8 internal constant PROOF = 58;
    uint8 internal constant NOT_GOVERNOR = 59;
    uint8 internal constant NUMBER_PASSED = 60;
    uint8 internal constant DELAY_TOO_SHORT = 61;
    uint8 internal constant INTERVAL_TOO_LONG = 62;
    uint8 internal constant GOVERNANCE_CHANGED = 63;
    uint8 internal constant GOVERNANCE_UNSAFE = 64;
    uint8 internal constant POSSESSION = 65;
    uint8 internal constant BAD_DEPLOYMENT = 66;
    uint8 internal constant GENESIS_ROOT = 67;
    uint8 internal constant FROZEN = 68;
    uint8 internal constant NOT_FROZEN = 69;
    uint8 internal constant NOT_OVERDUE = 70;
    uint8 internal constant NOTHING_TO_RECLAIM = 71;
    uint8 internal constant NOT_OWNER = 72;
    uint8 internal constant ESCAPED = 73;
    uint8 internal constant WRONG_LEAF = 74;
    uint8 internal constant BAD_OUTPOST = 75;
    uint8 internal constant UNKNOWN_CHAIN = 76;
    uint8 internal constant ENTRIES_DIFFER = 77;
    uint8 internal constant CAP_PASSED = 78;
    uint8 internal constant NOT_ELSEWHERE = 79;
    uint8 internal constant FUNDS_ELSEWHERE = 80;
    uint8 internal constant STALE_CHECKPOINT = 81;
    uint8 internal constant CONVICTED = 82;
    uint8 internal constant RECEIPT_SIGNATURE = 83;
    uint8 internal constant EVIDENCE_DIFFERS = 84;
    uint8 internal constant NO_MISCONDUCT = 85;
    uint8 internal constant BOND_DELAYED = 86;
}

library Refusals {
    uint8 internal constant GOVERNANCE = 0;
    uint8 internal constant DEPOSIT_NOT_QUEUED = 1;
    uint8 internal constant CLOCK_BEHIND = 2;
    uint8 internal constant REPORT_WITHHELD = 3;
    uint8 internal constant QUEUE_HELD_BACK = 4;
}

library Misconducts {
    uint8 internal constant FORK = 0;
    uint8 internal constant BACKDATED = 1;
    uint8 internal constant BROKEN_CHAIN = 2;
    uint8 internal constant DROPPED = 3;
    uint8 internal constant REORDERED = 4;
}

library DepositOutcomes {
    uint8 internal constant CREDITED = 0;
    uint8 internal constant KEY_NON_CANONICAL = 1;
    uint8 internal constant KEY_OFF_CURVE = 2;
    uint8 internal constant ACCOUNT_EXISTS = 3;
    uint8 internal constant ACCOUNT_MISSING = 4;
    uint8 internal constant CASH_OVERFLOW = 5;
    uint8 internal constant NOT_OWNER = 6;
    uint8 internal constant ASSET_OVERFLOW = 7;
    uint8 internal constant ASSET_UNKNOWN = 8;
    uint8 internal constant EXIT_BARRED = 9;
}

library EntryKinds {
    uint8 internal constant REGISTER = 0;
    uint8 internal constant CREDIT = 1;
    uint8 internal constant ROTATE = 2;
    uint8 internal constant EXIT = 3;
}

library MarketKinds {
    uint8 internal constant PERP = 0;
    uint8 internal constant ASSET = 1;
}

library TypeCodes {
    uint8 internal constant ACCOUNT = 1;
    uint8 internal constant HEADER = 2;
    uint8 internal constant SLOT = 3;
    uint8 internal constant MARKETS = 4;
    uint8 internal constant GLOBALS = 5;
    uint8 internal constant ORDER = 6;
    uint8 internal constant CHALLENGE = 7;
    uint8 internal constant CANCEL = 8;
    uint8 internal constant QUESTION = 9;
    uint8 internal constant TRIGGERS = 11;
    uint8 internal constant OUTFLOW = 12;
    uint8 internal constant VIEWING = 13;
    uint8 internal constant PUBLISHED = 14;
    uint8 internal constant DATA = 15;
    uint8 internal constant NULLIFIER = 16;
    uint8 internal constant BUNDLE = 17;
}
