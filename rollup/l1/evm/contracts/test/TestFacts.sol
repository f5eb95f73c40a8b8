// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFacts} from "venue/IFacts.sol";

/// The test verifier in the place of StarkFacts (docs/l1.md): whoever can write its bytes proves
/// anything. No venue may ever have it.
contract TestFacts is IFacts {
    bytes32 private immutable circuit;
    bytes32 private immutable fixedRoot;
    bytes8 private immutable shapeClass;
    bytes32 public immutable pinsDigest;
    bytes private parameters;
    bytes private shape;
    mapping(bytes32 fact => bool) public isValid;

    bytes20 private constant TAG = "crypsis-test-proof-1";

    /// The bytes are not the proof of this statement.
    error NotOfThis();

    /// `pinsDigest_` is Pins.digest of all the others.
    constructor(
        bytes32 circuit_,
        bytes32 fixedRoot_,
        bytes memory parameters_,
        bytes memory shape_,
        bytes8 shapeClass_,
        bytes32 pinsDigest_
    ) {
        (circuit, fixedRoot, shapeClass) = (circuit_, fixedRoot_, shapeClass_);
        (parameters, shape, pinsDigest) = (parameters_, shape_, pinsDigest_);
    }

    /// Take the proof of a statement, whose first 32 bytes are the digest of the public input:
    /// tag, digest of the pins, digest of the public input.
    function prove(bytes calldata statement, bytes calldata proof) external {
        bytes32 wanted = keccak256(abi.encodePacked(TAG, pinsDigest, statement[:32]));
        if (keccak256(proof) != wanted) revert NotOfThis();
        isValid[factOf(statement)] = true;
    }

    /// What StarkFacts calls the fact that a statement is true.
    function factOf(bytes calldata statement) public view returns (bytes32) {
        bytes32 numbers = keccak256(parameters);
        bytes32 said = keccak256(statement);
        return keccak256(abi.encodePacked("crypsis-fact-1", circuit, numbers, fixedRoot, said));
    }

    function pins()
        external
        view
        returns (bytes32, bytes32, bytes memory, bytes memory, bytes8)
    {
        return (circuit, fixedRoot, parameters, shape, shapeClass);
    }
}
