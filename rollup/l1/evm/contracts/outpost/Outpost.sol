// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls} from "bls/Bls.sol";
import {IOutpost, OutpostAsset, OutpostDeployment} from "outpost/IOutpost.sol";
import {Links} from "outpost/Links.sol";
import {Said} from "outpost/Said.sol";
import {Assets} from "venue/Assets.sol";
import {Committees} from "venue/Committees.sol";
import {DataContract} from "venue/DataContract.sol";
import {GovernanceBounds} from "venue/GovernanceBounds.sol";
import {GovernanceReader} from "venue/GovernanceReader.sol";
import {Reentered, TokenTerms} from "venue/IRollup.sol";
import {Numbers, Tags} from "venue/Numbers.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Committee, Malformed} from "venue/Types.sol";
import {Vault} from "venue/Vault.sol";

/// A venue's contract on another chain than its home. Nobody can change its code, its caps or whose
/// it is; whom it hears changes by the word of whom it heard.
contract Outpost is IOutpost {
    using Vault for Vault.Ledger;
    using Vault for Vault.Store;

    /// The most of an asset that may be here, and the least of a deposit.
    struct Bounds {
        uint64 cap;
        uint64 least;
    }

    /// What was heard of home last, and how many deposits there are.
    struct Standing {
        uint32 number;
        uint32 sent;
        uint32 taken;
        uint32 count;
        uint32 serial;
        bool closed;
    }

    uint256 public immutable home;
    uint256 public immutable venue;
    uint256 public immutable chain;

    uint256 private constant INBOX_ASSET_AT = 36;
    uint256 private constant INBOX_AMOUNT_AT = 44;
    uint256 private constant ASSET_AT = 28;
    uint256 private constant AMOUNT_AT = 36;

    Standing private standing;
    bytes32 private root;
    bytes32 private outboxHead;
    address private heardCommittee;
    Vault.Store private vault;
    mapping(uint256 mark => Bounds) private bounds;
    mapping(uint256 count => bytes32) private heads;
    mapping(uint256 index => bool) private isReclaimed;

    bool private transient isEntered;

    /// A token that calls back finds nobody.
    modifier alone() {
        if (isEntered) revert Reentered();
        isEntered = true;
        _;
        isEntered = false;
    }

    constructor(OutpostDeployment memory with) {
        // Lie: another chain than this one, where an outpost may have this one's address.
        if (with.chain != block.chainid) revert Reverted(Reverts.BAD_OUTPOST);
        bool isLinked = with.home >> Numbers.CHAIN_BITS == 0
            && with.venue >> Numbers.CHAIN_BITS == 0 && with.chain >> Numbers.CHAIN_BITS == 0
            && with.chain != with.home;
        if (!isLinked || with.assets.length == 0) revert Reverted(Reverts.BAD_OUTPOST);
        (home, venue, chain) = (with.home, with.venue, with.chain);
        bytes memory ours = Links.encode(with.home, with.venue, with.chain, address(this));
        heads[0] = Links.inboxStart(ours);
        outboxHead = Links.outboxStart(ours);
        for (uint256 k = 0; k < with.assets.length; ++k) {
            bool rises = k == 0 || with.assets[k - 1].mark < with.assets[k].mark;
            list(with.assets[k], rises);
        }
        requirePossessed(committeeIn(with.committee), with.possession);
        heardCommittee = DataContract.write(with.committee);
        emit CommitteeHeard(0, with.committee);
    }

    function deposit(uint256 account, uint256 amount, uint256 asset)
        external
        alone
        returns (uint256 index)
    {
        if (standing.closed) revert Reverted(Reverts.FROZEN);
        Vault.Ledger storage kept = requireKept(asset);
        Assets.requireAmount(asset, amount);
        if (account >> Numbers.ACCOUNT_BITS != 0) revert Reverted(Reverts.UNKNOWN_ACCOUNT);
        Bounds memory bound = bounds[asset];
        if (amount < bound.least) revert Reverted(Reverts.AMOUNT_TOO_SMALL);
        if (kept.custody + amount > bound.cap) revert Reverted(Reverts.CAP_PASSED);
        index = standing.count;
        if (index + 1 >= Numbers.ENTRY_END) revert Reverted(Reverts.QUEUE_FULL);
        kept.custody += uint64(amount);
        bytes memory entry = abi.encodePacked(
            uint64(index), msg.sender, uint64(account), uint64(asset), uint64(amount)
        );
        heads[index + 1] = Links.extended(heads[index], entry);
        standing.count = uint32(index + 1);
        emit Deposited(index, entry);
        kept.take(msg.sender, amount);
    }

    function hear(bytes calldata checkpoint, bytes calldata entries, bytes calldata attestation)
        external
        alone
    {
        (bool isOurs, Said.Checkpoint memory said) = Said.checkpoint(checkpoint, link());
        if (!isOurs) revert Reverted(Reverts.WRONG_VENUE);
        requireLater(said);
        requireEntries(said, entries);
        release(entries);
        requireAttested(checkpoint, attestation);
        (standing.number, standing.sent) = (uint32(said.number), uint32(said.sent));
        (standing.taken, standing.closed) = (uint32(said.taken), said.closed);
        (root, outboxHead) = (said.root, said.head);
        emit CheckpointHeard(said.number, said.root, said.sent, said.taken, said.closed);
        announceReleased(entries);
    }

    function succeed(
        bytes calldata committee_,
        bytes calldata possession,
        bytes calldata attestation
    ) external alone {
        Committee memory next = committeeIn(committee_);
        uint256 serial = standing.serial + 1;
        bytes memory message =
            bytes.concat(Tags.SUCCESSION, link(), bytes8(uint64(serial)), committee_);
        requireAttested(message, attestation);
        requirePossessed(next, possession);
        standing.serial = uint32(serial);
        heardCommittee = DataContract.write(committee_);
        emit CommitteeHeard(serial, committee_);
    }

    function withdraw(uint256 asset) external alone returns (uint256 amount) {
        amount = requireKept(asset).pay(msg.sender, Vault.Away(0, 0));
        emit PaidOut(msg.sender, asset, amount);
    }

    function reclaim(uint256 index, bytes calldata entry)
        external
        alone
        returns (uint256 amount)
    {
        Standing memory now_ = standing;
        if (!now_.closed) revert Reverted(Reverts.NOT_FROZEN);
        bool isLeft = index >= now_.taken && index < now_.count;
        if (!isLeft || isReclaimed[index]) revert Reverted(Reverts.NOTHING_TO_RECLAIM);
        if (Links.extended(heads[index], entry) != heads[index + 1]) revert Malformed();
        if (Links.owner(entry) != msg.sender) revert Reverted(Reverts.NOT_OWNER);
        isReclaimed[index] = true;
        uint256 asset = Links.number(entry, INBOX_ASSET_AT);
        amount = Links.number(entry, INBOX_AMOUNT_AT);
        Vault.Ledger storage kept = vault.ledgers[asset];
        kept.custody -= uint64(amount);
        emit DepositReclaimed(index, msg.sender, asset, amount);
        kept.give(msg.sender, amount);
    }

    function heard() external view returns (uint256, bytes32, uint256, uint256, bool) {
        return (standing.number, root, standing.sent, standing.taken, standing.closed);
    }

    function inbox() external view returns (uint256) {
        return standing.count;
    }

    function inboxHead(uint256 count) external view returns (bytes32) {
        if (count > standing.count) revert Malformed();
        return heads[count];
    }

    function committee() external view returns (bytes memory, uint256) {
        return (DataContract.read(heardCommittee), standing.serial);
    }

    function ledger(uint256 asset)
        external
        view
        returns (uint256, uint256, uint256, uint256, TokenTerms memory)
    {
        Vault.Ledger storage kept = requireKept(asset);
        Bounds memory bound = bounds[asset];
        return (kept.custody, kept.funds(), bound.cap, bound.least, kept.token);
    }

    function pending(uint256 asset, address owner) external view returns (uint256) {
        return vault.ledgers[asset].pending[owner];
    }

    function link() private view returns (bytes memory) {
        return Links.encode(home, venue, chain, address(this));
    }

    /// Give a mark its token and bounds, for ever.
    function list(OutpostAsset memory asset, bool rises) private {
        uint256 bits = asset.mark == Assets.USDC ? Numbers.AMOUNT_BITS : Numbers.SIZE_BITS;
        bool isBounded = rises && asset.mark >> Numbers.MARKET_BITS == 0 && asset.cap != 0
            && asset.cap >> bits == 0 && asset.least != 0 && asset.least >> bits == 0;
        if (!isBounded) revert Reverted(Reverts.BAD_OUTPOST);
        vault.list(asset.mark, asset.token);
        bounds[asset.mark] = Bounds(uint64(asset.cap), uint64(asset.least));
        emit TokenListed(asset.mark, asset.token.token, asset.token.unit);
    }

    function requireKept(uint256 asset) private view returns (Vault.Ledger storage kept) {
        kept = vault.ledgers[asset];
        if (kept.token.token == address(0)) revert Reverted(Reverts.UNKNOWN_ASSET);
    }

    /// It says more than the last one, takes nothing back, and after the end takes no more.
    function requireLater(Said.Checkpoint memory said) private view {
        Standing memory last = standing;
        bool isAgainst = said.number < last.number || said.sent < last.sent
            || said.taken < last.taken || (last.closed && !said.closed);
        bool isMore = said.number > last.number || said.sent > last.sent
            || said.taken > last.taken || (said.closed && !last.closed);
        bool isOther = said.number == last.number && last.number != 0 && said.root != root;
        bool isAfter = last.closed && said.taken != last.taken;
        if (isAgainst || !isMore || isOther || isAfter) {
            revert Reverted(Reverts.STALE_CHECKPOINT);
        }
    }

    /// They are what the checkpoint adds to the outbox; and what it took was deposited.
    function requireEntries(Said.Checkpoint memory said, bytes calldata entries) private view {
        (bytes32 head, uint256 brought) =
            Links.follow(outboxHead, standing.sent, entries, Links.OUTBOX_BYTES);
        bool isWhole = standing.sent + brought == said.sent && head == said.head;
        if (!isWhole || said.taken > standing.count) revert Reverted(Reverts.ENTRIES_DIFFER);
    }

    /// Each is its owner's to withdraw. No more is let out than is here: what a false checkpoint
    /// cannot change.
    function release(bytes calldata entries) private {
        for (uint256 place = 0; place < entries.length; place += Links.OUTBOX_BYTES) {
            bytes calldata entry = entries[place:place + Links.OUTBOX_BYTES];
            uint256 amount = Links.number(entry, AMOUNT_AT);
            Vault.Ledger storage kept = vault.ledgers[Links.number(entry, ASSET_AT)];
            if (amount > kept.custody) revert Reverted(Reverts.FUNDS_LACKING);
            kept.custody -= uint64(amount);
            kept.pending[Links.owner(entry)] += amount;
        }
    }

    function announceReleased(bytes calldata entries) private {
        for (uint256 place = 0; place < entries.length; place += Links.OUTBOX_BYTES) {
            bytes calldata entry = entries[place:place + Links.OUTBOX_BYTES];
            emit Released(Links.number(entry, 0), entry);
        }
    }

    function requireAttested(bytes memory message, bytes calldata attestation) private view {
        Committee memory heard_ = committeeIn(DataContract.read(heardCommittee));
        Committees.requireSaidBy(heard_, message, attestation);
    }

    /// A committee in its canonical bytes, with members. BAD_OUTPOST for other bytes.
    function committeeIn(bytes memory encoded) private pure returns (Committee memory found) {
        bool fits;
        (fits, found) = GovernanceReader.readCommittee(encoded, 0);
        bool isOne = fits && found.keys.length != 0 && GovernanceBounds.committeeIsSafe(found);
        if (!isOne) revert Reverted(Reverts.BAD_OUTPOST);
    }

    /// POSSESSION unless there is a proof for each key, in their order, and no other.
    function requirePossessed(Committee memory next, bytes memory proofs) private view {
        uint256 count = next.keys.length / Bls.KEY_BYTES;
        bool isPossessed = proofs.length == count * Bls.SIGNATURE_BYTES;
        for (uint256 k = 0; isPossessed && k < count; ++k) {
            isPossessed = Bls.isPossessed(
                DataContract.slice(next.keys, k * Bls.KEY_BYTES, Bls.KEY_BYTES),
                DataContract.slice(proofs, k * Bls.SIGNATURE_BYTES, Bls.SIGNATURE_BYTES)
            );
        }
        if (!isPossessed) revert Reverted(Reverts.POSSESSION);
    }
}
