// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The records of the rules, member by member as Python has them (rollup.protocol), once their
// canonical bytes were read and every bound of theirs was held. Times are in ms, prices in ticks,
// amounts in quanta of USDC or lots of an asset, roots and digests as the 32 bytes that travel.
// Numbers that can be below zero are int256. `digest` is the Keccak-256 of the canonical bytes.

/// Bytes that are no canonical encoding: no honest caller sends them.
error Malformed();

/// rollup.protocol.market.Market; `kind` is of MarketKinds; `symbol` filled up with zero bytes.
struct Market {
    bytes16 symbol;
    uint256 priceDecimals;
    uint256 sizeDecimals;
    uint256 initialFraction;
    uint256 maintenanceFraction;
    uint256 bandFraction;
    uint256 takerFee;
    uint256 makerFee;
    uint256 liquidationFee;
    uint256 bucket;
    uint256 fundingCap;
    uint256 interest;
    uint256 impactNotional;
    uint256 openInterestCap;
    uint256 kind;
    uint256 leastOrder;
    bool delisted;
}

/// rollup.protocol.oracle.Feed.
struct Feed {
    bytes32 feed;
    uint256 decimals;
    uint256 step;
    uint256 listingPrice;
}

/// rollup.protocol.oracle.OracleTerms: signers rise; market k has feeds[k].
struct Oracle {
    address[] signers;
    uint256 quorum;
    uint256 slotMs;
    uint256 lagMs;
    Feed[] feeds;
}

/// rollup.protocol.committee.Committee: `keys` one behind the other, 96 bytes each; they rise.
struct Committee {
    uint256 threshold;
    bytes keys;
}

/// rollup.protocol.market.Governance.
struct Governance {
    bytes32 digest;
    Market[] markets;
    uint256 feeAccount;
    uint256 backstopAccount;
    uint256 clockBehindMs;
    uint256 clockAheadMs;
    uint256 refreshFee;
    Oracle oracle;
    Committee committee;
}

/// rollup.protocol.market_book.BookEntry.
struct BookEntry {
    uint256 price;
    int256 funding;
    uint256 carry;
    uint256 step;
    uint256 fundingCap;
    uint256 custody;
    bool clamped;
    bool missing;
    bool ended;
}

/// rollup.protocol.market_book.MarketBook; `governance` is a digest.
struct Book {
    bytes32 digest;
    bytes32 governance;
    uint256 hour;
    uint256 openSince;
    uint256 stalled;
    bool debtStop;
    BookEntry[] markets;
}

/// rollup.protocol.deposit.QueueEntry; `kind` is of EntryKinds. Of the words L1 knows no more than
/// that they are 32 bits: key x 7, key y 7, viewing 8, each big-endian as in `encode`.
struct Entry {
    uint256 index;
    uint256 kind;
    uint256 account;
    uint256 asset;
    uint256 amount;
    address owner;
    uint32[22] words;
}

/// rollup.protocol.public.ConsumedDeposit; `outcome` is of DepositOutcomes.
struct Deposit {
    Entry entry;
    uint256 outcome;
}

/// rollup.protocol.public.GrantedWithdrawal.
struct Withdrawal {
    address owner;
    uint256 asset;
    uint256 amount;
}

/// rollup.protocol.public.EstateTaken.
struct EstateTaken {
    uint256 asset;
    uint256 lots;
}

/// rollup.oracle.package.SignedPackage of one point; `signature` is 65 bytes r, s, v as they came.
struct Report {
    bytes32 feed;
    uint256 value;
    uint256 time;
    bytes signature;
}

/// rollup.protocol.public.PublicInput; `shapeClass` is the name filled up with zero bytes, and
/// `reportsDigest` the Keccak-256 of rollup.oracle.package.packages_to_bytes.
struct PublicInput {
    bytes32 digest;
    bytes8 shapeClass;
    uint256 version;
    uint256 chain;
    uint256 venue;
    uint256 number;
    uint256 time;
    Governance governance;
    bytes32 oldRoot;
    bytes32 newRoot;
    bytes32 dataCommitment;
    bytes32 receipts;
    Book bookBefore;
    bytes32 reportsDigest;
    Report[] reports;
    uint256[] prices;
    int256[] premiumRates;
    bool redo;
    bool closed;
    bool progress;
    uint256 total;
    uint256 depositsBefore;
    Deposit[] deposits;
    Withdrawal[] withdrawals;
    EstateTaken[] estate;
}

/// rollup.protocol.header.BatchHeader; `governance` and `publicDigest` are digests, `missing` has a
/// bit for each market, market 0 the lowest.
struct Header {
    bytes32 digest;
    uint256 number;
    uint256 time;
    bool redo;
    bool beginsOpen;
    uint256 missing;
    uint256 depositsBefore;
    uint256 deposits;
    bytes32 governance;
    bytes32 oldRoot;
    bytes32 newRoot;
    bytes32 receipts;
    bytes32 queueHead;
    bytes32 publicDigest;
}

/// rollup.protocol.terms.MarketTerms; `numbers` are the biased bucket numbers of long and short.
struct MarketTerms {
    uint256 price;
    int256 funding;
    int256 value;
    uint256 bucket;
    uint256 maintenance;
    uint256 initial;
    uint256 bandLow;
    uint256 bandHigh;
    uint256 takerFee;
    uint256 makerFee;
    uint256 liquidationFee;
    uint256 leastOrder;
    uint256 clip;
    uint256 impactNotional;
    uint256 openInterestCap;
    bool isAsset;
    bool isEnded;
    int256 longMaintenance;
    int256 shortMaintenance;
    uint256[2] numbers;
}
