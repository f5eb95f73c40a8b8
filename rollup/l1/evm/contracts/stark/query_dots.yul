      // Sums of numbers below p times elements of E, four at a time: with a_3, .., a_0 in the
      // 64-bit lanes of one word, the first highest, and w_0, .., w_3 in those of another, the first
      // lowest, the highest lane of the product is sum a_k w_k, below 2^64, and no lower one comes
      // near it. Coefficients of the elements apart, that is five products for four numbers.
      //
      // Numbers a_k that are not below p, of a proof that will be refused, spoil the sum and
      // nothing else. Sums grow in whole words, and are reduced once.

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
