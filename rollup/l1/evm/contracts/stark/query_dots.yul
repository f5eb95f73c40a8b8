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
      function add_run(from, left, weights) {
        let s0 := 0
        let s1 := 0
        let s2 := 0
        let s3 := 0
        let s4 := 0
        let gathered := 0
        for {} sgt(left, 0) { left := sub(left, 8) } {
          let e := swap_32(calldataload(from))
          e := and(e, not(shr(shl(5, left), not(0))))
          gathered := or(gathered, or(e, add(e, complement_32())))
          let a := and(shr(32, e), even_32())
          e := and(e, even_32())
          s0 := add(
            s0,
            add(
              shr(192, mul(a, mload(weights))),
              shr(192, mul(e, mload(add(weights, 160))))
            )
          )
          s1 := add(
            s1,
            add(
              shr(192, mul(a, mload(add(weights, 32)))),
              shr(192, mul(e, mload(add(weights, 192))))
            )
          )
          s2 := add(
            s2,
            add(
              shr(192, mul(a, mload(add(weights, 64)))),
              shr(192, mul(e, mload(add(weights, 224))))
            )
          )
          s3 := add(
            s3,
            add(
              shr(192, mul(a, mload(add(weights, 96)))),
              shr(192, mul(e, mload(add(weights, 256))))
            )
          )
          s4 := add(
            s4,
            add(
              shr(192, mul(a, mload(add(weights, 128)))),
              shr(192, mul(e, mload(add(weights, 288))))
            )
          )
          from := add(from, 32)
          weights := add(weights, 320)
        }
        mstore(gathered_words(), or(mload(gathered_words()), gathered))
        add_sums(s0, s1, s2, s3, s4)
      }

      // What products with one element are made of, ten words: its products with 1, X, X^2, X^3 as
      // weights, and the coefficients of that with X^4.
      function put_factor(at, b) {
        let b1 := times_x(b)
        let b2 := times_x(b1)
        let b3 := times_x(b2)
        pack(at, b, b1, b2, b3)
        at := add(at, 160)
        b := times_x(b3)
        for { let c := degree() } c { c := sub(c, 1) } {
          mstore(at, and(b, low_51()))
          b := shr(51, b)
          at := add(at, 32)
        }
      }

      // Coefficients 0 to 3 of a as a vector.
      function as_vector(a) -> v {
        v := or(
          or(shl(192, and(a, low_51())), shl(77, and(a, lane_1()))),
          or(shr(38, and(a, lane_2())), and(shr(153, a), low_51()))
        )
      }

      // (a b) s + c for b of which the factor is at hand, and s in F. Lanes of c are below 2^51.
      function mul_factor(factor, a, s, c) -> r {
        let v := as_vector(a)
        a := shr(204, a)
        r := mod(
          add(
            mul(s, add(shr(192, mul(v, mload(factor))), mul(a, mload(add(factor, 160))))),
            and(c, low_51())
          ),
          prime()
        )
        r := or(
          r,
          shl(
            51,
            mod(
              add(
                mul(s, add(shr(192, mul(v, mload(add(factor, 32)))), mul(a, mload(add(factor, 192))))),
                and(shr(51, c), low_51())
              ),
              prime()
            )
          )
        )
        r := or(
          r,
          shl(
            102,
            mod(
              add(
                mul(s, add(shr(192, mul(v, mload(add(factor, 64)))), mul(a, mload(add(factor, 224))))),
                and(shr(102, c), low_51())
              ),
              prime()
            )
          )
        )
        r := or(
          r,
          shl(
            153,
            mod(
              add(
                mul(s, add(shr(192, mul(v, mload(add(factor, 96)))), mul(a, mload(add(factor, 256))))),
                and(shr(153, c), low_51())
              ),
              prime()
            )
          )
        )
        r := or(
          r,
          shl(
            204,
            mod(
              add(
                mul(s, add(shr(192, mul(v, mload(add(factor, 128)))), mul(a, mload(add(factor, 288))))),
                shr(204, c)
              ),
              prime()
            )
          )
        )
      }
