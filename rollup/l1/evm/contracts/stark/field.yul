      // The quintic extension E = F[X] / (X^5 + X^2 - 1) of rollup/field/extension.py, one element
      // a word: coefficient k at bit 51 k, below p. With X = 2^51 the number 2^255 + 2^102 - 1 is
      // X^5 + X^2 - 1, so a product modulo it is the product in E, its lanes not yet below p.
      // Functions want canonical elements and give canonical elements unless they say otherwise.

      //INCLUDE field_constants

      // Lanes low + 2^16 high, modulo p. Lanes of both are below 2^51.
      function comb(low, high) -> r {
        let even := add(and(low, lanes_02()), shl(16, and(high, lanes_02())))
        let odd := add(and(shr(51, low), lanes_02()), shl(16, and(shr(51, high), lanes_02())))
        r := or(
          or(
            or(mod(and(even, low_102()), prime()), shl(51, mod(and(odd, low_102()), prime()))),
            or(shl(102, mod(and(shr(102, even), low_102()), prime())),
               shl(153, mod(shr(102, odd), prime())))
          ),
          shl(204, mod(add(shr(204, low), shl(16, shr(204, high))), prime()))
        )
      }

      // Lanes modulo p. Lanes are below 2^51.
      function reduce(lanes) -> r {
        r := or(
          or(
            or(mod(and(lanes, low_51()), prime()),
               shl(51, mod(and(shr(51, lanes), low_51()), prime()))),
            or(shl(102, mod(and(shr(102, lanes), low_51()), prime())),
               shl(153, mod(and(shr(153, lanes), low_51()), prime())))
          ),
          shl(204, mod(shr(204, lanes), prime()))
        )
      }

      // a b. A lane of half a product is between -2^49 and 2^49.6, so that with the bias it is
      // neither negative nor 2^51.
      function mul5(a, b) -> r {
        r := comb(
          addmod(mulmod(a, and(b, low_16()), modulus()), bias(), modulus()),
          addmod(mulmod(a, and(shr(16, b), low_15()), modulus()), bias(), modulus())
        )
      }

      // a b + c. Lanes of c are below 2^49.
      function muladd5(a, b, c) -> r {
        r := comb(
          add(addmod(mulmod(a, and(b, low_16()), modulus()), bias(), modulus()), c),
          addmod(mulmod(a, and(shr(16, b), low_15()), modulus()), bias(), modulus())
        )
      }

      // a b + c for a factor b whose parts are at hand: the low 16 bits of its lanes, and the rest.
      function muladd_split(a, low, high, c) -> r {
        r := comb(
          add(addmod(mulmod(a, low, modulus()), bias(), modulus()), c),
          addmod(mulmod(a, high, modulus()), bias(), modulus())
        )
      }

      // One for each lane that is p or more, at the lane's lowest bit. Lanes are below 2 p.
      function excess(a) -> r {
        r := and(shr(31, add(a, complement())), ones())
      }

      function add5(a, b) -> r {
        r := add(a, b)
        r := sub(r, mul(prime(), excess(r)))
      }

      function sub5(a, b) -> r {
        r := sub(add(a, primes()), b)
        r := sub(r, mul(prime(), excess(r)))
      }

      // a s, for s in F.
      function scale5(a, s) -> r {
        r := comb(mul(a, and(s, 0xffff)), mul(a, shr(16, s)))
      }

      // a^(2^k).
      function square_often(a, k) -> r {
        r := a
        for {} k { k := sub(k, 1) } { r := mul5(r, r) }
      }

      // a^e, 1 for e = 0.
      function power5(a, e) -> r {
        r := 1
        for {} e { e := shr(1, e) } {
          if and(e, 1) { r := mul5(r, a) }
          a := mul5(a, a)
        }
      }

      // s^e in F, 1 for e = 0.
      function power_base(s, e) -> r {
        r := 1
        for {} e { e := shr(1, e) } {
          if and(e, 1) { r := mulmod(r, s, prime()) }
          s := mulmod(s, s, prime())
        }
      }

      // sum_i a_i m_i over the coefficients of a, with m_0 = 1: a linear map, by the images of
      // X, X^2, X^3 and X^4.
      function apply(a, m1, m2, m3, m4) -> r {
        let low := and(a, low_51())
        a := shr(51, a)
        let s := and(a, low_51())
        low := add(low, mul(s, and(m1, low_16())))
        let high := mul(s, and(shr(16, m1), low_15()))
        a := shr(51, a)
        s := and(a, low_51())
        low := add(low, mul(s, and(m2, low_16())))
        high := add(high, mul(s, and(shr(16, m2), low_15())))
        a := shr(51, a)
        s := and(a, low_51())
        low := add(low, mul(s, and(m3, low_16())))
        high := add(high, mul(s, and(shr(16, m3), low_15())))
        a := shr(51, a)
        low := add(low, mul(a, and(m4, low_16())))
        high := add(high, mul(a, and(shr(16, m4), low_15())))
        r := comb(low, high)
      }

      // a^p.
      function frobenius(a) -> r {
        r := apply(a, frobenius_1(), frobenius_2(), frobenius_3(), frobenius_4())
      }

      // a^(p^2).
      function frobenius_squared(a) -> r {
        r := apply(a, squared_1(), squared_2(), squared_3(), squared_4())
      }

      // 1 / a, and 0 for 0: with c = a^(p + p^2 + p^3 + p^4) the norm a c lies in F.
      function inverse5(a) -> r {
        let first := frobenius(a)
        let pair := mul5(first, frobenius(first))
        let conjugates := mul5(pair, frobenius_squared(pair))
        r := scale5(conjugates, power_base(mul5(a, conjugates), sub(prime(), 2)))
      }

      // The `count` words at `place` become their inverses, by one inversion. As many words at
      // `spare` are lost. All become 0 if one of them is 0.
      function inverse_many(place, count, spare) {
        let running := 1
        let last := add(place, shl(5, count))
        for { let p := place } lt(p, last) { p := add(p, 32) } {
          mstore(add(spare, sub(p, place)), running)
          running := mul5(running, mload(p))
        }
        running := inverse5(running)
        for { let p := last } gt(p, place) {} {
          p := sub(p, 32)
          let value := mload(p)
          mstore(p, mul5(running, mload(add(spare, sub(p, place)))))
          running := mul5(running, value)
        }
      }

      // The four bytes of each uint32 of a word, the other way round.
      function swap_32(v) -> r {
        r := or(and(shr(8, v), bytes_even()), shl(8, and(v, bytes_even())))
        r := or(and(shr(16, r), pairs_even()), shl(16, and(r, pairs_even())))
      }

      // The 20 little-endian bytes of an element at `place` of calldata. Lanes are below 2^32, not
      // yet held to be canonical: whoever takes elements in gathers `excess_32` of each.
      function element_at(place) -> v {
        v := shr(96, swap_32(calldataload(place)))
        v := or(
          or(shr(128, v), shl(51, and(shr(96, v), 0xffffffff))),
          or(
            or(shl(102, and(shr(64, v), 0xffffffff)), shl(153, and(shr(32, v), 0xffffffff))),
            shl(204, and(v, 0xffffffff))
          )
        )
      }

      // Of lanes below 2^32: sums that `excess_any` finds one in that was p or more. They may be
      // or-ed over many elements before.
      function excess_32(v) -> r { r := add(v, complement()) }
      function excess_any(gathered) -> r { r := and(gathered, top_bits()) }
