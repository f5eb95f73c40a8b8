      // Sums of products by parts. A weight w = w_0 + 2^11 w_1 + 2^21 w_2 multiplies in three parts
      // of at most 11 bits, so that 51 bits of a lane hold 32 products (PRODUCTS_MAX of
      // circuits/evm/tape_code.py) before they are reduced; a sum's lanes are then between -2^49.6
      // and 2^49.6, which the bias makes positive.

      // Lanes low + 2^11 middle + 2^21 high, modulo p, of three sums of products without their
      // bias, and of lanes `more` below 2^50.
      function comb_parts(low, middle, high, more) -> r {
        low := add(addmod(low, bias_parts(), modulus()), more)
        middle := addmod(middle, bias_parts(), modulus())
        high := addmod(high, bias_parts(), modulus())
        let even := add(
          and(low, lanes_02()),
          add(shl(11, and(middle, lanes_02())), shl(21, and(high, lanes_02())))
        )
        let odd := add(
          and(shr(51, low), lanes_02()),
          add(shl(11, and(shr(51, middle), lanes_02())), shl(21, and(shr(51, high), lanes_02())))
        )
        r := or(
          or(mod(and(even, low_102()), prime()), shl(51, mod(and(odd, low_102()), prime()))),
          or(
            shl(102, mod(and(shr(102, even), low_102()), prime())),
            shl(153, mod(shr(102, odd), prime()))
          )
        )
        low := add(shr(204, low), add(shl(11, shr(204, middle)), shl(21, shr(204, high))))
        r := or(r, shl(204, mod(low, prime())))
      }

      // Four words at `place`: the parts of w, and w.
      function put_weight(place, w) {
        mstore(place, and(w, low_11()))
        mstore(add(place, 32), and(shr(11, w), low_10()))
        mstore(add(place, 64), and(shr(21, w), low_10()))
        mstore(add(place, 96), w)
      }

      // The weights first, first ratio, .., first ratio^(count - 1), and the next power.
      function put_powers(place, count, first, ratio) -> next {
        next := first
        let low := and(ratio, low_16())
        let high := and(shr(16, ratio), low_15())
        for { let end := add(place, shl(7, count)) } lt(place, end) { place := add(place, 128) } {
          put_weight(place, next)
          next := muladd_split(next, low, high, 0)
        }
      }

      //INCLUDE kernels

      // What dot_few gives, of any number.
      function dot(value, stride, weight, count) -> r {
        for {} count {} {
          let few := count
          if gt(few, weight_count()) { few := weight_count() }
          r := add5(r, dot_few(value, stride, weight, few))
          value := add(value, mul(few, stride))
          weight := add(weight, shl(7, few))
          count := sub(count, few)
        }
      }
