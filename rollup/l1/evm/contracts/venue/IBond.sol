// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The contract of a venue's bond as anybody calls it: rollup.l1.bond, whose rules, order of checks
// and reasons it has (docs/spec/27-bond.md). It is one venue's, and its money is apart from the
// venue's. Times are in ms, amounts in quanta of USDC. Receipts are their canonical bytes
// (rollup.protocol.receipt), signatures r || s || v.

/// What the contract asks of the venue that it is of.
interface IBonded {
    function operator() external view returns (address);
    function chain() external view returns (uint256);
    function venueNumber() external view returns (uint256);
    function freezeAfterMs() external view returns (uint256);
    function time() external view returns (uint256);
    function headerDigest(uint256 number) external view returns (bytes32);
    function exits() external view returns (bool isFrozen, uint256 frozenAt, uint256 debts);
    function halt(address challenger) external;
}

interface IBond {
    event BondPosted(address indexed sender, uint256 amount);
    /// So much can be withdrawn from `due` on; 0: nothing any more.
    event BondLeaving(uint256 amount, uint256 due);
    event BondWithdrawn(address indexed owner, uint256 amount);
    /// `misconduct` is a place in Misconduct.
    event Convicted(address indexed challenger, uint8 misconduct, uint256 reward, uint256 burned);

    /// Become the bond of the venue that calls, for ever: its constructor does.
    function bind() external;

    /// Bring money for the bond. Anybody can, and it is the operator's.
    function postBond(uint256 amount) external;

    /// Announce, as the operator, that so much will be withdrawn, in place of what was before.
    function leaveBond(uint256 amount) external returns (uint256 due);

    /// Pay the operator what is due, or after a conviction the challenger his reward.
    function withdrawBond() external returns (uint256 amount);

    /// Show misconduct by two receipts alone; returns its place in Misconduct.
    function challengePair(
        bytes calldata one,
        bytes calldata oneSignature,
        bytes calldata other,
        bytes calldata otherSignature
    ) external returns (uint8 misconduct);

    /// The same by a receipt and the header of the batch that it promised, as BatchHeader.encode.
    function challengeWindow(
        bytes calldata receipt,
        bytes calldata signature,
        bytes calldata header
    ) external returns (uint8 misconduct);

    /// The same by a receipt, a header, and the receipts that lead to its head, their bytes one
    /// behind the other.
    function challengePlace(
        bytes calldata receipt,
        bytes calldata signature,
        bytes calldata header,
        bytes calldata receipts
    ) external returns (uint8 misconduct);

    /// What is held, how much of it leaves and from when on, and what is here for good.
    function bond()
        external
        view
        returns (uint256 held, uint256 leaving, uint256 due, uint256 burned);

    /// Who has shown which misconduct; `challenger` 0 where nobody has.
    function conviction() external view returns (address challenger, uint8 misconduct);
}
