// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Elsewhere} from "venue/Elsewhere.sol";
import {Headers} from "venue/Headers.sol";
import {IRollup, TokenTerms} from "venue/IRollup.sol";
import {Queue} from "venue/Queue.sol";
import {Schedule} from "venue/Schedule.sol";
import {Malformed} from "venue/Types.sol";
import {Vault} from "venue/Vault.sol";
import {Venue} from "venue/Venue.sol";

/// What anybody can read of a venue's contract (rollup.l1.state), and what it stores.
abstract contract RollupView is IRollup {
    using Headers for Headers.Store;
    using Queue for Queue.Store;
    using Schedule for Schedule.Store;
    using Vault for Vault.Ledger;

    Venue internal venue;

    /// How many ms one unit of the chain's timestamps is.
    uint256 public immutable clockUnit;

    constructor(uint256 clockUnit_) {
        clockUnit = clockUnit_;
    }

    function time() public view returns (uint256) {
        return block.timestamp * clockUnit;
    }

    function proved() external view returns (uint256, uint256, bytes32, uint256) {
        return batch(venue.headers.proved);
    }

    function head() external view returns (uint256, uint256, bytes32, uint256) {
        return batch(venue.headers.head);
    }

    function refusal() external view returns (uint256, uint256, bytes32, uint8) {
        Headers.Waiting memory waiting = venue.headers.refusal;
        uint8 reason = waiting.waits ? waiting.reason : Headers.HELD;
        return (waiting.number, waiting.time, waiting.digest, reason);
    }

    function redoUntil() external view returns (uint256) {
        return venue.headers.redoUntil;
    }

    function headerDigest(uint256 number) external view returns (bytes32) {
        return venue.headers.held[number].digest;
    }

    function wantsRedo(uint256 number, uint256 batchTime) external view returns (bool) {
        return venue.headers.wantsRedo(number, batchTime);
    }

    function governance() external view returns (bytes32) {
        return venue.schedule.current().digest;
    }

    function governanceFor(uint256 number, uint256 batchTime) external view returns (bytes32) {
        return venue.schedule.entries[venue.schedule.placeFor(number, batchTime)].digest;
    }

    function book() external view returns (bytes32) {
        return venue.book;
    }

    function queue() external view returns (uint256, uint256) {
        return (venue.money.queue.count, venue.money.queue.nextAccount);
    }

    function queueHead(uint256 count) external view returns (bytes32) {
        return venue.money.queue.head(count);
    }

    function queuedAt(uint256 index) external view returns (uint256) {
        (bool waits, uint256 since) = venue.money.queue.waitsSince(index);
        if (!waits) revert Malformed();
        return since;
    }

    function sender(address who) external view returns (uint256, bool, bool, bool) {
        Queue.Sender memory known = venue.money.queue.senders[who];
        return (known.account, known.registered, known.rotating, known.exiting);
    }

    function vault(uint256 asset)
        external
        view
        returns (uint256, uint256, uint256, uint256, TokenTerms memory)
    {
        Vault.Ledger storage ledger = venue.money.vault.ledgers[asset];
        uint256 funds = ledger.token.token == address(0) ? 0 : ledger.funds();
        return (ledger.custody, ledger.queued, ledger.estate, funds, ledger.token);
    }

    function exits() external view returns (bool, uint256, uint256) {
        return (venue.exits.isFrozen, venue.exits.frozenAt, venue.exits.debts);
    }

    function pending(uint256 asset, address owner) external view returns (uint256) {
        return venue.money.vault.ledgers[asset].pending[owner];
    }

    function estate() external view returns (uint256, uint256) {
        return (venue.money.estate.lacks, venue.money.estate.surplus);
    }

    function sale(uint256 asset) external view returns (uint256, uint256, uint256) {
        return (
            venue.money.estate.sales[asset].lots,
            venue.money.estate.sales[asset].start,
            venue.money.estate.sales[asset].since
        );
    }

    function outpost(uint256 chain)
        external
        view
        returns (address, uint256, uint256, bytes32, uint256, bytes32)
    {
        Elsewhere.Book storage kept = venue.elsewhere.books[chain];
        bytes32 sent = kept.outboxHeads[kept.sent];
        return (kept.outpost, kept.validFrom, kept.taken, kept.inboxHead, kept.sent, sent);
    }

    function elsewhere(uint256 chain, uint256 asset) external view returns (uint256) {
        return venue.elsewhere.books[chain].there[asset];
    }

    function outboxHead(uint256 chain, uint256 count) external view returns (bytes32) {
        Elsewhere.Book storage kept = venue.elsewhere.books[chain];
        if (count > kept.sent) revert Malformed();
        return kept.outboxHeads[count];
    }

    /// A header that is held, or genesis.
    function batch(uint256 number)
        private
        view
        returns (uint256, uint256, bytes32, uint256)
    {
        Headers.Held storage held = venue.headers.held[number];
        return (number, held.time, held.root, held.deposits);
    }
}
