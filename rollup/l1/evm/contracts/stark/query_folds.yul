      // Folds by 8: circuits/pcs/fold.py, as three folds by 2. g(X) = g_0(X^2) + X g_1(X^2) folds
      // with a challenge c to g_0 + c g_1, from 2 g_0 = g(x) + g(-x) and 2 x g_1 = g(x) - g(-x). With
      // c, c^2, c^4 in turn, the three are the fold by 8; the factors 2 are left in, so that values
      // are 8 times what they stand for.

      // The challenges of the folds, each with its square and its fourth power.
      function prepare_challenges() {
        let at := mload(gammas_at())
        let from := add(context_start(), 96)
        for { let layer := folds() } layer { layer := sub(layer, 1) } {
          let gamma := calldataload(from)
          from := add(from, 32)
          for { let k := fold_log2() } k { k := sub(k, 1) } {
            put_factor(at, gamma)
            gamma := mul5(gamma, gamma)
            at := add(at, factor_bytes())
          }
        }
      }

      // Half of the values of a fibre, `gap` bytes of memory, from pairs that stand `gap` apart.
      // The first point of the fibre has the inverse omega_8^turn `inverse_`; each next one is turned
      // back by `step`. `factor` is of the challenge.
      function halve(gap, factor, inverse_, turn, step) {
        let end := add(fibre(), gap)
        for { let at := fibre() } lt(at, end) { at := add(at, 32) } {
          let u := mload(at)
          let v := mload(add(at, gap))
          let s := mulmod(inverse_, eighth_root(turn), prime())
          mstore(at, mul_factor(factor, sub5(u, v), s, add(u, v)))
          turn := sub(turn, step)
        }
      }

      // 8 times the fold of the loaded fibre; the queried point is number `slot` of it.
      function fold(gammas, inverse_, slot) -> r {
        halve(128, gammas, inverse_, slot, 1)
        inverse_ := mulmod(inverse_, inverse_, prime())
        halve(64, add(gammas, factor_bytes()), inverse_, shl(1, slot), 2)
        inverse_ := mulmod(inverse_, inverse_, prime())
        halve(32, add(gammas, shl(1, factor_bytes())), inverse_, shl(2, slot), 4)
        r := mload(fibre())
      }

      function eighth_power(x) -> r {
        r := mulmod(x, x, prime())
        r := mulmod(r, r, prime())
        r := mulmod(r, r, prime())
      }

      // What a claim of a later layer is compared as: 8 times it.
      function as_folded(value, layer) -> r {
        r := value
        if layer { r := reduce(shl(fold_log2(), value)) }
      }

      // Lie: a first layer that is not f_0, a layer that is not the fold of the one before, a final
      // polynomial that is not the last fold.
      function follow_folds(i, from, value) {
        from := add(from, layers_place())
        let index := position(i)
        let points := add(mload(points_at()), shl(6, i))
        let inverse_ := mload(add(points, 32))
        let gammas := mload(gammas_at())
        let leaves := log2_domain()
        let layer := 0
        for {} lt(layer, folds()) { layer := add(layer, 1) } {
          leaves := sub(leaves, fold_log2())
          let slot := shr(leaves, index)
          index := sub(index, shl(leaves, slot))
          load_fibre(from)
          let claim := as_folded(mload(add(fibre(), shl(5, slot))), layer)
          if sub(claim, value) { refuse_query(failure_fold(), i, add(phases(), layer)) }
          from := check_path(i, add(phases(), layer), from, index)
          value := fold(gammas, inverse_, slot)
          inverse_ := eighth_power(inverse_)
          gammas := add(gammas, mul(3, factor_bytes()))
        }
        check_final(i, layer, mload(points), value)
      }

      function check_final(i, layer, x, value) {
        for { let k := layer } k { k := sub(k, 1) } { x := eighth_power(x) }
        put_powers(x, vectors(final_count()))
        if sub(as_folded(evaluate(mload(final_at()), final_count()), layer), value) {
          refuse_query(failure_final_polynomial(), i, no_tree())
        }
      }
