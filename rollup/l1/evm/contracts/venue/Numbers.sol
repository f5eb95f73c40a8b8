// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Written by rollup/l1/evm/generate.py; `make contracts` writes it anew.

library Numbers {
    uint256 internal constant FIELD_ORDER = 2130706433;
    uint256 internal constant PROTOCOL_VERSION = 8;
    uint256 internal constant SIGNATURE_SCHEME = 1;
    uint256 internal constant MARKETS_MAX = 64;
    uint256 internal constant MARKET_BITS = 16;
    uint256 internal constant STEP_PATIENCE_MS = 60000;
    uint256 internal constant STALLED_MAX = 64;
    uint256 internal constant ACCOUNT_LEAF_VERSION = 3;
    uint256 internal constant MARKETS_LEAF_VERSION = 3;
    uint256 internal constant BUCKET_NUMBER_BITS = 16;
    uint256 internal constant COUNTERS = 8;
    uint256 internal constant COUNTER_MAX = 1073741824;
    uint256 internal constant TRIGGER_BITS = 30;
    uint256 internal constant SAFETY_MAX = 4095;
    uint256 internal constant REFRESH_FEE_BITS = 13;
    uint256 internal constant LADDER_BITS = 45;
    uint256 internal constant ACCOUNT_BITS = 30;
    uint256 internal constant SLOT_BITS = 8;
    uint256 internal constant GENERATION_BITS = 26;
    uint256 internal constant PRICE_BITS = 30;
    uint256 internal constant PEG_BITS = 20;
    uint256 internal constant ORACLE_PRICE_BITS = 29;
    uint256 internal constant FUNDING_BITS = 28;
    uint256 internal constant SIZE_BITS = 40;
    uint256 internal constant POSITION_LIMIT = 1099511627776;
    uint256 internal constant POSITION_BITS = 41;
    uint256 internal constant CASH_LIMIT = 9223372036854775808;
    uint256 internal constant CASH_BITS = 64;
    uint256 internal constant CUSTODY_BITS = 62;
    uint256 internal constant NOTIONAL_BITS = 52;
    uint256 internal constant MOVED_BITS = 62;
    uint256 internal constant AMOUNT_BITS = 62;
    uint256 internal constant OUTFLOW_BITS = 53;
    uint256 internal constant ESTATE_BITS = 51;
    uint256 internal constant TIME_BITS = 52;
    uint256 internal constant TAKEOVER_FEE_BITS = 62;
    uint256 internal constant REST_BITS = 46;
    uint256 internal constant FEE_RATE_BITS = 13;
    uint256 internal constant FEE_SCALE = 1000000;
    uint256 internal constant FRACTION_SCALE = 10000;
    uint256 internal constant BUCKET_BITS = 21;
    uint256 internal constant DEBT_STOP_PART = 4;
    uint256 internal constant FUNDING_CAP_MAX = 500;
    uint256 internal constant INTEREST_HOURS = 8;
    uint256 internal constant VOLUME_BITS = 64;
    uint256 internal constant PREMIUM_LIMIT = 9223372036854775808;
    uint256 internal constant PREMIUM_BITS = 64;
    uint256 internal constant OPEN_INTEREST_BITS = 40;
    uint256 internal constant IMPACT_BITS = 52;
    uint256 internal constant CLIP_FEES = 4;
    uint256 internal constant CLIP_BITS = 27;
    uint256 internal constant PREMIUM_RATE_BITS = 17;
    uint256 internal constant PREMIUM_UNIT = 10;
    uint256 internal constant CHAIN_BITS = 30;
    uint256 internal constant NUMBER_BITS = 30;
    uint256 internal constant SEQUENCE_BITS = 48;
    uint256 internal constant QUEUE_BITS = 30;
    uint256 internal constant DEPOSITS_MAX = 64;
    uint256 internal constant TRADES_LIMIT = 1024;
    uint256 internal constant OUTFLOWS_MAX = 64;
    uint256 internal constant COLLATERAL_DECIMALS = 6;
    uint256 internal constant DEPOSIT_TIMESTAMP = 1;
    uint256 internal constant FILL_TIMESTAMP = 65;
    uint256 internal constant TAKEOVER_TIMESTAMP = 1089;
    uint256 internal constant OUTFLOW_TIMESTAMP = 2113;
    uint256 internal constant FEE_TIMESTAMP = 2177;
    uint256 internal constant REST_TIMESTAMP = 2178;
    uint256 internal constant DIGEST_LENGTH = 8;
    uint256 internal constant SALT_LENGTH = 4;
    uint256 internal constant SEPTIC_LENGTH = 7;
    uint256 internal constant OWNER_BYTES = 20;
    uint256 internal constant SIGNATURE_BYTES = 84;
    uint256 internal constant SYMBOL_LENGTH_MAX = 16;
    uint256 internal constant TICK_ALLOWANCE = 10;
    uint256 internal constant LISTING_BUCKETS_MAX = 8192;
    uint256 internal constant FEED_BYTES = 32;
    uint256 internal constant SIGNERS_MAX = 8;
    uint256 internal constant REPORTS_MAX = 512;
    uint256 internal constant FEED_DECIMALS_MAX = 18;
    uint256 internal constant STEP_MAX = 9999;
    uint256 internal constant PRICE_LEAST = 1024;
    uint256 internal constant PRICE_MOST = 536870911;
    uint256 internal constant SLOT_MS_MAX = 3600000;
    uint256 internal constant LAG_MS_MAX = 86400000;
    uint256 internal constant HOUR_MS = 3600000;
    uint256 internal constant RATE_SCALE = 8000000;
    uint256 internal constant FUNDING_MAX = 268435456;
    uint256 internal constant PRICES_MAX = 64;
    uint256 internal constant PROMPT_SLOTS_MAX = 512;
    uint256 internal constant LATE_SLOTS_MAX = 256;
    uint256 internal constant SLOTS_MAX = 768;
    uint256 internal constant FEE_ACCOUNT = 0;
    uint256 internal constant BACKSTOP_ACCOUNT = 1073741823;
    uint256 internal constant GENESIS_BYTES_MAX = 65536;
    uint256 internal constant FIRST_ACCOUNT = 1;
    uint256 internal constant START_FRACTION = 10500;
    uint256 internal constant CLASSES_MAX = 8;
    uint256 internal constant LONG_BUCKET_OFFSET = 16384;
    uint256 internal constant SHORT_BUCKET_OFFSET = 49152;
}

library Tags {
    bytes20 internal constant GOVERNANCE = "crypsis-governance-5";
    bytes14 internal constant BOOK = "crypsis-book-4";
    bytes16 internal constant PUBLIC = "crypsis-public-8";
    bytes16 internal constant HEADER = "crypsis-header-4";
}

library Packages {
    uint256 internal constant SIGNATURE_BYTES = 65;
    uint256 internal constant ORDER = 115792089237316195423570985008687907852837564279074904382605163141518161494337;
    uint256 internal constant FEED_BYTES = 32;
    uint256 internal constant VALUE_BYTES = 32;
    uint256 internal constant POINT_BYTES = 64;
    uint256 internal constant TIME_BYTES = 6;
    uint256 internal constant SIZE_BYTES = 4;
    uint256 internal constant COUNT_BYTES = 3;
    uint256 internal constant TAIL_BYTES = 13;
    uint256 internal constant REPORT_BYTES = 142;
    uint256 internal constant FEED_TEXT_MAX = 31;
    uint256 internal constant POINTS_MAX = 1024;
    uint256 internal constant PACKAGES_MAX = 1024;
}
