      // Sums of numbers below p times elements of E, four at a time: with a_3, .., a_0 in the 64-bit
      // lanes of one word, the first highest, and w_0, .., w_3 in those of another, the first lowest,
      // the highest lane of the product is sum a_k w_k, below 2^64, and no lower one comes near it.
      // Coefficients of the elements apart, that is five products for four numbers.
      //
      // Numbers a_k that are not below p, of a proof that will be refused, spoil the sum and nothing
      // else. Sums grow in whole words, and are reduced once.

      // Four elements as such weights: five words at `at`, one for each coefficient.
      function pack(at, a, b, c, d) {
        mstore(
          at,
          or(or(and(a, lane_0()), shl(64, and(b, lane_0()))), or(shl(128, and(c, lane_0())), shl(192, and(d, lane_0()))))
        )
        mstore(
          add(at, 32),
          or(or(shr(51, and(a, lane_1())), shl(13, and(b, lane_1()))), or(shl(77, and(c, lane_1())), shl(141, and(d, lane_1()))))
        )
        mstore(
          add(at, 64),
          or(or(shr(102, and(a, lane_2())), shr(38, and(b, lane_2()))), or(shl(26, and(c, lane_2())), shl(90, and(d, lane_2()))))
        )
        mstore(
          add(at, 96),
          or(or(shr(153, and(a, lane_3())), shr(89, and(b, lane_3()))), or(shr(25, and(c, lane_3())), shl(39, and(d, lane_3()))))
        )
        mstore(
          add(at, 128),
          or(or(shr(204, and(a, lane_4())), shr(140, and(b, lane_4()))), or(shr(76, and(c, lane_4())), shr(12, and(d, lane_4()))))
        )
      }

      // Sums of coefficients, in five words from `sums`, to an element.
      function gathered_sums() -> r {
        let at := dot_sums()
        r := or(
          or(mod(mload(at), prime()), shl(51, mod(mload(add(at, 32)), prime()))),
          or(
            or(
              shl(102, mod(mload(add(at, 64)), prime())),
              shl(153, mod(mload(add(at, 96)), prime()))
            ),
            shl(204, mod(mload(add(at, 128)), prime()))
          )
        )
      }

      function clear_sums() {
        let at := dot_sums()
        mstore(at, 0)
        mstore(add(at, 32), 0)
        mstore(add(at, 64), 0)
        mstore(add(at, 96), 0)
        mstore(add(at, 128), 0)
      }

      function add_sums(s0, s1, s2, s3, s4) {
        let at := dot_sums()
        mstore(at, add(mload(at), s0))
        mstore(add(at, 32), add(mload(add(at, 32)), s1))
        mstore(add(at, 64), add(mload(add(at, 64)), s2))
        mstore(add(at, 96), add(mload(add(at, 96)), s3))
        mstore(add(at, 128), add(mload(add(at, 128)), s4))
      }

      // Adds `count` words of four numbers at `numbers` times their weights.
      function add_vectors(numbers, count, weights) {
        let s0 := 0
        let s1 := 0
        let s2 := 0
        let s3 := 0
        let s4 := 0
        for { let end := add(numbers, shl(5, count)) } lt(numbers, end) {} {
          let a := mload(numbers)
          s0 := add(s0, shr(192, mul(a, mload(weights))))
          s1 := add(s1, shr(192, mul(a, mload(add(weights, 32)))))
          s2 := add(s2, shr(192, mul(a, mload(add(weights, 64)))))
          s3 := add(s3, shr(192, mul(a, mload(add(weights, 96)))))
          s4 := add(s4, shr(192, mul(a, mload(add(weights, 128)))))
          numbers := add(numbers, 32)
          weights := add(weights, 160)
        }
        add_sums(s0, s1, s2, s3, s4)
      }

      // Adds words of a row, from calldata, times their weights, eight at a time: those after the
      // last one become 0. Of eight, words 0, 2, 4, 6 are one vector, 1, 3, 5, 7 the other.
      function add_run(from, words, weights) {
        let s0 := 0
        let s1 := 0
        let s2 := 0
        let s3 := 0
        let s4 := 0
        for { let left := words } left {} {
          let v := swap_32(calldataload(from))
          switch lt(left, 8)
          case 1 {
            v := and(v, not(shr(shl(5, left), not(0))))
            left := 0
          }
          default { left := sub(left, 8) }
          mstore(gathered_words(), or(mload(gathered_words()), or(v, add(v, complement_32()))))
          let a := and(shr(32, v), even_32())
          s0 := add(s0, shr(192, mul(a, mload(weights))))
          s1 := add(s1, shr(192, mul(a, mload(add(weights, 32)))))
          s2 := add(s2, shr(192, mul(a, mload(add(weights, 64)))))
          s3 := add(s3, shr(192, mul(a, mload(add(weights, 96)))))
          s4 := add(s4, shr(192, mul(a, mload(add(weights, 128)))))
          a := and(v, even_32())
          s0 := add(s0, shr(192, mul(a, mload(add(weights, 160)))))
          s1 := add(s1, shr(192, mul(a, mload(add(weights, 192)))))
          s2 := add(s2, shr(192, mul(a, mload(add(weights, 224)))))
          s3 := add(s3, shr(192, mul(a, mload(add(weights, 256)))))
          s4 := add(s4, shr(192, mul(a, mload(add(weights, 288)))))
          from := add(from, 32)
          weights := add(weights, 320)
        }
        add_sums(s0, s1, s2, s3, s4)
      }
