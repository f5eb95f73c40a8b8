// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TokenTerms} from "venue/IRollup.sol";

// A venue's contract on another chain than its home, as anybody calls it: rollup.l1.outpost, whose
// rules, order of checks and reasons it has (docs/spec/25-chains.md). Amounts are in quanta of USDC
// or lots of the asset that a mark names. It verifies no proof: what it knows of home its committee
// says.

/// The token of a mark here, the most of it that may be here, and the least of a deposit.
struct OutpostAsset {
    uint256 mark;
    uint256 cap;
    uint256 least;
    TokenTerms token;
}

/// rollup.l1.outpost.OutpostDeployment: `home` and `chain` are numbers of chains, `chain` this one's;
/// `committee` the canonical bytes of who is heard first, `possession` the proofs of possession of
/// its keys, one behind the other. Assets come by rising mark.
struct OutpostDeployment {
    uint256 home;
    uint256 venue;
    uint256 chain;
    bytes committee;
    bytes possession;
    OutpostAsset[] assets;
}

interface IOutpost {
    /// `entry` are the bytes of rollup.protocol.checkpoint.InboxEntry.
    event Deposited(uint256 indexed index, bytes entry);
    event CheckpointHeard(
        uint256 indexed number, bytes32 root, uint256 sent, uint256 taken, bool closed
    );
    /// `entry` are the bytes of rollup.protocol.checkpoint.OutboxEntry.
    event Released(uint256 indexed index, bytes entry);
    /// `committee` are its canonical bytes.
    event CommitteeHeard(uint256 indexed serial, bytes committee);
    event PaidOut(address indexed owner, uint256 asset, uint256 amount);
    event DepositReclaimed(
        uint256 indexed index, address indexed owner, uint256 asset, uint256 amount
    );
    /// The token of a mark, for ever.
    event TokenListed(uint256 indexed asset, address token, uint256 unit);

    /// Take money of the sender for an account of the venue; returns the place in the inbox.
    function deposit(uint256 account, uint256 amount, uint256 asset)
        external
        returns (uint256 index);

    /// Believe what the committee says of home, and let out what it adds to the outbox: the bytes of
    /// rollup.protocol.checkpoint.Checkpoint, of the entries one behind the other, and of the
    /// committee's Attestation.
    function hear(bytes calldata checkpoint, bytes calldata entries, bytes calldata attestation)
        external;

    /// Hear another committee from now on, by the word of the one that is heard.
    function succeed(
        bytes calldata committee,
        bytes calldata possession,
        bytes calldata attestation
    ) external;

    function withdraw(uint256 asset) external returns (uint256 amount);

    /// Pay a deposit back that home never took, once home is closed, by its bytes.
    function reclaim(uint256 index, bytes calldata entry) external returns (uint256 amount);

    /// What was heard of home last.
    function heard()
        external
        view
        returns (uint256 number, bytes32 root, uint256 sent, uint256 taken, bool closed);

    /// Deposits so far.
    function inbox() external view returns (uint256 count);

    /// The chain after `count` deposits; Malformed where there are fewer.
    function inboxHead(uint256 count) external view returns (bytes32);

    /// Who is heard, and how many committees were before it.
    function committee() external view returns (bytes memory encoded, uint256 serial);

    /// Of a mark what is here and neither let out nor reclaimed, what the contract holds, the most
    /// and the least, and the token.
    function ledger(uint256 asset)
        external
        view
        returns (
            uint256 custody, uint256 funds, uint256 cap, uint256 least, TokenTerms memory token
        );

    function pending(uint256 asset, address owner) external view returns (uint256);
}
