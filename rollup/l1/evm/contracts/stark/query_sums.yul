      // f_0 at a position, by the formula of circuits/stark/queries.py.

      function words_excess() -> r { r := and(mload(gathered_words()), top_32()) }

      // Where the context tells of the shortest group.
      function sums_start() -> at { at := add(context_start(), shl(5, add(3, folds()))) }

      // A group's word of the manifest: log2 of its places, runs, stacks read below.
      function next_group(group) -> after {
        let head := mload(group)
        after := add(group, shl(5, add(1, add(field_of(head, 1), field_of(head, 0)))))
      }

      // Vectors of so many numbers, and bytes of the packed weights of a run.
      function vectors(count) -> n { n := shr(2, add(count, 3)) }
      function run_bytes(run) -> n { n := mul(320, shr(3, add(field_of(run, 2), 7))) }

      // 1, x, x^2, .. as vectors.
      function put_powers(x, count) {
        let at := mload(powers_at())
        let power_ := 1
        for { let end := add(at, shl(5, count)) } lt(at, end) { at := add(at, 32) } {
          let v := shl(64, power_)
          power_ := mulmod(power_, x, prime())
          v := shl(64, or(v, power_))
          power_ := mulmod(power_, x, prime())
          v := shl(64, or(v, power_))
          power_ := mulmod(power_, x, prime())
          mstore(at, or(v, power_))
          power_ := mulmod(power_, x, prime())
        }
      }

      // The sum of c_k x^k, k < count, of packed coefficients, where the powers of x are.
      function evaluate(packed, count) -> r {
        clear_sums()
        add_vectors(mload(powers_at()), vectors(count), packed)
        r := gathered_sums()
      }

      // The weighted sum of the functions of a group, and where its weights end.
      function group_sum(group, from, packed) -> r, after {
        clear_sums()
        let at := add(group, 32)
        for { let end := add(at, shl(5, field_of(mload(group), 1))) } lt(at, end) {} {
          let run := mload(at)
          at := add(at, 32)
          add_run(add(from, field_of(run, 1)), field_of(run, 2), packed)
          packed := add(packed, run_bytes(run))
        }
        r := gathered_sums()
        after := packed
      }

      // The weighted sum of the stacks of a group that are opened below. Their words are among
      // those of the group's runs, which hold them to be below p. Those of one word are multiplied
      // by their low 16 bits and by the rest, apart: lanes below 2^47, and what `settle` leaves.
      function below_sum(group, from) -> r {
        let low := 0
        let high := 0
        let at := add(group, shl(5, add(1, field_of(mload(group), 1))))
        for { let end := next_group(group) } lt(at, end) { at := add(at, 32) } {
          let stack := mload(at)
          let weight := mload(add(mload(weights_at()), field_of(stack, 0)))
          let place := add(from, field_of(stack, 1))
          switch field_of(stack, 2)
          case 1 {
            let v := shr(224, swap_32(calldataload(place)))
            low := settle(add(low, mul(weight, and(v, 0xffff))))
            high := settle(add(high, mul(weight, shr(16, v))))
          }
          default { r := muladd5(element_at(place), weight, r) }
        }
        r := add5(r, comb(low, high))
      }

      // Lanes below 2^51 to less than 2^44 + 2^31, the same modulo p.
      function settle(lanes) -> r {
        r := add(and(lanes, low_31()), mul(and(shr(31, lanes), low_20()), above_31()))
      }

      // f_0 at the position of query i, whose bytes begin at `from`.
      function combine(i, from) -> total {
        total := element_at(add(from, random_place()))
        mstore(gathered_elements(), or(mload(gathered_elements()), excess_32(total)))
        let group := mload(groups_at())
        let x := mload(add(mload(points_at()), shl(6, i)))
        put_powers(x, vectors(shl(field_of(mload(group), 2), 1)))
        let inverse_ := add(mload(inverses_at()), mul(i, shl(5, denominators())))
        let packed := mload(packed_at())
        for { let g := groups() } g { g := sub(g, 1) } {
          total, packed, inverse_ := add_group(from, group, packed, inverse_, total)
          group := next_group(group)
        }
      }

      // Adds what a group adds to f_0, and steps over its weights and its inverses.
      function add_group(from, group, packed, inverse_, total) -> total_, after, next {
        let places := shl(field_of(mload(group), 2), 1)
        let summed := 0
        summed, packed := group_sum(group, from, packed)
        let rest := sub5(times_factor(mload(factor_m()), summed), evaluate(packed, places))
        packed := add(packed, mul(160, vectors(places)))
        total := muladd5(rest, mload(inverse_), add5(total, summed))
        inverse_ := add(inverse_, 32)
        if field_of(mload(group), 0) {
          let factor := add(mload(factor_m()), factor_bytes())
          summed := times_factor(factor, below_sum(group, from))
          rest := sub5(summed, evaluate(packed, places))
          packed := add(packed, mul(160, vectors(places)))
          total := muladd5(rest, mload(inverse_), total)
          inverse_ := add(inverse_, 32)
        }
        total_ := total
        after := packed
        next := inverse_
      }
