// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assets} from "venue/Assets.sol";
import {HeaderCodec} from "venue/HeaderCodec.sol";
import {IBond, IBonded} from "venue/IBond.sol";
import {Reentered, TokenTerms} from "venue/IRollup.sol";
import {Misconduct} from "venue/Misconduct.sol";
import {Numbers} from "venue/Numbers.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Receipt, Receipts} from "venue/Receipts.sol";
import {Header, Malformed} from "venue/Types.sol";
import {Vault} from "venue/Vault.sol";

/// What stands for the receipts of a venue's operator, and who shows that it is lost. Its money is
/// its own balance: nothing of it is ever the venue's. Nobody can change its code, its signer, or
/// whose it is; and what is burned no call moves.
contract Bond is IBond {
    using Vault for Vault.Ledger;

    /// In quanta. `due` is when what leaves can be withdrawn.
    struct Standing {
        uint64 held;
        uint64 leaving;
        uint64 due;
        uint64 burned;
    }

    /// Who has shown what; `challenger` 0: nobody anything.
    struct Conviction {
        address challenger;
        uint8 misconduct;
    }

    address public immutable receiptSigner;
    uint256 public immutable least;

    IBonded public venue;
    Standing private standing;
    Conviction private shown;
    Vault.Ledger private ledger;

    bool private transient isEntered;

    /// A token that calls back finds nobody.
    modifier alone() {
        if (isEntered) revert Reentered();
        isEntered = true;
        _;
        isEntered = false;
    }

    modifier unconvicted() {
        if (shown.challenger != address(0)) revert Reverted(Reverts.CONVICTED);
        _;
    }

    /// `usdc` is the venue's own token of mark 0: whoever trusts a venue compares them.
    constructor(address receiptSigner_, uint256 least_, TokenTerms memory usdc) {
        if (least_ == 0 || least_ >> Numbers.AMOUNT_BITS != 0) {
            revert Reverted(Reverts.BAD_DEPLOYMENT);
        }
        // Lie: the address that a signature of nobody recovers to, or no token at all.
        bool isToken = usdc.token.code.length != 0 && usdc.unit != 0;
        if (receiptSigner_ == address(0) || !isToken) revert Malformed();
        (receiptSigner, least) = (receiptSigner_, least_);
        ledger.token = usdc;
    }

    function bind() external {
        if (address(venue) != address(0)) revert Malformed();
        venue = IBonded(msg.sender);
    }

    function postBond(uint256 amount) external alone {
        (bool isFrozen,,) = venue.exits();
        if (isFrozen) revert Reverted(Reverts.FROZEN);
        Assets.requireAmount(Assets.USDC, amount);
        Standing memory now_ = standing;
        uint256 held = now_.held + amount;
        if (held - now_.leaving < least) revert Reverted(Reverts.AMOUNT_TOO_SMALL);
        if (held >> Numbers.AMOUNT_BITS != 0) revert Reverted(Reverts.BAD_AMOUNT);
        standing.held = uint64(held);
        emit BondPosted(msg.sender, amount);
        ledger.take(msg.sender, amount);
    }

    function leaveBond(uint256 amount) external alone unconvicted returns (uint256 due) {
        requireBondsman();
        if (amount >> Numbers.AMOUNT_BITS != 0) revert Reverted(Reverts.BAD_AMOUNT);
        uint256 held = standing.held;
        if (amount > held) revert Reverted(Reverts.BALANCE_TOO_SMALL);
        if (held != amount && held - amount < least) revert Reverted(Reverts.AMOUNT_TOO_SMALL);
        due = venue.time() + delay();
        (standing.leaving, standing.due) = (uint64(amount), uint64(due));
        emit BondLeaving(amount, due);
    }

    function withdrawBond() external alone returns (uint256 amount) {
        amount = shown.challenger == address(0) ? dueToOperator() : reward();
        if (amount == 0) revert Reverted(Reverts.NOTHING_TO_WITHDRAW);
        standing.held -= uint64(amount);
        (standing.leaving, standing.due) = (0, 0);
        emit BondWithdrawn(msg.sender, amount);
        ledger.give(msg.sender, amount);
    }

    function challengePair(
        bytes calldata one,
        bytes calldata oneSignature,
        bytes calldata other,
        bytes calldata otherSignature
    ) external alone unconvicted returns (uint8) {
        Receipt memory first = signed(one, oneSignature);
        return convict(Misconduct.ofPair(first, signed(other, otherSignature)));
    }

    function challengeWindow(
        bytes calldata receipt,
        bytes calldata signature,
        bytes calldata header
    ) external alone unconvicted returns (uint8) {
        Receipt memory given = signed(receipt, signature);
        return convict(Misconduct.ofWindow(given, heldHeader(header)));
    }

    function challengePlace(
        bytes calldata receipt,
        bytes calldata signature,
        bytes calldata header,
        bytes calldata receipts
    ) external alone unconvicted returns (uint8) {
        if (receipts.length > Numbers.RECEIPTS_MAX * Receipts.SIZE) {
            revert Reverted(Reverts.EVIDENCE_DIFFERS);
        }
        Receipt memory given = signed(receipt, signature);
        Header memory there = heldHeader(header);
        return convict(Misconduct.ofPlace(given, there, Receipts.decodeAll(receipts)));
    }

    function bond() external view returns (uint256, uint256, uint256, uint256) {
        return (standing.held, standing.leaving, standing.due, standing.burned);
    }

    function conviction() external view returns (address, uint8) {
        return (shown.challenger, shown.misconduct);
    }

    /// How long the bond stays after its withdrawal was announced, and after a freeze.
    function delay() public view returns (uint256) {
        return Numbers.BOND_PATIENCES * venue.freezeAfterMs();
    }

    /// The bond is lost, and the venue ends if it has not. No token is asked: nobody's money that
    /// does not move keeps misconduct from being shown.
    function convict(uint8 misconduct) private returns (uint8) {
        uint256 was = standing.held;
        uint256 share = was / Numbers.REWARD_PART;
        standing = Standing(uint64(share), 0, 0, uint64(was - share));
        shown = Conviction(msg.sender, misconduct);
        emit Convicted(msg.sender, misconduct, share, was - share);
        (bool isFrozen,,) = venue.exits();
        if (!isFrozen) venue.halt(msg.sender);
        return misconduct;
    }

    /// What the operator announced, once both it and a freeze are long enough ago.
    function dueToOperator() private view returns (uint256) {
        requireBondsman();
        (bool isFrozen, uint256 frozenAt,) = venue.exits();
        uint256 from = standing.due;
        if (isFrozen && frozenAt + delay() > from) from = frozenAt + delay();
        if (standing.leaving != 0 && venue.time() < from) revert Reverted(Reverts.BOND_DELAYED);
        return standing.leaving;
    }

    /// What whoever showed the misconduct has not fetched.
    function reward() private view returns (uint256) {
        if (msg.sender != shown.challenger) revert Reverted(Reverts.CONVICTED);
        return standing.held;
    }

    function requireBondsman() private view {
        if (msg.sender != venue.operator()) revert Reverted(Reverts.NOT_OPERATOR);
    }

    /// A receipt of this venue that its receipt key has signed.
    function signed(bytes calldata data, bytes calldata signature)
        private
        view
        returns (Receipt memory receipt)
    {
        receipt = Receipts.decode(data);
        bool isOurs = receipt.chain == venue.chain() && receipt.venue == venue.venueNumber();
        if (!isOurs) revert Reverted(Reverts.WRONG_VENUE);
        if (Receipts.signerOf(receipt.digest, signature) != receiptSigner) {
            revert Reverted(Reverts.RECEIPT_SIGNATURE);
        }
    }

    /// The header in these bytes, which L1 holds.
    function heldHeader(bytes calldata data) private view returns (Header memory header) {
        header = HeaderCodec.decode(data);
        bytes32 digest = venue.headerDigest(header.number);
        if (digest == 0) revert Reverted(Reverts.NO_HEADER);
        if (digest != header.digest) revert Reverted(Reverts.HEADER_DIFFERS);
    }
}
