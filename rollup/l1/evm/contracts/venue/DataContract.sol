// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Bytes kept as the code of a contract: 200 gas a byte once, and read by copying what is wanted.
/// The first byte of the code is STOP, so that a call of it does nothing.
library DataContract {
    /// A new contract whose code is STOP and then the data, of at most 24,575 bytes.
    function write(bytes memory data) internal returns (address held) {
        // PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN; then the code itself.
        uint256 size = data.length + 1;
        bytes memory creation =
            abi.encodePacked(hex"61", uint16(size), hex"80600a5f395ff3", hex"00", data);
        assembly ("memory-safe") {
            held := create(0, add(creation, 32), mload(creation))
        }
        require(held != address(0));
    }

    /// `size` bytes of `data` from `start` on, which are there.
    function slice(bytes memory data, uint256 start, uint256 size)
        internal
        pure
        returns (bytes memory part)
    {
        part = new bytes(size);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), start), size)
        }
    }

    /// All the data of such a contract.
    function read(address held) internal view returns (bytes memory) {
        return read(held, 0, held.code.length - 1);
    }

    /// `size` bytes of it from `start` on; zeros beyond its end.
    function read(address held, uint256 start, uint256 size)
        internal
        view
        returns (bytes memory data)
    {
        data = new bytes(size);
        assembly ("memory-safe") {
            extcodecopy(held, add(data, 32), add(start, 1), size)
        }
    }
}
