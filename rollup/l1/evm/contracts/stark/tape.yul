      // The interpreter of tapes (circuits/evm/tape_code.py says what the bytes are). Slots are
      // places of memory in words, from 0.

      // The word of memory whose slot stands at bits `right` and up of t.
      function operand(t, right) -> v { v := mload(and(shr(sub(right, 5), t), slot_mask())) }

      // A place in bytes.
      function place_of(t, right) -> v { v := and(shr(sub(right, 5), t), slot_mask()) }

      // The sum of `fours` groups of four terms at `at`: lanes that a bias keeps positive.
      function terms(at, fours) -> lanes {
        lanes := bias_terms()
        for { let end := add(at, shl(4, fours)) } lt(at, end) { at := add(at, 16) } {
          let t := mload(at)
          lanes := add(lanes, mul(sar(240, t), operand(t, 224)))
          lanes := add(lanes, mul(sar(240, shl(32, t)), operand(t, 192)))
          lanes := add(lanes, mul(sar(240, shl(64, t)), operand(t, 160)))
          lanes := add(lanes, mul(sar(240, shl(96, t)), operand(t, 128)))
        }
      }

      // `count` products at `at`, and terms.
      function products(at, count, lanes) -> r {
        let low := 0
        let middle := 0
        let high := 0
        for { let end := add(at, mul(6, count)) } lt(at, end) { at := add(at, 6) } {
          let t := mload(at)
          // A negative factor makes the left one negative, which the modulus turns round.
          let left := add(modulus(), mul(sar(240, t), operand(t, 224)))
          t := operand(t, 208)
          low := addmod(low, mulmod(left, and(t, low_11()), modulus()), modulus())
          middle := addmod(middle, mulmod(left, and(shr(11, t), low_10()), modulus()), modulus())
          high := addmod(high, mulmod(left, and(shr(21, t), low_10()), modulus()), modulus())
        }
        r := comb_parts(low, middle, high, lanes)
      }

      // `count` values at `at` times their weights, and terms.
      function weighted(at, count, lanes) -> r {
        let low := 0
        let middle := 0
        let high := 0
        for { let end := add(at, shl(2, count)) } lt(at, end) { at := add(at, 4) } {
          let t := mload(at)
          let weight := place_of(t, 240)
          t := operand(t, 224)
          low := addmod(low, mulmod(t, mload(weight), modulus()), modulus())
          middle := addmod(middle, mulmod(t, mload(add(weight, 32)), modulus()), modulus())
          high := addmod(high, mulmod(t, mload(add(weight, 64)), modulus()), modulus())
        }
        r := comb_parts(low, middle, high, lanes)
      }

      // `count` terms with factors of 32 bits at `at`, 15 at most.
      function large(at, count) -> r {
        let low := 0
        let high := 0
        for { let end := add(at, mul(6, count)) } lt(at, end) { at := add(at, 6) } {
          let t := mload(at)
          let v := operand(t, 208)
          low := add(low, mul(v, and(shr(224, t), 0xffff)))
          high := add(high, mul(v, shr(240, t)))
        }
        r := comb(low, high)
      }

      // Runs the instructions at `at` up to END.
      function run(at) {
        for {} 1 {} {
          let t := mload(at)
          switch byte(0, t)
          case 1 { // PRODUCT
            let fours := byte(1, t)
            at := add(at, 8)
            mstore(
              place_of(t, 224),
              muladd5(operand(t, 208), operand(t, 192), terms(at, fours))
            )
            at := add(at, shl(4, fours))
          }
          case 2 { // MUL
            mstore(place_of(t, 232), mul5(operand(t, 216), operand(t, 200)))
            at := add(at, 7)
          }
          case 3 { // SUM
            let fours := byte(1, t)
            at := add(at, 4)
            mstore(place_of(t, 224), reduce(terms(at, fours)))
            at := add(at, shl(4, fours))
          }
          case 4 { // PRODUCTS
            let fours := shl(4, byte(1, t))
            at := add(at, 5)
            mstore(
              place_of(t, 216),
              products(add(at, fours), byte(2, t), terms(at, byte(1, t)))
            )
            at := add(add(at, fours), mul(6, byte(2, t)))
          }
          case 5 { // WEIGHTED
            let fours := shl(4, byte(1, t))
            at := add(at, 5)
            mstore(
              place_of(t, 216),
              weighted(add(at, fours), byte(2, t), terms(at, byte(1, t)))
            )
            at := add(add(at, fours), shl(2, byte(2, t)))
          }
          case 6 { // SUB
            mstore(place_of(t, 232), sub5(operand(t, 216), operand(t, 200)))
            at := add(at, 7)
          }
          case 7 { // ADD
            mstore(place_of(t, 232), add5(operand(t, 216), operand(t, 200)))
            at := add(at, 7)
          }
          case 8 { // LARGE
            mstore(place_of(t, 224), large(add(at, 4), byte(1, t)))
            at := add(at, add(4, mul(6, byte(1, t))))
          }
          default { break }
        }
      }
