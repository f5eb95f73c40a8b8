// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DataContract} from "venue/DataContract.sol";
import {Elsewhere} from "venue/Elsewhere.sol";
import {Exits} from "venue/Exits.sol";
import {Headers} from "venue/Headers.sol";
import {TokenTerms} from "venue/IRollup.sol";
import {Leaf, LeafCodec} from "venue/LeafCodec.sol";
import {LeafRoot} from "venue/LeafRoot.sol";
import {Money} from "venue/Money.sol";
import {Queue} from "venue/Queue.sol";
import {Vault} from "venue/Vault.sol";

/// Exits as tests call them: a venue whose last batch is whatever it is told.
contract ExitsProbe {
    using Queue for Queue.Store;
    using Vault for Vault.Ledger;

    Money internal money;
    Headers.Store internal headers;
    Exits.Store internal exits;
    Elsewhere.Store internal elsewhere;
    address internal immutable poseidon;
    address internal parameters;
    bytes32 internal book;

    constructor(
        address poseidon_,
        bytes memory governance,
        uint256 intervalMs,
        uint256 entriesLeast
    ) {
        poseidon = poseidon_;
        parameters = DataContract.write(governance);
        money.queue.open(1 << 30, 1 << 30, intervalMs, entriesLeast);
    }

    /// The last proved batch, and how many entries are consumed.
    function prove(bytes32 root, bytes32 book_, uint256 deposits) external {
        Headers.open(headers, 0, root);
        headers.held[0].deposits = uint64(deposits);
        book = book_;
    }

    /// A header that waits for its proof since then.
    function hold(uint256 takenAt) external {
        headers.head = 1;
        headers.held[1].takenAt = uint128(takenAt);
    }

    /// The token of a mark, and what is under custody of it.
    function keep(uint256 mark, address token, uint256 custody) external {
        money.vault.ledgers[mark].token = TokenTerms(token, 1);
        money.vault.ledgers[mark].custody = uint64(custody);
    }

    /// An entry, and what came with it.
    function queueUp(Queue.Asked memory asked, uint256 brought, uint256 time) external {
        money.vault.ledgers[asked.asset].queued += uint64(brought);
        money.queue.append(asked, time);
    }

    function surplus(uint256 amount) external {
        money.estate.surplus = uint128(amount);
    }

    function freeze(uint256 freezeAfterMs, uint256 time, address backstopOwner) external {
        Exits.freeze(
            exits, money, headers, Exits.Patience(freezeAfterMs, time, backstopOwner)
        );
    }

    function reclaim(uint256 stake, uint256 index, bytes calldata entry)
        external
        returns (uint256)
    {
        return Exits.reclaim(exits, money, elsewhere, headers, stake, index, entry);
    }

    function escape(uint256 time, bytes calldata leaf, bytes calldata book_) external {
        Exits.escape(
            exits, money, headers, Exits.Last(parameters, book, time, poseidon), leaf, book_
        );
    }

    function withdraw(uint256 mark) external returns (uint256) {
        return money.vault.ledgers[mark].pay(msg.sender, Vault.Away(0, 0));
    }

    function rootOf(bytes calldata data) external view returns (bytes32) {
        Leaf memory leaf = LeafCodec.read(data);
        return LeafRoot.root(poseidon, data, leaf);
    }

    function turnOf(uint256 index) external view returns (uint256) {
        return money.queue.turnOf(index);
    }

    function timeOf(uint256 index) external view returns (uint256 time) {
        (, time) = money.queue.waitsSince(index);
    }

    function ended() external view returns (bool, uint256, uint256) {
        return (exits.isFrozen, exits.frozenAt, exits.debts);
    }

    function ledger(uint256 mark)
        external
        view
        returns (uint256, uint256, uint256, uint256)
    {
        Vault.Ledger storage found = money.vault.ledgers[mark];
        return (found.custody, found.queued, found.estate, found.funds());
    }

    function pending(uint256 mark, address owner) external view returns (uint256) {
        return money.vault.ledgers[mark].pending[owner];
    }

    function lacks() external view returns (uint256, uint256) {
        return (money.estate.lacks, money.estate.surplus);
    }
}
