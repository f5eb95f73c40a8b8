// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assets} from "venue/Assets.sol";
import {TokenTerms} from "venue/IRollup.sol";
import {Numbers} from "venue/Numbers.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Malformed} from "venue/Types.sol";

/// What is asked of a token (ERC-20).
interface IToken {
    function balanceOf(address owner) external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

/// The money: what the contract holds of each token, and what it owes by its own counters
/// (rollup.l1.vault). What it holds is the token's word, its own balance; what it owes never is. A
/// token is asked last in a call, and what came and went is measured: one that takes a fee, or says
/// that it paid and did not, is refused like a sender without money.
library Vault {
    /// Quanta of USDC or lots of an asset. `custody` and `queued` are below 2^64 together; what was
    /// taken by the estate and is not sold is in `estate`, which is fed out of custody alone: its
    /// bits last for 2^56 batches. `wasAway`: some of it came to an outpost, once. The word tells
    /// that by the way, so that a venue without outposts asks nothing else about them.
    struct Ledger {
        uint64 custody;
        uint64 queued;
        uint120 estate;
        bool wasAway;
        TokenTerms token;
        mapping(address owner => uint256) pending;
    }

    /// What of an asset is not at home: of what is queued, and in all that is counted.
    struct Away {
        uint256 queued;
        uint256 total;
    }

    /// `isUsed`: no token is of two marks, or one balance would stand for both.
    struct Store {
        mapping(uint256 mark => Ledger) ledgers;
        mapping(address token => bool) isUsed;
    }

    /// Give a mark its token, for ever. Malformed for none, one without code, and one that is used.
    function list(Store storage store, uint256 mark, TokenTerms memory terms) internal {
        bool isToken = terms.token.code.length != 0 && terms.unit != 0;
        if (!isToken || store.isUsed[terms.token]) revert Malformed();
        store.isUsed[terms.token] = true;
        store.ledgers[mark].token = terms;
    }

    /// Whether so much more could be counted.
    function hasRoom(Ledger storage ledger, uint256 mark, uint256 amount)
        internal
        view
        returns (bool)
    {
        uint256 bits = mark == Assets.USDC ? Numbers.CASH_BITS : Numbers.CUSTODY_BITS;
        return uint256(ledger.custody) + ledger.queued + amount < 1 << bits;
    }

    /// What the contract holds, in quanta or whole lots.
    function funds(Ledger storage ledger) internal view returns (uint256) {
        TokenTerms memory terms = ledger.token;
        return held(terms) / terms.unit;
    }

    /// Money of the sender becomes the contract's, all of it.
    function take(Ledger storage ledger, address from, uint256 amount) internal {
        if (amount == 0) return;
        TokenTerms memory terms = ledger.token;
        uint256 parts = amount * terms.unit;
        uint256 before = held(terms);
        bytes memory asked = abi.encodeCall(IToken.transferFrom, (from, address(this), parts));
        bool came = called(terms.token, asked);
        if (!came || held(terms) != before + parts) {
            revert Reverted(Reverts.BALANCE_TOO_SMALL);
        }
    }

    /// Money of the contract becomes somebody's, and no more of it than that.
    function give(Ledger storage ledger, address to, uint256 amount) internal {
        TokenTerms memory terms = ledger.token;
        giveOf(terms, held(terms), to, amount);
    }

    /// Revert where more would leave than the contract has here beside what is queued;
    /// `away` is what is not here.
    function requireHere(Ledger storage ledger, uint256 amount, Away memory away) internal view {
        requireHeld(ledger, funds(ledger), amount, 0, away);
    }

    /// Pay out what is pending for the owner. Where the estate lacks USDC, or money is at outposts,
    /// it may have to wait; what is queued here pays nobody.
    function pay(Ledger storage ledger, address owner, Away memory away)
        internal
        returns (uint256 amount)
    {
        amount = ledger.pending[owner];
        if (amount == 0) revert Reverted(Reverts.NOTHING_TO_WITHDRAW);
        TokenTerms memory terms = ledger.token;
        uint256 before = held(terms);
        requireHeld(ledger, before / terms.unit, amount, ledger.estate, away);
        delete ledger.pending[owner];
        giveOf(terms, before, owner, amount);
    }

    /// The same of what the contract holds, `there`, and of what is `kept` beside what is queued.
    function requireHeld(
        Ledger storage ledger,
        uint256 there,
        uint256 amount,
        uint256 kept,
        Away memory away
    ) private view {
        if (amount + (ledger.queued - away.queued) + kept <= there) return;
        revert Reverted(away.total == 0 ? Reverts.FUNDS_LACKING : Reverts.FUNDS_ELSEWHERE);
    }

    /// Parts of the token leave the contract, which holds so many `before`.
    function giveOf(TokenTerms memory terms, uint256 before, address to, uint256 amount) private {
        uint256 parts = amount * terms.unit;
        bool went = called(terms.token, abi.encodeCall(IToken.transfer, (to, parts)));
        if (!went || held(terms) + parts != before) revert Reverted(Reverts.FUNDS_LACKING);
    }

    /// How many parts the contract holds.
    function held(TokenTerms memory terms) private view returns (uint256) {
        return IToken(terms.token).balanceOf(address(this));
    }

    /// Whether a token did it: it said so, or said nothing, as some do.
    function called(address token, bytes memory asked) private returns (bool) {
        (bool succeeded, bytes memory answer) = token.call(asked);
        if (!succeeded) return false;
        return answer.length == 0 || (answer.length >= 32 && abi.decode(answer, (uint256)) == 1);
    }
}
