// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DataContract} from "venue/DataContract.sol";
import {GovernanceCodec} from "venue/GovernanceCodec.sol";
import {GovernanceReader} from "venue/GovernanceReader.sol";
import {HeaderCodec} from "venue/HeaderCodec.sol";
import {Governance, Header, Oracle} from "venue/Types.sol";

/// What tests ask of parameters and headers in their canonical bytes.
contract GovernanceProbe {
    address private held;

    function decode(bytes calldata data) external pure returns (Governance memory) {
        return GovernanceCodec.decode(data);
    }

    function continues(bytes calldata before, bytes calldata next) external pure {
        GovernanceCodec.requireContinues(
            GovernanceReader.required(before), GovernanceReader.required(next)
        );
    }

    function keep(bytes calldata data) external {
        held = DataContract.write(data);
    }

    function kept() external view returns (bytes memory) {
        return DataContract.read(held);
    }

    function whole() external view returns (Governance memory) {
        return GovernanceReader.load(held);
    }

    function oracle() external view returns (Oracle memory) {
        return GovernanceReader.loadOracle(held);
    }

    function asset(uint256 mark) external view returns (bool, bool, uint256) {
        return GovernanceReader.loadAsset(held, mark);
    }

    function header(bytes calldata data) external pure returns (Header memory found, bytes memory) {
        found = HeaderCodec.decode(data);
        return (found, HeaderCodec.encode(found));
    }
}
