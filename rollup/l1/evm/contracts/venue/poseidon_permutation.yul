      // The permutation. Lanes are below 2^64 and need not be below the prime. How large they are is
      // said in bits: the matrix adds less than 8.6 (its rows sum to 371), and takes up to 55.
      // 2^45 is folded_45 < 2^24, so what has 62 bits has less than 45.1 once it is `folded`.
      function folded(w) -> v {
        v := add(and(w, low_45()), mul(and(shr(45, w), low_19()), folded_45()))
      }
      function cubed(x) -> y { y := mulmod(x, mulmod(x, x, prime()), prime()) }
      function all_cubed(w) -> v {
        v := cubed(and(w, 0xffffffffffffffff))
        v := or(v, shl(64, cubed(and(shr(64, w), 0xffffffffffffffff))))
        v := or(v, shl(128, cubed(and(shr(128, w), 0xffffffffffffffff))))
        v := or(v, shl(192, cubed(shr(192, w))))
      }
      function mixed(w0, w1, w2, w3) -> v0, v1, v2, v3 {
        let all := not(0)
        v0 := add(add(mulmod(w0, matrix_0(), all), mulmod(w1, turned_3(), all)),
                  add(mulmod(w2, turned_2(), all), mulmod(w3, turned_1(), all)))
        v1 := add(add(mulmod(w0, matrix_1(), all), mulmod(w1, matrix_0(), all)),
                  add(mulmod(w2, turned_3(), all), mulmod(w3, turned_2(), all)))
        v2 := add(add(mulmod(w0, matrix_2(), all), mulmod(w1, matrix_1(), all)),
                  add(mulmod(w2, matrix_0(), all), mulmod(w3, turned_3(), all)))
        v3 := add(add(mulmod(w0, matrix_3(), all), mulmod(w1, matrix_2(), all)),
                  add(mulmod(w2, matrix_1(), all), mulmod(w3, matrix_0(), all)))
      }
      // Rounds whose constants lie from `at` to `end`. They leave 31 + 8.6 bits.
      function full(w0, w1, w2, w3, at, end) -> v0, v1, v2, v3 {
        for { } lt(at, end) { at := add(at, 128) } {
          w0 := all_cubed(add(w0, mload(at)))
          w1 := all_cubed(add(w1, mload(add(at, 32))))
          w2 := all_cubed(add(w2, mload(add(at, 64))))
          w3 := all_cubed(add(w3, mload(add(at, 96))))
          w0, w1, w2, w3 := mixed(w0, w1, w2, w3)
        }
        v0 := w0 v1 := w1 v2 := w2 v3 := w3
      }
      // Partial rounds, two at a time: from 45.1 bits on two matrices leave less than 62.4, and a
      // fold 45.1 again. Of their constants only that of element 0 is left: `at` has those.
      function partial(w0, w1, w2, w3, at, end) -> v0, v1, v2, v3 {
        for { } lt(at, end) { at := add(at, 64) } {
          let first := and(w0, 0xffffffffffffffff)
          w0 := add(xor(w0, first), cubed(add(first, mload(at))))
          w0, w1, w2, w3 := mixed(w0, w1, w2, w3)
          first := and(w0, 0xffffffffffffffff)
          w0 := add(xor(w0, first), cubed(add(first, mload(add(at, 32)))))
          w0, w1, w2, w3 := mixed(w0, w1, w2, w3)
          w0 := folded(w0)
          w1 := folded(w1)
          w2 := folded(w2)
          w3 := folded(w3)
        }
        v0 := w0 v1 := w1 v2 := w2 v3 := w3
      }
      function permute(w0, w1, w2, w3) -> v0, v1, v2, v3 {
        let last := add(full_bytes(), partial_bytes())
        v0, v1, v2, v3 := full(w0, w1, w2, w3, 0, full_bytes())
        v0, v1, v2, v3 := partial(v0, v1, v2, v3, full_bytes(), last)
        v0, v1, v2, v3 := full(v0, v1, v2, v3, last, all_bytes())
      }
