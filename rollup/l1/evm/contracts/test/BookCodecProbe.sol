// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BookCodec} from "venue/BookCodec.sol";
import {Book} from "venue/Types.sol";

/// BookCodec as tests call it.
contract BookCodecProbe {
    function read(bytes calldata data) external pure returns (Book memory) {
        return BookCodec.read(data);
    }

    function encode(Book memory book) external pure returns (bytes memory, bytes32) {
        return (BookCodec.encode(book), BookCodec.digestOf(book));
    }
}
