// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls} from "bls/Bls.sol";
import {DataContract} from "venue/DataContract.sol";
import {GovernanceReader} from "venue/GovernanceReader.sol";
import {Numbers, Tags} from "venue/Numbers.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Committee} from "venue/Types.sol";

/// What is asked of a committee: its word for each batch, and the proofs of possession of its keys
/// (rollup.protocol.committee, rollup.l1.committee). Spec: docs/spec/24-committee.md.
library Committees {
    /// ATTESTATION unless enough members signed that they hold what the batch of this public input
    /// published. `attestation` is as Attestation.encode; empty where there is none.
    function requireAttested(
        Committee memory committee,
        bytes32 publicDigest,
        bytes calldata attestation
    ) external view {
        bytes memory message = bytes.concat(Tags.AVAILABILITY, publicDigest);
        if (!isAttested(committee, message, attestation)) {
            revert Reverted(Reverts.ATTESTATION);
        }
    }

    /// Whether enough members of a committee signed a message. Signers are counted by bits, bit k
    /// for key k, and no key stands twice: the signature itself does not say how many made it.
    function isAttested(
        Committee memory committee,
        bytes memory message,
        bytes calldata attestation
    ) internal view returns (bool) {
        if (attestation.length != Numbers.ATTESTATION_BYTES) return false;
        uint256 bits = uint64(bytes8(attestation[:Numbers.SIGNERS_BYTES]));
        uint256 count = committee.keys.length / Numbers.MEMBER_KEY_BYTES;
        if (bits >> count != 0) return false;
        (uint256 signers, bytes memory keys) = _named(committee, bits, count);
        if (signers == 0 || signers < committee.threshold) return false;
        return Bls.isSigned(keys, message, attestation[Numbers.SIGNERS_BYTES:]);
    }

    /// ATTESTATION unless the committee in the parameters of a data contract attests to a message,
    /// and there is one.
    function requireSaid(address held, bytes calldata message, bytes calldata attestation)
        external
        view
    {
        if (!isAttested(load(held), message, attestation)) revert Reverted(Reverts.ATTESTATION);
    }

    /// The same of a committee that is at hand.
    function requireSaidBy(
        Committee calldata committee,
        bytes calldata message,
        bytes calldata attestation
    ) external view {
        if (!isAttested(committee, message, attestation)) revert Reverted(Reverts.ATTESTATION);
    }

    /// The committee in parameters that a data contract has.
    function load(address held) internal view returns (Committee memory) {
        return GovernanceReader.committee(DataContract.read(held));
    }

    /// POSSESSION unless there is a proof of possession for each key of the committee in these
    /// parameters, which were read before, in the order of the keys, and no other: `proofs` one
    /// behind the other.
    ///
    /// Lie: a key made of others' keys, which cancels them out of every sum.
    function requirePossessed(bytes calldata governance, bytes calldata proofs) external view {
        bytes memory keys = GovernanceReader.committee(governance).keys;
        uint256 count = keys.length / Numbers.MEMBER_KEY_BYTES;
        bool isPossessed = proofs.length == count * Numbers.MEMBER_SIGNATURE_BYTES;
        for (uint256 i = 0; isPossessed && i < count; ++i) {
            uint256 place = i * Numbers.MEMBER_SIGNATURE_BYTES;
            isPossessed = Bls.isPossessed(
                _key(keys, i), proofs[place:place + Numbers.MEMBER_SIGNATURE_BYTES]
            );
        }
        if (!isPossessed) revert Reverted(Reverts.POSSESSION);
    }

    /// How many members are named by their bits, and their keys one behind the other.
    function _named(Committee memory committee, uint256 bits, uint256 count)
        private
        pure
        returns (uint256 signers, bytes memory keys)
    {
        for (uint256 i = 0; i < count; ++i) {
            if (bits >> i & 1 == 0) continue;
            keys = bytes.concat(keys, _key(committee.keys, i));
            ++signers;
        }
    }

    function _key(bytes memory keys, uint256 place) private pure returns (bytes memory) {
        return DataContract.slice(
            keys, place * Numbers.MEMBER_KEY_BYTES, Numbers.MEMBER_KEY_BYTES
        );
    }
}
