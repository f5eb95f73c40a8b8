      // f_0 at a position, by the formula of circuits/stark/queries.py.
      //
      // A sum of weights times numbers is kept in two words of lanes: of the low 16 bits of the
      // numbers and of those above. A product's lane is below 2^47 - 2^40, so that sixteen of them
      // and what `settle` leaves stay below 2^51.

      function words_excess() -> r { r := and(mload(gathered_words()), top_32()) }

      // Lanes below 2^51 to less than 2^44 + 2^31, the same modulo p.
      function settle(lanes) -> r {
        r := add(and(lanes, low_31()), mul(and(shr(31, lanes), low_20()), above_31()))
      }

      // a X: X^5 = 1 - X^2.
      function times_x(a) -> r {
        let top := shr(204, a)
        r := add(or(shr(1, shl(52, a)), top), shl(102, sub(prime(), top)))
        r := sub(r, mul(prime(), excess(r)))
      }

      // b^(1+i) of every function i, then b^(1+i) X^c, c = 0 .. 4, of those over E.
      function prepare_weights() {
        let at := mload(weights_at())
        let spread := add(at, shl(5, functions()))
        let base := add(at, shl(5, base_functions()))
        let batch := calldataload(add(context_start(), 64))
        let low := and(batch, low_16())
        let high := and(shr(16, batch), low_15())
        let power_ := batch
        for { let end := spread } lt(at, end) { at := add(at, 32) } {
          mstore(at, power_)
          if iszero(lt(at, base)) {
            let moved := power_
            for { let c := degree() } c { c := sub(c, 1) } {
              mstore(spread, moved)
              spread := add(spread, 32)
              moved := times_x(moved)
            }
          }
          mstore(batch_m(), power_)
          power_ := muladd_split(power_, low, high, 0)
        }
        mstore(batch_2m(), mul5(mload(batch_m()), mload(batch_m())))
      }

      // Points of all queries of the call with their inverses, and 1 / (x^s - point) for each point of
      // each group, by one inversion.
      function prepare_points() {
        let at := mload(inverses_at())
        let points := mload(points_at())
        for { let i := 0 } lt(i, query_count()) { i := add(i, 1) } {
          let x, inverse_ := point(position(i))
          mstore(points, x)
          mstore(add(points, 32), inverse_)
          points := add(points, 64)
          at := distances(at, x)
        }
        let start := mload(inverses_at())
        inverse_many(start, shr(5, sub(at, start)), at)
      }

      // Point `index` of the domain, generator omega^index, and its inverse.
      function point(index) -> x, inverse_ {
        x := generator()
        inverse_ := shift_inverse()
        let w := root()
        let v := root_inverse()
        for {} index { index := shr(1, index) } {
          if and(index, 1) {
            x := mulmod(x, w, prime())
            inverse_ := mulmod(inverse_, v, prime())
          }
          w := mulmod(w, w, prime())
          v := mulmod(v, v, prime())
        }
      }

      // Where the context tells of the shortest group.
      function sums_start() -> at { at := add(context_start(), shl(5, add(3, folds()))) }

      // A group's word of the manifest: log2 of its places, runs, stacks read below.
      function next_group(group) -> after {
        let head := mload(group)
        after := add(group, shl(5, add(1, add(field_of(head, 1), field_of(head, 0)))))
      }

      function distances(at, x) -> end {
        let from := sums_start()
        let group := mload(groups_at())
        for { let g := groups() } g { g := sub(g, 1) } {
          let head := mload(group)
          let places := shl(field_of(head, 2), 32)
          let raised := x
          for { let k := field_of(head, 2) } k { k := sub(k, 1) } {
            raised := mulmod(raised, raised, prime())
          }
          mstore(at, sub5(raised, calldataload(from)))
          at := add(at, 32)
          from := add(from, add(32, places))
          if field_of(head, 0) {
            mstore(at, sub5(raised, calldataload(sub(from, places))))
            at := add(at, 32)
            from := add(from, add(32, places))
          }
          group := next_group(group)
        }
        end := at
      }

      // Adds words of a row times their weights, eight at a time: those after the last one become 0.
      function add_run(from, words, weights, low, high) -> low_, high_ {
        let gathered := mload(gathered_words())
        for { let end := add(from, shl(2, words)) } lt(from, end) { from := add(from, 32) } {
          let v := swap_32(calldataload(from))
          if lt(sub(end, from), 32) {
            let unused := shl(3, sub(32, sub(end, from)))
            v := shl(unused, shr(unused, v))
          }
          gathered := or(gathered, or(v, add(v, complement_32())))
          low := add(low, mul(mload(add(weights, 0)), and(shr(224, v), 0xffff)))
          high := add(high, mul(mload(add(weights, 0)), shr(240, v)))
          low := add(low, mul(mload(add(weights, 32)), and(shr(192, v), 0xffff)))
          high := add(high, mul(mload(add(weights, 32)), and(shr(208, v), 0xffff)))
          low := add(low, mul(mload(add(weights, 64)), and(shr(160, v), 0xffff)))
          high := add(high, mul(mload(add(weights, 64)), and(shr(176, v), 0xffff)))
          low := add(low, mul(mload(add(weights, 96)), and(shr(128, v), 0xffff)))
          high := add(high, mul(mload(add(weights, 96)), and(shr(144, v), 0xffff)))
          low := add(low, mul(mload(add(weights, 128)), and(shr(96, v), 0xffff)))
          high := add(high, mul(mload(add(weights, 128)), and(shr(112, v), 0xffff)))
          low := add(low, mul(mload(add(weights, 160)), and(shr(64, v), 0xffff)))
          high := add(high, mul(mload(add(weights, 160)), and(shr(80, v), 0xffff)))
          low := add(low, mul(mload(add(weights, 192)), and(shr(32, v), 0xffff)))
          high := add(high, mul(mload(add(weights, 192)), and(shr(48, v), 0xffff)))
          low := add(low, mul(mload(add(weights, 224)), and(v, 0xffff)))
          high := add(high, mul(mload(add(weights, 224)), and(shr(16, v), 0xffff)))
          low := settle(low)
          high := settle(high)
          weights := add(weights, 256)
        }
        mstore(gathered_words(), gathered)
        low_ := low
        high_ := high
      }

      // The sum of c_k x^k over `count` elements at `from` of the context, x in F.
      function evaluate(from, count, x) -> r {
        let low := 0
        let high := 0
        let power_ := 1
        for { let end := add(from, shl(5, count)) } lt(from, end) { from := add(from, 32) } {
          low := settle(add(low, mul(calldataload(from), and(power_, 0xffff))))
          high := settle(add(high, mul(calldataload(from), shr(16, power_))))
          power_ := mulmod(power_, x, prime())
        }
        r := comb(low, high)
      }

      // The weighted sum of the functions of a group.
      function group_sum(group, from) -> r {
        let low := 0
        let high := 0
        let at := add(group, 32)
        for { let end := add(at, shl(5, field_of(mload(group), 1))) } lt(at, end) {} {
          let run := mload(at)
          at := add(at, 32)
          let weights := add(mload(weights_at()), field_of(run, 0))
          low, high := add_run(add(from, field_of(run, 1)), field_of(run, 2), weights, low, high)
        }
        r := comb(low, high)
      }

      // The weighted sum of the stacks of a group that are opened below. Their words are among those
      // of the group's runs, which hold them to be below p.
      function below_sum(group, from) -> r {
        let at := add(group, shl(5, add(1, field_of(mload(group), 1))))
        for { let end := next_group(group) } lt(at, end) { at := add(at, 32) } {
          let stack := mload(at)
          let weight := mload(add(mload(weights_at()), field_of(stack, 0)))
          let place := add(from, field_of(stack, 1))
          switch field_of(stack, 2)
          case 1 { r := add5(r, scale5(weight, shr(224, swap_32(calldataload(place))))) }
          default { r := muladd5(element_at(place), weight, r) }
        }
      }

      // f_0 at the position of query i, whose bytes begin at `from`.
      function combine(i, from) -> total {
        total := element_at(add(from, random_place()))
        mstore(gathered_elements(), or(mload(gathered_elements()), excess_32(total)))
        let inverse_ := add(mload(inverses_at()), mul(i, shl(5, denominators())))
        let sums := sums_start()
        let group := mload(groups_at())
        for { let g := groups() } g { g := sub(g, 1) } {
          total, sums, inverse_ := add_group(i, from, group, sums, inverse_, total)
          group := next_group(group)
        }
      }

      // Adds what a group adds to f_0, and steps over its part of the context and its inverses.
      function add_group(i, from, group, sums, inverse_, total) -> total_, sums_, next {
        let x := mload(add(mload(points_at()), shl(6, i)))
        let places := shl(field_of(mload(group), 2), 1)
        let below := iszero(iszero(field_of(mload(group), 0)))
        let summed := group_sum(group, from)
        sums := add(sums, shl(5, add(1, below)))
        let rest := sub5(mul5(mload(batch_m()), summed), evaluate(sums, places, x))
        total := muladd5(rest, mload(inverse_), add5(total, summed))
        sums := add(sums, shl(5, places))
        inverse_ := add(inverse_, 32)
        if below {
          summed := mul5(mload(batch_2m()), below_sum(group, from))
          rest := sub5(summed, evaluate(sums, places, x))
          total := muladd5(rest, mload(inverse_), total)
          sums := add(sums, shl(5, places))
          inverse_ := add(inverse_, 32)
        }
        total_ := total
        sums_ := sums
        next := inverse_
      }
