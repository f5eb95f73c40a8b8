      // The context: what the queries depend on. circuits/evm/context.py says what the words are.

      // The points of all groups and the coefficients of what is opened there; answers the end.
      function put_groups(to, zeta, batch) -> end {
        pop(put_powers(place_batch(), functions(), 1, batch))
        let divided := power5(batch, add(functions(), 1))
        let below := power5(batch, add(shl(1, functions()), 1))
        end := to
        let block := place_groups()
        for { let group := 0 } lt(group, groups()) { group := add(group, 1) } {
          let y := square_often(zeta, group_lift(block))
          mstore(end, y)
          end := add(end, 32)
          let runs := add(add(block, group_bytes()), mul(96, group_segments(block)))
          let has_below := group_runs_below(block)
          if has_below {
            mstore(end, scale5(y, group_root(block)))
            end := add(end, 32)
          }
          end := put_sums(end, runs, group_runs(block), group_lift(block), divided)
          if has_below {
            runs := add(runs, shl(7, group_runs(block)))
            end := put_sums(end, runs, has_below, group_lift(block), below)
          }
          block := next_block(block)
        }
      }

      // For each place of a stack, the sum of the runs' values there times powers of the batch
      // challenge, times `factor`.
      function put_sums(to, runs, count, log2_places, factor) -> end {
        end := add(to, shl(add(5, log2_places), 1))
        let low := and(factor, low_16())
        let high := and(shr(16, factor), low_15())
        let runs_end := add(runs, shl(7, count))
        for { let offset := 0 } lt(add(to, offset), end) { offset := add(offset, 32) } {
          let total := 0
          for { let run_at := runs } lt(run_at, runs_end) { run_at := add(run_at, 128) } {
            let stride := shl(5, mload(add(run_at, 64)))
            if lt(offset, stride) {
              let value := add(mload(run_at), offset)
              let weight := mload(add(run_at, 96))
              total := add5(total, dot(value, stride, weight, mload(add(run_at, 32))))
            }
          }
          mstore(add(to, offset), muladd_split(total, low, high, 0))
        }
      }
