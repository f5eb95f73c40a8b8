// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// What the venue asks of a verifier's contract: rollup.ports.Verifier on chain. A fact is one
/// statement that one circuit proves with one parameter set; whoever proved it does not matter.
interface IFacts {
    /// Whether a proof of this fact was verified.
    function isValid(bytes32 fact) external view returns (bool);

    /// What it verifies, as rollup.ports.Pins: digest of the circuit; root of the fixed columns,
    /// zeros after it; canonical bytes of parameters and of the shape class; the name of the class,
    /// zeros after it. These never change.
    function pins()
        external
        view
        returns (
            bytes32 circuit,
            bytes32 fixedRoot,
            bytes memory parameters,
            bytes memory shape,
            bytes8 shapeClass
        );
}
