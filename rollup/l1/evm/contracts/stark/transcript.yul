      // The public coin of circuits/pcs/transcript.py. Its state is in memory at 0x80; what is
      // hashed is put together at place_buffer().

      function place_state() -> v { v := 0x80 }

      // state | operation | length of label | label at the buffer; answers where data follow.
      function step(operation, label, length) -> at {
        at := place_buffer()
        mstore(at, mload(place_state()))
        mstore8(add(at, 32), operation)
        mstore8(add(at, 33), length)
        mstore(add(at, 34), label)
        at := add(at, add(34, length))
      }

      function hash_step(end) -> digest {
        digest := keccak256(place_buffer(), sub(end, place_buffer()))
      }

      // Absorb bytes of calldata.
      function absorb(label, length, from, size) {
        let at := step(1, label, length)
        calldatacopy(at, from, size)
        mstore(place_state(), hash_step(add(at, size)))
      }

      // Absorb the first bytes of a word.
      function absorb_word(label, length, word, size) {
        let at := step(1, label, length)
        mstore(at, word)
        mstore(place_state(), hash_step(add(at, size)))
      }

      // Block `index` of a challenge, each of its uint32 the other way round.
      function draw_block(label, length, index) -> words {
        let at := step(2, label, length)
        mstore(at, shl(224, swap_32(index)))
        words := swap_32(hash_step(add(at, 4)))
      }

      function ratchet(label, length) {
        mstore(place_state(), hash_step(step(3, label, length)))
      }

      // A uniform element of E: of each uint32 the low 31 bits, if they are below p.
      function challenge(label, length) -> r {
        let found := 0
        for { let index := 0 } lt(found, 5) { index := add(index, 1) } {
          let words := draw_block(label, length, index)
          for { let right := 224 } and(lt(right, 256), lt(found, 5)) { right := sub(right, 32) } {
            let candidate := and(shr(right, words), 0x7fffffff)
            if lt(candidate, prime()) {
              r := or(r, shl(mul(51, found), candidate))
              found := add(found, 1)
            }
          }
        }
        ratchet(label, length)
      }

      // The same, drawn again until it is not in F.
      function challenge_outside(label, length) -> r {
        for {} iszero(shr(51, r)) {} { r := challenge(label, length) }
      }

      // The nonce of 8 bytes at `from` does so many bits of work on the state; absorb it.
      function work(label, length, bits, from) {
        let at := place_buffer()
        mstore(at, "grinding")
        mstore(add(at, 8), mload(place_state()))
        calldatacopy(add(at, 40), from, 8)
        if shr(sub(256, bits), keccak256(at, 48)) { refuse(failure_grinding()) }
        absorb(label, length, from, 8)
      }

      // Words of `count` uniform positions below 2^bits at `to`, eight uint32 a word, zeros after;
      // answers where they end. A position is the low bits of 8 bytes.
      function positions(label, length, bits, count, to) -> end {
        end := add(to, shl(5, shr(3, add(count, 7))))
        let mask := sub(shl(bits, 1), 1)
        let index := 0
        for { let place := to } lt(place, end) { place := add(place, 32) } {
          let word := 0
          for { let half := 0 } lt(half, 2) { half := add(half, 1) } {
            let words := draw_block(label, length, index)
            index := add(index, 1)
            for { let right := 224 } lt(right, 256) { right := sub(right, 64) } {
              word := or(shl(32, word), mul(and(shr(right, words), mask), gt(count, 0)))
              count := sub(count, gt(count, 0))
            }
          }
          mstore(place, word)
        }
        ratchet(label, length)
      }
