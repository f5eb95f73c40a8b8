// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// BLS signatures by the precompiles of EIP-2537: keys in G1, signatures in G2, the ciphersuite
/// BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_ (rollup.crypto.bls). Numbers are 48 bytes,
/// big-endian: a key is x || y, a signature x0 || x1 || y0 || y1. Precompiles take each number
/// filled up to 64 bytes, and refuse one that is not below the modulus, and a point off its curve;
/// the pairing refuses one off its subgroup too. Nothing here reverts: what is no key and no
/// signature holds for nothing.
library Bls {
    uint256 internal constant KEY_BYTES = 2 * NUMBER_BYTES;
    uint256 internal constant SIGNATURE_BYTES = 4 * NUMBER_BYTES;

    uint256 private constant NUMBER_BYTES = 48;
    uint256 private constant FILLED_BYTES = 64;
    uint256 private constant FIRST_BYTES = 2 * FILLED_BYTES;
    uint256 private constant SECOND_BYTES = 4 * FILLED_BYTES;
    uint256 private constant MODULAR_POWER = 0x05;
    uint256 private constant FIRST_SUM = 0x0b;
    uint256 private constant SECOND_SUM = 0x0d;
    uint256 private constant PAIRING = 0x0f;
    uint256 private constant SECOND_MAP = 0x11;
    uint256 private constant UNIFORM_BYTES = 256;

    bytes private constant SIGNED = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    bytes private constant POSSESSED = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    bytes private constant MODULUS =
        hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624"
        hex"1eabfffeb153ffffb9feffffffffaaab";
    /// The generator of G1, negated, as precompiles take it.
    bytes private constant NEGATED_GENERATOR =
        hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f"
        hex"c3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f2"
        hex"67816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";
    /// (modulus - 1) / 2: a y beyond it is the larger of the two of its x.
    uint256 private constant HALF_HIGH = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LOW =
        0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    /// Whether all of these keys signed the message, each of which was proved to be possessed; no
    /// key twice is for the caller to see to.
    function isSigned(bytes memory keys, bytes memory message, bytes memory signature)
        internal
        view
        returns (bool)
    {
        if (keys.length == 0 || keys.length % KEY_BYTES != 0) return false;
        (bool isPoint, bytes memory sum) = summed(filled(keys));
        return isPoint && isPaired(sum, message, SIGNED, signature);
    }

    /// Whether whoever made the proof knew the secret of the key. So the key is of the subgroup and
    /// not at infinity, and need not be asked again.
    function isPossessed(bytes memory key, bytes memory proof) internal view returns (bool) {
        if (key.length != KEY_BYTES) return false;
        (bool isPoint, bytes memory sum) = summed(filled(key));
        return isPoint && isPaired(sum, compressed(key), POSSESSED, proof);
    }

    /// e(key, hash of the message) = e(generator, signature).
    function isPaired(
        bytes memory key,
        bytes memory message,
        bytes memory domain,
        bytes memory signature
    ) private view returns (bool) {
        if (signature.length != SIGNATURE_BYTES) return false;
        (bool isPoint, bytes memory point) = hashed(message, domain);
        if (!isPoint) return false;
        bytes memory pairs = bytes.concat(key, point, NEGATED_GENERATOR, filled(signature));
        (bool isDone, bytes memory answer) = called(PAIRING, pairs, 32);
        return isDone && uint256(bytes32(answer)) == 1;
    }

    /// The sum of points of G1; false where it is at infinity, which is no key.
    function summed(bytes memory points) private view returns (bool isPoint, bytes memory sum) {
        sum = slice(points, 0, FIRST_BYTES);
        for (uint256 place = FIRST_BYTES; place < points.length; place += FIRST_BYTES) {
            (isPoint, sum) =
                called(FIRST_SUM, bytes.concat(sum, slice(points, place, FIRST_BYTES)), FIRST_BYTES);
            if (!isPoint) return (false, sum);
        }
        isPoint = keccak256(sum) != keccak256(new bytes(FIRST_BYTES));
    }

    /// A message as a point of G2 (RFC 9380): two elements of Fp2 out of 256 uniform bytes, each
    /// mapped to the curve, and the sum.
    function hashed(bytes memory message, bytes memory domain)
        private
        view
        returns (bool isDone, bytes memory point)
    {
        bytes memory uniform = expanded(message, domain);
        bytes memory points;
        for (uint256 place = 0; place < UNIFORM_BYTES; place += 2 * FILLED_BYTES) {
            bytes memory element =
                bytes.concat(reduced(uniform, place), reduced(uniform, place + FILLED_BYTES));
            (isDone, point) = called(SECOND_MAP, filled(element), SECOND_BYTES);
            if (!isDone) return (false, point);
            points = bytes.concat(points, point);
        }
        return called(SECOND_SUM, points, SECOND_BYTES);
    }

    /// expand_message_xmd of RFC 9380 with SHA-256, to 256 bytes.
    function expanded(bytes memory message, bytes memory domain)
        private
        pure
        returns (bytes memory uniform)
    {
        bytes memory end = bytes.concat(domain, bytes1(uint8(domain.length)));
        bytes32 first = sha256(
            bytes.concat(new bytes(64), message, bytes2(uint16(UNIFORM_BYTES)), bytes1(0), end)
        );
        bytes32 last;
        for (uint256 k = 1; k <= UNIFORM_BYTES / 32; ++k) {
            last = sha256(bytes.concat(first ^ last, bytes1(uint8(k)), end));
            uniform = bytes.concat(uniform, last);
        }
    }

    /// 64 bytes at a place, modulo the modulus, as 48 bytes.
    function reduced(bytes memory data, uint256 place) private view returns (bytes memory number) {
        bytes memory input = bytes.concat(
            bytes32(FILLED_BYTES),
            bytes32(uint256(1)),
            bytes32(NUMBER_BYTES),
            slice(data, place, FILLED_BYTES),
            bytes1(0x01),
            MODULUS
        );
        (, number) = called(MODULAR_POWER, input, NUMBER_BYTES);
    }

    /// The key of 48 bytes that its proof of possession is over: x, with a mark that it is
    /// compressed, and one where y is the larger of two.
    function compressed(bytes memory key) private pure returns (bytes memory packed) {
        packed = slice(key, 0, NUMBER_BYTES);
        bytes memory y = slice(key, NUMBER_BYTES, NUMBER_BYTES);
        uint256 high;
        uint256 low;
        assembly ("memory-safe") {
            high := shr(128, mload(add(y, 32)))
            low := mload(add(y, 48))
        }
        bool isLarger = high > HALF_HIGH || (high == HALF_HIGH && low > HALF_LOW);
        packed[0] |= isLarger ? bytes1(0xa0) : bytes1(0x80);
    }

    /// Numbers of 48 bytes, each filled up to 64.
    function filled(bytes memory data) private pure returns (bytes memory numbers) {
        numbers = new bytes(data.length / NUMBER_BYTES * FILLED_BYTES);
        assembly ("memory-safe") {
            let from := add(data, 32)
            let to := add(numbers, 48)
            let end := add(from, mload(data))
            for {} lt(from, end) {} {
                mcopy(to, from, NUMBER_BYTES)
                from := add(from, NUMBER_BYTES)
                to := add(to, FILLED_BYTES)
            }
        }
    }

    function slice(bytes memory data, uint256 place, uint256 count)
        private
        pure
        returns (bytes memory part)
    {
        part = new bytes(count);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), place), count)
        }
    }

    /// What a precompile answers: false where it fails, or where there is none.
    function called(uint256 precompile, bytes memory input, uint256 size)
        private
        view
        returns (bool isDone, bytes memory answer)
    {
        answer = new bytes(size);
        assembly ("memory-safe") {
            isDone := staticcall(
                gas(), precompile, add(input, 32), mload(input), add(answer, 32), size
            )
            isDone := and(isDone, eq(returndatasize(), size))
        }
    }
}
