object "Poseidon16" {
  // Chains of Poseidon compressions of width 16 (rollup.hash.poseidon): a leaf from its blocks, a root
  // from a leaf and its path.
  //
  // Calldata: a digest, a word of bits, then digests: 32 bytes each, eight elements as little-endian
  // words of 4. For each of the last, from the first on: compress(digest, other) where its bit is 0,
  // compress(other, digest) where it is 1, the lowest bit first. Answer: the digest that comes of it.
  // Anything else reverts with nothing: calldata of another length, more than 256 digests, an element
  // that is not canonical.
  code {
    datacopy(0, dataoffset("runtime"), datasize("runtime"))
    return(0, datasize("runtime"))
  }
  object "runtime" {
    code {
      //INCLUDE poseidon_numbers
      //INCLUDE poseidon_permutation
      // The elements of a digest in order, the first highest, 32 bits each; all below the prime.
      function read(place) -> v {
        v := calldataload(place)
        v := or(shl(8, and(v, even_bytes())), and(shr(8, v), even_bytes()))
        v := or(shl(16, and(v, even_pairs())), and(shr(16, v), even_pairs()))
        let low := add(and(v, even_lanes()), beyond_prime())
        let high := add(and(shr(32, v), even_lanes()), beyond_prime())
        if and(or(low, high), carries()) { revert(0, 0) }
      }
      // Elements r and r + 4 of a digest, in the two lowest lanes.
      function pair(v, r) -> w {
        let place := sub(96, shl(5, r))
        w := or(and(shr(add(128, place), v), 0xffffffff), shl(64, and(shr(place, v), 0xffffffff)))
      }
      // The two lowest lanes, each added to what it was before, below the prime.
      function fed_forward(w, before) -> v {
        w := add(w, before)
        v := or(mod(and(w, 0xffffffffffffffff), prime()),
                shl(64, mod(and(shr(64, w), 0xffffffffffffffff), prime())))
      }
      // compress(left, right): halves by two lanes in each of four words.
      function compress(place, a0, a1, a2, a3, b0, b1, b2, b3) -> c0, c1, c2, c3 {
        mstore(place, a0)
        mstore(add(place, 32), a1)
        mstore(add(place, 64), a2)
        mstore(add(place, 96), a3)
        c0, c1, c2, c3 := permute(
          or(a0, shl(128, b0)), or(a1, shl(128, b1)), or(a2, shl(128, b2)), or(a3, shl(128, b3)))
        c0 := fed_forward(c0, mload(place))
        c1 := fed_forward(c1, mload(add(place, 32)))
        c2 := fed_forward(c2, mload(add(place, 64)))
        c3 := fed_forward(c3, mload(add(place, 96)))
      }
      // Elements r and r + 4 of a digest at bits 32 r and 32 (r + 4), bytes in reverse.
      function written(w, r) -> v {
        v := or(shl(sub(224, shl(5, r)), and(w, 0xffffffff)), shl(sub(96, shl(5, r)), shr(64, w)))
      }
      let size := calldatasize()
      if or(lt(size, 64), or(gt(size, 8256), and(size, 31))) { revert(0, 0) }
      let kept := all_bytes()
      datacopy(0, dataoffset("constants"), kept)
      let v := read(0)
      let d0 := pair(v, 0)
      let d1 := pair(v, 1)
      let d2 := pair(v, 2)
      let d3 := pair(v, 3)
      let bits := calldataload(32)
      for { let at := 64 } lt(at, size) { at := add(at, 32) } {
        v := read(at)
        switch and(bits, 1)
        case 0 {
          d0, d1, d2, d3 := compress(
            kept, d0, d1, d2, d3, pair(v, 0), pair(v, 1), pair(v, 2), pair(v, 3))
        }
        default {
          d0, d1, d2, d3 := compress(
            kept, pair(v, 0), pair(v, 1), pair(v, 2), pair(v, 3), d0, d1, d2, d3)
        }
        bits := shr(1, bits)
      }
      if bits { revert(0, 0) }
      v := or(or(written(d0, 0), written(d1, 1)), or(written(d2, 2), written(d3, 3)))
      v := or(shl(8, and(v, even_bytes())), and(shr(8, v), even_bytes()))
      mstore(0, or(shl(16, and(v, even_pairs())), and(shr(16, v), even_pairs())))
      return(0, 32)
    }
    //INCLUDE poseidon_data
  }
}
