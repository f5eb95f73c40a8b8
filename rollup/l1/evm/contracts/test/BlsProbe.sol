// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls} from "bls/Bls.sol";

/// The library's functions, to be called from outside.
contract BlsProbe {
    function isSigned(bytes memory keys, bytes memory message, bytes memory signature)
        external
        view
        returns (bool)
    {
        return Bls.isSigned(keys, message, signature);
    }

    function isPossessed(bytes memory key, bytes memory proof) external view returns (bool) {
        return Bls.isPossessed(key, proof);
    }
}
