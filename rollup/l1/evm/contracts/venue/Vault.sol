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
    /// taken by the estate and is not sold is in `estate`.
    struct Ledger {
        uint64 custody;
        uint64 queued;
        uint128 estate;
        TokenTerms token;
        mapping(address owner => uint256) pending;
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
        return IToken(terms.token).balanceOf(address(this)) / terms.unit;
    }

    /// Money of the sender becomes the contract's, all of it.
    function take(Ledger storage ledger, address from, uint256 amount) internal {
        if (amount == 0) return;
        TokenTerms memory terms = ledger.token;
        IToken token = IToken(terms.token);
        uint256 parts = amount * terms.unit;
        uint256 before = token.balanceOf(address(this));
        bytes memory asked = abi.encodeCall(IToken.transferFrom, (from, address(this), parts));
        bool came = called(terms.token, asked);
        if (!came || token.balanceOf(address(this)) != before + parts) {
            revert Reverted(Reverts.BALANCE_TOO_SMALL);
        }
    }

    /// Money of the contract becomes somebody's, and no more of it than that.
    function give(Ledger storage ledger, address to, uint256 amount) internal {
        TokenTerms memory terms = ledger.token;
        IToken token = IToken(terms.token);
        uint256 parts = amount * terms.unit;
        uint256 before = token.balanceOf(address(this));
        bool went = called(terms.token, abi.encodeCall(IToken.transfer, (to, parts)));
        if (!went || token.balanceOf(address(this)) + parts != before) {
            revert Reverted(Reverts.FUNDS_LACKING);
        }
    }

    /// Revert where more would leave than the contract has here beside what is queued and `kept`;
    /// `far` of what is queued never came here, and `elsewhere` is all that is counted at outposts.
    function requireHere(
        Ledger storage ledger,
        uint256 amount,
        uint256 kept,
        uint256 far,
        uint256 elsewhere
    ) internal view {
        if (amount + (ledger.queued - far) + kept <= funds(ledger)) return;
        revert Reverted(elsewhere == 0 ? Reverts.FUNDS_LACKING : Reverts.FUNDS_ELSEWHERE);
    }

    /// Pay out what is pending for the owner. Where the estate lacks USDC, or money is at outposts,
    /// it may have to wait; what is queued here pays nobody.
    function pay(Ledger storage ledger, address owner, uint256 far, uint256 elsewhere)
        internal
        returns (uint256 amount)
    {
        amount = ledger.pending[owner];
        if (amount == 0) revert Reverted(Reverts.NOTHING_TO_WITHDRAW);
        requireHere(ledger, amount, ledger.estate, far, elsewhere);
        delete ledger.pending[owner];
        give(ledger, owner, amount);
    }

    /// Whether a token did it: it said so, or said nothing, as some do.
    function called(address token, bytes memory asked) private returns (bool) {
        (bool succeeded, bytes memory answer) = token.call(asked);
        if (!succeeded) return false;
        return answer.length == 0 || (answer.length >= 32 && abi.decode(answer, (uint256)) == 1);
    }
}
