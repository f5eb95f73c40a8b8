// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The contract of a venue as anybody calls it: rollup.l1.interface, whose rules, order of checks and
// reasons it has (docs/spec/09-l1.md). The sender of a call is msg.sender. Times are in ms, amounts
// in quanta of USDC or lots of the asset that a mark names (0: USDC, n + 1: market n). A call
// succeeds whole or changes nothing: Reverted (Reasons.sol) says why, Malformed (Types.sol) that
// its bytes are no canonical encoding.

/// A token called the contract while it was being called.
error Reentered();

/// The token of a mark: `unit` is how many of its smallest parts one quantum or lot is.
struct TokenTerms {
    address token;
    uint96 unit;
}

/// rollup.ports.Pins of one shape class, and whose word is taken that a proof is valid; `facts` 0:
/// nobody's, so that no batch of the class is taken. Name and root have zeros after them.
struct PinnedClass {
    bytes8 shapeClass;
    bytes32 circuit;
    bytes32 fixedRoot;
    bytes parameters;
    bytes shape;
    address facts;
}

/// rollup.l1.deployment.Deployment. `governance` are its canonical bytes, `possession` the
/// proofs of possession of its committee's keys, in their order; `root` and `book` the state
/// root and the digest of the market book of the genesis, which the contract cannot recompute:
/// whoever trusts a venue compares them with its genesis. `usdc` is the token of mark 0, `tokens`
/// those of the assets that are listed, by rising mark. `backstopOwner` is who owns the genesis's
/// backstop, `poseidon` the contract that hashes (venue/Poseidon16.yul), `bond` the one that holds the operator's bond
/// and is this venue's from then on (venue/IBond.sol). `clockUnit` is how many ms one unit of the
/// chain's timestamps is. `accounts` and `entries` are rollup.l1.queue.QueueLimits.
struct Deployment {
    uint256 chain;
    uint256 venue;
    uint256 time;
    bytes governance;
    bytes possession;
    bytes32 root;
    bytes32 book;
    PinnedClass[] classes;
    address operator;
    address governor;
    uint256 intervalMs;
    uint256 governanceDelay;
    uint256 proofDeadlineMs;
    uint256 leastDeposit;
    uint256 entryWaitMs;
    uint256 entriesLeast;
    uint256 estateSaleMs;
    uint256 freezeAfterMs;
    address backstopOwner;
    address poseidon;
    address bond;
    TokenTerms usdc;
    TokenTerms[] tokens;
    uint256 clockUnit;
    uint256 accounts;
    uint256 entries;
}

/// Everything that happens. What a call reads back is in these or in a view below.
interface IRollupEvents {
    /// `entry` are the bytes of rollup.protocol.deposit.QueueEntry.
    event DepositQueued(uint256 indexed index, uint256 time, bytes entry);
    /// `header` are the bytes of rollup.protocol.header.BatchHeader.
    event HeaderTaken(
        uint256 indexed number, uint256 time, bytes32 digest, uint256 takenAt, bytes header
    );
    /// `reason` is a place in Refusal.
    event HeaderRefused(uint256 indexed number, uint256 time, bytes32 digest, uint8 reason);
    event BatchAccepted(uint256 indexed number, uint256 time, bytes32 oldRoot, bytes32 newRoot);
    event DepositRefunded(
        uint256 indexed index, address indexed owner, uint256 asset, uint256 amount, uint8 outcome
    );
    event WithdrawalGranted(
        uint256 indexed number, uint256 place, address indexed owner, uint256 asset, uint256 amount
    );
    /// An exit was consumed: paid if `outcome` is CREDITED (DepositOutcomes). Its stake is its
    /// owner's again in any case.
    event ExitAnswered(
        uint256 indexed index, address indexed owner, uint256 amount, uint8 outcome
    );
    event Withdrawn(address indexed owner, uint256 asset, uint256 amount);
    event EstateTook(uint256 indexed number, uint256 asset, uint256 lots, uint256 price);
    event EstateSold(address indexed buyer, uint256 asset, uint256 lots, uint256 paid);
    event EstateCovered(address indexed sender, uint256 amount);
    /// `governance` are its canonical bytes.
    event GovernanceAnnounced(bytes governance, uint256 number, uint256 validFrom);
    event GovernanceEnacted(bytes32 digest, uint256 indexed number);
    event ReportsGiven(uint256 indexed slot, uint256 market, uint256 signers);
    /// Before the ReportsGiven of a call: all that was given, as rollup.oracle.package encodes it.
    event ReportsCame(uint256 indexed slot, uint256 givenAt, bytes reports);
    /// The last proved batch is the venue's last.
    event Frozen(address indexed sender, uint256 number, uint256 time);
    event EntryReclaimed(
        uint256 indexed index, address indexed owner, uint256 asset, uint256 amount
    );
    event AccountEscaped(
        uint256 indexed account, address indexed owner, uint256 amount, bytes32 nullifier
    );
    /// Which account it was is not said.
    event EscapedPrivately(
        bytes32 indexed nullifier, address indexed recipient, uint256 amount
    );
    event AssetEscaped(
        uint256 indexed account,
        address indexed owner,
        uint256 asset,
        uint256 lots,
        uint256 kept,
        uint256 price
    );
    /// An outpost will be heard from `validFrom` on.
    event OutpostAnnounced(
        uint256 indexed chain, address outpost, uint256[] marks, uint256[] caps, uint256 validFrom
    );
    /// `entry` are the bytes of rollup.protocol.checkpoint.InboxEntry.
    event InboxTaken(uint256 indexed chain, bytes entry, bool isQueued);
    /// `entry` are the bytes of rollup.protocol.checkpoint.OutboxEntry.
    event SentOut(uint256 indexed chain, bytes entry);
    /// The token of a mark, for ever.
    event TokenListed(uint256 indexed asset, address token, uint256 unit);
}

interface IRollup is IRollupEvents {
    /// Keys are 14 words of 32 bits, viewing commitments 8. Returns the place in the queue.
    function register(
        uint256[] calldata keyWords,
        uint256[] calldata viewingWords,
        uint256 amount,
        uint256 asset
    ) external returns (uint256 index);

    function credit(uint256 account, uint256 amount, uint256 asset)
        external
        returns (uint256 index);

    function rotate(
        uint256 account,
        uint256[] calldata keyWords,
        uint256[] calldata viewingWords,
        uint256 amount
    ) external returns (uint256 index);

    /// Ask for USDC out of an account, as its owner. A stake of the least deposit comes with it.
    function requestExit(uint256 account, uint256 amount) external returns (uint256 index);

    /// `reports` as rollup.oracle.package.packages_to_bytes; returns how many were not held.
    function giveReports(bytes calldata reports) external returns (uint256 added);

    /// `header` as BatchHeader.encode; returns the place in Refusal of why it is refused on record,
    /// or 255 where it is held.
    function commitHeader(bytes calldata header) external returns (uint8 refusal);

    /// The canonical bytes of a batch's public input, of its parameters, of the book before it and
    /// of its reports; and Attestation.encode, or nothing where its parameters have no committee.
    /// Its fact must be valid: proofs are brought to the verifier's contract first.
    function post(
        bytes calldata publicInput,
        bytes calldata governance,
        bytes calldata book,
        bytes calldata reports,
        bytes calldata attestation
    ) external;

    function withdraw(uint256 asset) external returns (uint256 amount);

    function buy(uint256 asset, uint256 lots, uint256 most) external returns (uint256 paid);

    function cover(uint256 amount) external;

    /// End the venue, where an entry or a header waited too long for a proof.
    function freeze() external;

    /// End the venue for misconduct that the contract of its bond was shown, and says whom by.
    function halt(address challenger) external;

    /// Pay an entry back that no proved batch consumed, by its canonical bytes; of an exit its
    /// stake.
    function reclaim(uint256 index, bytes calldata entry) external returns (uint256 amount);

    /// Give the sender's account what it has by the last root and book, to withdraw: the canonical
    /// bytes of rollup.l1.escape.LeafOpening and of the market book. What is paid is in the events.
    function escape(bytes calldata leaf, bytes calldata book) external;

    /// `tokens` are those of the assets listed that had none, by rising mark: theirs for ever.
    /// `possession` has a proof for each key of the committee, in their order.
    function announceGovernance(
        bytes calldata governance,
        uint256 number,
        TokenTerms[] calldata tokens,
        bytes calldata possession
    ) external returns (uint256 validFrom);

    /// Let an outpost on another chain be heard once the governance delay is over, with as much of
    /// each mark there as its cap at the most.
    function announceOutpost(
        uint256 chain,
        address outpost,
        uint256[] calldata marks,
        uint256[] calldata caps
    ) external returns (uint256 validFrom);

    /// Take the next deposits of an outpost, their bytes one behind the other, as the committee
    /// attests to them; returns how many were taken in all.
    function takeInFrom(uint256 chain, bytes calldata entries, bytes calldata attestation)
        external
        returns (uint256 taken);

    /// Let so much of the sender's pending balance out through the outpost on a chain; returns the
    /// place in its outbox.
    function send(uint256 chain, uint256 asset, uint256 amount) external returns (uint256 index);

    /// The books of the outpost on a chain: zeros where there is none.
    function outpost(uint256 chain)
        external
        view
        returns (
            address there,
            uint256 validFrom,
            uint256 taken,
            bytes32 inboxHead,
            uint256 sent,
            bytes32 sentHead
        );

    /// How much of an asset is counted at the outpost on a chain.
    function elsewhere(uint256 chain, uint256 asset) external view returns (uint256);

    /// The chain of an outbox after `count` entries; Malformed where there are fewer.
    function outboxHead(uint256 chain, uint256 count) external view returns (bytes32);

    /// L1's time.
    function time() external view returns (uint256);

    /// The last proved batch, and how many queue entries are consumed.
    function proved()
        external
        view
        returns (uint256 number, uint256 batchTime, bytes32 root, uint256 deposits);

    /// The last header that is held, or what is proved.
    function head()
        external
        view
        returns (uint256 number, uint256 batchTime, bytes32 root, uint256 deposits);

    /// The refusal that waits for its redo: `reason` 255 where there is none.
    function refusal()
        external
        view
        returns (uint256 number, uint256 batchTime, bytes32 digest, uint8 reason);

    function redoUntil() external view returns (uint256);

    /// 0 where no header is held under the number.
    function headerDigest(uint256 number) external view returns (bytes32);

    /// Whether a batch of this number and time must be made anew.
    function wantsRedo(uint256 number, uint256 batchTime) external view returns (bool);

    /// Digest of the parameters that the last header was under.
    function governance() external view returns (bytes32);

    /// Digest of the parameters in force for a batch that begins a step.
    function governanceFor(uint256 number, uint256 batchTime) external view returns (bytes32);

    /// Digest of the market book that the last proved batch left.
    function book() external view returns (bytes32);

    /// Entries queued, and the next index of an account that is assigned to a sender.
    function queue() external view returns (uint256 count, uint256 nextAccount);

    /// The hash chain of the queue after `count` entries; Malformed where it is shorter.
    function queueHead(uint256 count) external view returns (bytes32);

    /// When the entry of an index was queued; Malformed where there is none.
    function queuedAt(uint256 index) external view returns (uint256);

    /// The account of a sender (0: none), whether its registration is open or credited, and whether
    /// a rotation of its waits, and an exit.
    function sender(address who)
        external
        view
        returns (uint256 account, bool registered, bool rotating, bool exiting);

    /// The ledger of a mark and its token (rollup.l1.vault.Vault).
    function vault(uint256 asset)
        external
        view
        returns (
            uint256 custody,
            uint256 queued,
            uint256 estateLots,
            uint256 funds,
            TokenTerms memory token
        );

    /// Whether the venue is frozen, since when, and what those who escaped were paid beyond custody.
    function exits() external view returns (bool isFrozen, uint256 frozenAt, uint256 debts);

    function pending(uint256 asset, address owner) external view returns (uint256);

    function estate() external view returns (uint256 lacks, uint256 surplus);

    /// rollup.l1.estate.Sale of a mark; zeros where nothing is for sale.
    function sale(uint256 asset)
        external
        view
        returns (uint256 lots, uint256 start, uint256 since);
}
