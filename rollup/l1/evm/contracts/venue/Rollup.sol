// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Committees} from "venue/Committees.sol";
import {Deposits} from "venue/Deposits.sol";
import {Elsewhere} from "venue/Elsewhere.sol";
import {Exits} from "venue/Exits.sol";
import {Given} from "venue/Given.sol";
import {Headers} from "venue/Headers.sol";
import {IBond} from "venue/IBond.sol";
import {Deployment, IRollup, Reentered, TokenTerms} from "venue/IRollup.sol";
import {Numbers} from "venue/Numbers.sol";
import {Pinned} from "venue/Pinned.sol";
import {Posting} from "venue/Posting.sol";
import {PrivateExits} from "venue/PrivateExits.sol";
import {Queue} from "venue/Queue.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {RollupView} from "venue/RollupView.sol";
import {Sales} from "venue/Sales.sol";
import {Schedule} from "venue/Schedule.sol";
import {Tokens} from "venue/Tokens.sol";
import {Header, Malformed} from "venue/Types.sol";
import {Vault} from "venue/Vault.sol";

/// One venue's contract: who may call what, and in which order things are asked. What they are is in
/// the libraries, each the Solidity of the Python module of its name. Nobody can change its code or
/// what it was created with.
contract Rollup is RollupView {
    using Elsewhere for Elsewhere.Store;
    using Queue for Queue.Store;

    address public immutable operator;
    address public immutable governor;
    uint256 public immutable intervalMs;
    uint256 public immutable governanceDelay;
    uint256 public immutable proofDeadlineMs;
    uint256 public immutable leastDeposit;
    uint256 public immutable entryWaitMs;
    uint256 public immutable entriesLeast;
    uint256 public immutable estateSaleMs;
    uint256 public immutable freezeAfterMs;
    address public immutable backstopOwner;
    address public immutable poseidon;
    address public immutable bond;
    uint256 public immutable chain;
    uint256 public immutable venueNumber;
    uint256 public immutable genesisTime;

    uint256 private constant MS_PER_SECOND = 1000;

    bool private transient isEntered;

    /// A token that calls back finds nobody.
    modifier alone() {
        if (isEntered) revert Reentered();
        isEntered = true;
        _;
        isEntered = false;
    }

    /// Nothing goes in once the venue is frozen, and no batch is the next.
    modifier live() {
        if (venue.exits.isFrozen) revert Reverted(Reverts.FROZEN);
        _;
    }

    modifier onlyOperator() {
        if (msg.sender != operator) revert Reverted(Reverts.NOT_OPERATOR);
        _;
    }

    constructor(Deployment memory with) RollupView(with.clockUnit) {
        requireBounds(with);
        Pinned.open(venue.classes, with.classes);
        Schedule.open(venue.schedule, with.governance);
        requireTimes(with);
        Committees.requirePossessed(with.governance, with.possession);
        Headers.open(venue.headers, with.time, with.root);
        venue.money.queue.open(
            with.accounts, with.entries, with.intervalMs, with.entriesLeast
        );
        Tokens.open(venue.money.vault, venue.schedule, with.usdc, with.tokens);
        venue.book = with.book;
        (operator, governor) = (with.operator, with.governor);
        (intervalMs, governanceDelay) = (with.intervalMs, with.governanceDelay);
        (proofDeadlineMs, leastDeposit) = (with.proofDeadlineMs, with.leastDeposit);
        (entryWaitMs, entriesLeast) = (with.entryWaitMs, with.entriesLeast);
        (estateSaleMs, genesisTime) = (with.estateSaleMs, with.time);
        (chain, venueNumber) = (with.chain, with.venue);
        (freezeAfterMs, backstopOwner) = (with.freezeAfterMs, with.backstopOwner);
        poseidon = with.poseidon;
        bond = with.bond;
        IBond(with.bond).bind();
    }

    function register(
        uint256[] calldata keyWords,
        uint256[] calldata viewingWords,
        uint256 amount,
        uint256 asset
    ) external alone live returns (uint256) {
        return Deposits.register(
            venue.money, venue.schedule, deposit(), keyWords, viewingWords, amount, asset
        );
    }

    function credit(uint256 account, uint256 amount, uint256 asset)
        external
        alone
        live
        returns (uint256)
    {
        return Deposits.credit(venue.money, venue.schedule, deposit(), account, amount, asset);
    }

    function rotate(
        uint256 account,
        uint256[] calldata keyWords,
        uint256[] calldata viewingWords,
        uint256 amount
    ) external alone live returns (uint256) {
        return Deposits.rotate(
            venue.money, venue.schedule, deposit(), account, keyWords, viewingWords, amount
        );
    }

    function requestExit(uint256 account, uint256 amount) external alone live returns (uint256) {
        return Deposits.exit(venue.money, deposit(), account, amount);
    }

    function giveReports(bytes calldata reports) external alone live returns (uint256) {
        uint256 number = uint256(venue.headers.head) + 1;
        uint256 least = Headers.nextTime(venue.headers);
        return Given.give(venue.given, venue.schedule, number, least, reports, time());
    }

    function commitHeader(bytes calldata data) external alone live onlyOperator returns (uint8) {
        Header memory header = Headers.decode(data);
        Headers.Rules memory rules = Headers.Rules({
            start: genesisTime,
            intervalMs: intervalMs,
            proofDeadlineMs: proofDeadlineMs,
            entryWaitMs: entryWaitMs,
            entriesLeast: entriesLeast
        });
        return Headers.commit(
            venue.headers,
            venue.schedule,
            venue.given,
            rules,
            header,
            queuedBehind(header.depositsBefore + header.deposits),
            time()
        );
    }

    function post(
        bytes calldata publicInput,
        bytes calldata governance_,
        bytes calldata book_,
        bytes calldata reports,
        bytes calldata attestation
    ) external alone live onlyOperator {
        Posting.Rules memory rules = Posting.Rules(chain, venueNumber, time(), leastDeposit);
        Posting.post(venue, rules, publicInput, governance_, book_, reports, attestation);
    }

    function withdraw(uint256 asset) external alone returns (uint256) {
        return Sales.withdraw(venue.money, venue.schedule, away(asset), asset);
    }

    function buy(uint256 asset, uint256 lots, uint256 most) external alone returns (uint256) {
        Sales.Terms memory terms = Sales.Terms(
            leastDeposit, estateSaleMs, time(), backstopOwner, venue.exits.isFrozen
        );
        return Sales.buy(venue.money, venue.schedule, terms, away(asset), asset, lots, most);
    }

    function cover(uint256 amount) external alone {
        Sales.cover(venue.money, amount);
    }

    function freeze() external alone {
        Exits.Patience memory patience = Exits.Patience(freezeAfterMs, time(), backstopOwner);
        Exits.freeze(venue.exits, venue.money, venue.headers, patience);
    }

    function halt(address challenger) external alone {
        // Lie: somebody who ends a venue by his own word that its operator misbehaved.
        if (msg.sender != bond) revert Reverted(Reverts.NOT_OVERDUE);
        Exits.Patience memory patience = Exits.Patience(freezeAfterMs, time(), backstopOwner);
        Exits.halt(venue.exits, venue.money, venue.headers, patience, challenger);
    }

    function reclaim(uint256 index, bytes calldata entry) external alone returns (uint256) {
        return Exits.reclaim(
            venue.exits, venue.money, venue.elsewhere, venue.headers, leastDeposit, index, entry
        );
    }

    function escape(bytes calldata leaf, bytes calldata book_) external alone {
        address parameters = Schedule.current(venue.schedule).data;
        Exits.Last memory last = Exits.Last(parameters, venue.book, time(), poseidon);
        Exits.escape(venue.exits, venue.money, venue.headers, last, leaf, book_);
    }

    function escapePrivately(
        bytes32 nullifier,
        uint256 amount,
        address recipient,
        bytes calldata book_
    ) external alone {
        PrivateExits.Asked memory asked = PrivateExits.Asked({
            chain: chain,
            venue: venueNumber,
            parameters: Schedule.current(venue.schedule).data,
            nullifier: nullifier,
            amount: amount,
            recipient: recipient
        });
        PrivateExits.escape(venue, asked, book_);
    }

    function announceGovernance(
        bytes calldata governance_,
        uint256 number,
        TokenTerms[] calldata tokens,
        bytes calldata possession
    ) external alone live returns (uint256 validFrom) {
        if (msg.sender != governor) revert Reverted(Reverts.NOT_GOVERNOR);
        if (number <= venue.headers.head) revert Reverted(Reverts.NUMBER_PASSED);
        validFrom = Schedule.announce(
            venue.schedule, governance_, number, time(), governanceDelay, intervalMs
        );
        Committees.requirePossessed(governance_, possession);
        Tokens.list(venue.money.vault, venue.schedule, tokens);
        emit GovernanceAnnounced(governance_, number, validFrom);
    }

    function announceOutpost(
        uint256 chain_,
        address outpost_,
        uint256[] calldata marks,
        uint256[] calldata caps
    ) external alone live returns (uint256) {
        if (msg.sender != governor) revert Reverted(Reverts.NOT_GOVERNOR);
        return Elsewhere.announce(
            venue.elsewhere, venue.schedule, home(), chain_, outpost_, marks, caps
        );
    }

    function takeInFrom(uint256 chain_, bytes calldata entries, bytes calldata attestation)
        external
        alone
        live
        returns (uint256)
    {
        return Elsewhere.takeIn(
            venue.elsewhere, venue.money, venue.schedule, home(), chain_, entries, attestation
        );
    }

    function send(uint256 chain_, uint256 asset, uint256 amount) external alone returns (uint256) {
        return Elsewhere.send(
            venue.elsewhere, venue.money, venue.schedule, time(), chain_, asset, amount
        );
    }

    /// What an outpost is held to here.
    function home() private view returns (Elsewhere.Home memory) {
        return Elsewhere.Home(chain, venueNumber, leastDeposit, time(), governanceDelay);
    }

    /// What of an asset is at outposts: nothing, and nothing is read, where none ever was.
    function away(uint256 asset) private view returns (Vault.Away memory found) {
        if (!venue.money.vault.ledgers[asset].wasAway) return found;
        return venue.elsewhere.notHere(asset, venue.headers.held[venue.headers.proved].deposits);
    }

    /// What a deposit is held to now.
    function deposit() private view returns (Deposits.Terms memory) {
        return Deposits.Terms(leastDeposit, time());
    }

    /// What a header that consumes the queue up to `count` is judged by.
    function queuedBehind(uint256 count) private view returns (Headers.Queued memory queued) {
        Queue.Store storage entries = venue.money.queue;
        if (count > entries.count) return queued;
        (bool waits, uint256 since) = entries.waitsSince(count);
        return Headers.Queued(true, entries.head(count), waits, since);
    }

    /// What nothing can be created with: numbers that the rules do not count in, or no hasher.
    function requireBounds(Deployment memory with) private view {
        bool isCounted = with.chain >> Numbers.CHAIN_BITS == 0
            && with.venue >> Numbers.CHAIN_BITS == 0 && with.time >> Numbers.TIME_BITS == 0
            && with.accounts <= Numbers.BACKSTOP_ACCOUNT
            && with.entries >> Numbers.QUEUE_BITS == 0 && with.clockUnit != 0
            && with.clockUnit <= MS_PER_SECOND;
        // Lie: nobody in the place of what hashes, so that no account could ever escape.
        if (!isCounted || with.poseidon.code.length == 0) revert Malformed();
    }

    /// The rest of `require_deployment` (rollup.l1.deployment), in its order.
    function requireTimes(Deployment memory with) private view {
        Schedule.Scheduled storage genesis = venue.schedule.entries[0];
        Schedule.requireDelay(genesis.clockAheadMs, with.governanceDelay);
        requirePositive(with.intervalMs, Numbers.TIME_BITS);
        Schedule.requireInterval(genesis.clockBehindMs, genesis.clockAheadMs, with.intervalMs);
        requirePositive(with.proofDeadlineMs, Numbers.TIME_BITS);
        requirePositive(with.leastDeposit, Numbers.AMOUNT_BITS);
        requirePositive(with.estateSaleMs, Numbers.TIME_BITS);
        requirePositive(with.entryWaitMs, Numbers.TIME_BITS);
        bool isTaken = with.entriesLeast != 0 && with.entriesLeast <= Numbers.DEPOSITS_MAX;
        if (!isTaken) revert Reverted(Reverts.BAD_DEPLOYMENT);
        requirePositive(with.freezeAfterMs, Numbers.TIME_BITS);
        uint256 waits = with.governanceDelay + with.entryWaitMs + with.proofDeadlineMs;
        if (with.freezeAfterMs <= waits) revert Reverted(Reverts.BAD_DEPLOYMENT);
    }

    function requirePositive(uint256 value, uint256 bits) private pure {
        if (value == 0 || value >> bits != 0) revert Reverted(Reverts.BAD_DEPLOYMENT);
    }
}
