      // The constraints of all groups at zeta, over their zerofiers.

      // The quotient as the constraints have it: groups from the shortest, what is there times
      // kappa^k, plus the next.
      function from_constraints(kappa, zeta) -> total {
        pop(put_powers(place_weights(), weight_count(), 1, kappa))
        put_inverses(zeta)
        let block_step := power5(kappa, weight_count())
        let block := place_groups()
        for { let group := 0 } lt(group, groups()) { group := add(group, 1) } {
          run_group(block)
          running_sum(block, mload(add(place_terminals(), shl(5, group))))
          let y := square_often(zeta, group_lift(block))
          let here_total, power := scopes(block, group, y, kappa, block_step)
          total := muladd5(total, power, here_total)
          block := next_block(block)
        }
      }

      function next_block(block) -> next {
        let runs := add(group_runs(block), group_runs_below(block))
        next := add(block, group_bytes())
        next := add(next, add(mul(96, group_segments(block)), shl(7, runs)))
      }

      // kappa^count, most often out of the table.
      function kappa_power(kappa, count) -> r {
        switch lt(count, weight_count())
        case 1 { r := mload(add(add(place_weights(), 96), shl(7, count))) }
        default { r := power5(kappa, count) }
      }

      // 1 / (zeta^N - 1), then for each group 1 / (y - 1) and 1 / (y - last row), y the group's
      // power of zeta. None is zero: no power of zeta of two's lies in F (zeta does not, and what
      // of E has a power of 2^k in F is in F).
      function put_inverses(zeta) {
        let at := place_inverses()
        mstore(at, sub5(square_often(zeta, log2_height()), 1))
        let block := place_groups()
        for { let group := 0 } lt(group, groups()) { group := add(group, 1) } {
          let y := square_often(zeta, group_lift(block))
          mstore(add(at, 32), sub5(y, 1))
          mstore(add(at, 64), sub5(y, group_last_row(block)))
          at := add(at, 64)
          block := next_block(block)
        }
        inverse_many(place_inverses(), add(1, shl(1, groups())), place_buffer())
      }

      // Run a group's code: its answers are then in memory, by place.
      function run_group(block) {
        let segment := add(block, group_bytes())
        for { let left := group_segments(block) } left { left := sub(left, 1) } {
          let size := mload(add(segment, 64))
          extcodecopy(blob(mload(segment)), place_tape(), mload(add(segment, 32)), size)
          run(place_tape())
          segment := add(segment, 96)
        }
      }

      // The sum is 0 on the first row, moves on by the fractions, and ends at the terminal.
      function running_sum(block, terminal) {
        let at := group_running(block)
        let moved := mload(at)
        mstore(group_answer_first(block), moved)
        for { let left := group_fractions(block) } left { left := sub(left, 1) } {
          at := add(at, 32)
          moved := add5(moved, mload(at))
        }
        mstore(group_answer_transition(block), sub5(mload(group_running_after(block)), moved))
        mstore(group_answer_last(block), sub5(moved, terminal))
      }

      // The answers of all scopes, weighed and over their zerofiers; and the power of kappa after
      // them all.
      function scopes(block, group, y, kappa, block_step) -> total, power {
        let inverses := add(place_inverses(), shl(6, group))
        let at := add(place_answers(), shl(5, group_all(block)))
        let every := mul5(mload(place_inverses()), blinding_zerofier(block, y))
        let scope := weigh(place_answers(), group_all(block), block_step)
        total := mul5(scope, every)
        power := power5(kappa, group_all(block))
        if group_transition(block) {
          scope := mul5(power, weigh(at, group_transition(block), block_step))
          total := muladd5(scope, mul5(every, sub5(y, group_last_row(block))), total)
          power := mul5(power, kappa_power(kappa, group_transition(block)))
          at := add(at, shl(5, group_transition(block)))
        }
        if group_first(block) {
          scope := mul5(power, weigh(at, group_first(block), block_step))
          total := muladd5(scope, mload(add(inverses, 32)), total)
          power := mul5(power, kappa_power(kappa, group_first(block)))
          at := add(at, shl(5, group_first(block)))
        }
        if group_last(block) {
          scope := mul5(power, weigh(at, group_last(block), block_step))
          total := muladd5(scope, mload(add(inverses, 64)), total)
          power := mul5(power, kappa_power(kappa, group_last(block)))
        }
      }

      // sum_k kappa^k of `count` words at `at`, by parts of as many as the table has powers, the
      // last one first.
      function weigh(at, count, block_step) -> r {
        let low := and(block_step, low_16())
        let high := and(shr(16, block_step), low_15())
        at := add(at, shl(5, count))
        for {} count {} {
          let few := add(mod(sub(count, 1), weight_count()), 1)
          at := sub(at, shl(5, few))
          r := muladd_split(r, low, high, dot_few(at, 32, place_weights(), few))
          count := sub(count, few)
        }
      }

      // The product of (y - w^j) over the last rows, which no constraint covers.
      function blinding_zerofier(block, y) -> r {
        let row := group_first_blinded(block)
        let root := group_root(block)
        r := 1
        for { let left := blinded_rows() } left { left := sub(left, 1) } {
          // The lowest lane may be 2 p: it is never in a product that is taken away.
          r := mul5(add(y, sub(prime(), row)), r)
          row := mulmod(row, root, prime())
        }
      }

      // The quotient from its chunks: sum_i zeta^(i (N - h)) Q_i(zeta).
      function from_chunks(zeta) -> total {
        let ratio := power5(zeta, chunk_coefficients())
        let at := add(place_chunks(), shl(5, chunks()))
        for {} gt(at, place_chunks()) {} {
          at := sub(at, 32)
          total := muladd5(total, ratio, mload(at))
        }
      }
