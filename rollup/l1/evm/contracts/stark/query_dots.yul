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
