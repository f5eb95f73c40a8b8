      // What is computed once a call: weights of words, packed, and the points of all queries.

      // a X: X^5 = 1 - X^2.
      function times_x(a) -> r {
        let top := shr(204, a)
        r := add(or(shr(1, shl(52, a)), top), shl(102, sub(prime(), top)))
        r := sub(r, mul(prime(), excess(r)))
      }

      // b^(1+i) of every function i, then b^(1+i) X^c, c = 0 .. 4, of those over E.
      function prepare_weights() {
        let at := mload(weights_at())
        let base := add(at, shl(5, base_functions()))
        let end := add(at, shl(5, functions()))
        let spread := end
        let batch := calldataload(add(context_start(), 64))
        put_factor(batch_factor(), batch)
        put_powers_of_batch(at, end, shl(192, 1), 0)
        for { at := base } lt(at, end) { at := add(at, 32) } {
          let moved := mload(at)
          for { let c := degree() } c { c := sub(c, 1) } {
            mstore(spread, moved)
            spread := add(spread, 32)
            moved := times_x(moved)
          }
        }
        let power_ := mload(sub(end, 32))
        put_factor(mload(factor_m()), power_)
        put_factor(add(mload(factor_m()), factor_bytes()), mul5(power_, power_))
      }

      // The weights of all runs and sums in the order in which `combine` meets them, then those of
      // the final polynomial; then room for powers of a point, then for leaves.
      function prepare_packed() {
        let at := mload(leaf_at())
        mstore(packed_at(), at)
        let from := sums_start()
        let group := mload(groups_at())
        for { let g := groups() } g { g := sub(g, 1) } {
          let head := mload(group)
          let places := shl(field_of(head, 2), 1)
          let run := add(group, 32)
          for { let end := add(run, shl(5, field_of(head, 1))) } lt(run, end) {} {
            at := pack_run(at, mload(run))
            run := add(run, 32)
          }
          let below := iszero(iszero(field_of(head, 0)))
          from := add(from, shl(5, add(1, below)))
          at, from := pack_sum(at, from, places)
          if below { at, from := pack_sum(at, from, places) }
          group := next_group(group)
        }
        mstore(final_at(), at)
        at, from := pack_sum(at, from, final_count())
        mstore(powers_at(), at)
        mstore(leaf_at(), add(at, shl(5, most_vectors())))
      }

      // The longest sum is of the shortest group, or the final polynomial.
      function most_vectors() -> n {
        n := vectors(shl(field_of(mload(mload(groups_at())), 2), 1))
        let last := vectors(final_count())
        if lt(n, last) { n := last }
      }

      function pack_run(at, run) -> end {
        let from := add(mload(weights_at()), field_of(run, 0))
        end := add(at, run_bytes(run))
        for {} lt(at, end) { at := add(at, 320) } {
          pack(at, mload(from), mload(add(from, 64)), mload(add(from, 128)), mload(add(from, 192)))
          from := add(from, 32)
          pack(
            add(at, 160),
            mload(from),
            mload(add(from, 64)),
            mload(add(from, 128)),
            mload(add(from, 192))
          )
          from := add(from, 224)
        }
      }

      // The coefficients of a sum, zeros after the last.
      function pack_sum(at, from, count) -> end, next {
        next := add(from, shl(5, count))
        for {} lt(from, next) { from := add(from, 128) } {
          pack(
            at,
            calldataload(from),
            before(add(from, 32), next),
            before(add(from, 64), next),
            before(add(from, 96), next)
          )
          at := add(at, 160)
        }
        end := at
      }

      function before(from, end) -> v { if lt(from, end) { v := calldataload(from) } }

      // Points of all queries of the call with their inverses, and 1 / (x^s - point) for each point
      // of each group, by one inversion.
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
