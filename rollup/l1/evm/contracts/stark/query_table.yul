      // Where everything is. Memory: three words to hash nodes in, registers, a fibre, a factor, the
      // manifest; then what is computed once a call, each part's start in a register; then room to
      // hash leaves.

      function gathered_elements() -> at { at := 0x80 }
      function weights_at() -> at { at := 0xa0 }
      function gammas_at() -> at { at := 0xc0 }
      function points_at() -> at { at := 0xe0 }
      function inverses_at() -> at { at := 0x100 }
      function leaf_at() -> at { at := 0x120 }
      function factor_m() -> at { at := 0x140 }
      function trees_at() -> at { at := 0x180 }
      function groups_at() -> at { at := 0x1a0 }
      function packed_at() -> at { at := 0x1c0 }
      function final_at() -> at { at := 0x1e0 }
      function powers_at() -> at { at := 0x200 }
      function table() -> at { at := 0x500 }

      // The header of the manifest, in the order of circuits/evm/query_manifest.py.
      function queries() -> v { v := mload(0x500) }
      function query_bytes() -> v { v := mload(0x520) }
      function context_bytes() -> v { v := mload(0x540) }
      function tops_bytes() -> v { v := mload(0x560) }
      function log2_domain() -> v { v := mload(0x580) }
      function folds() -> v { v := mload(0x5a0) }
      function groups() -> v { v := mload(0x5c0) }
      function final_count() -> v { v := mload(0x5e0) }
      function digest_bytes() -> v { v := mload(0x600) }
      function digest_mask() -> v { v := mload(0x620) }
      function root() -> v { v := mload(0x640) }
      function root_inverse() -> v { v := mload(0x660) }
      function shift_inverse() -> v { v := mload(0x680) }
      function functions() -> v { v := mload(0x6a0) }
      function base_functions() -> v { v := mload(0x6c0) }
      function denominators() -> v { v := mload(0x6e0) }
      function random_place() -> v { v := mload(0x700) }
      function layers_place() -> v { v := mload(0x720) }
      function eighth_root(k) -> v { v := mload(add(0x740, shl(5, and(k, 7)))) }
      function header_end() -> at { at := 0x840 }

      function factor_bytes() -> n { n := 320 }

      function field_of(word, k) -> v { v := and(shr(shl(5, k), word), 0xffffffff) }

      function first_query() -> v { v := calldataload(0x20) }
      function query_count() -> v { v := calldataload(0x40) }
      function context_start() -> at { at := 0x60 }
      function tops_start() -> at { at := add(0x60, context_bytes()) }
      function data_start() -> at { at := add(tops_start(), tops_bytes()) }

      // Past the first byte, which keeps data from being code.
      function load_manifest() {
        let manifest := calldataload(0)
        let size := sub(extcodesize(manifest), 1)
        extcodecopy(manifest, table(), 1, size)
        let trees := header_end()
        let after := add(table(), size)
        let spread := shl(5, mul(degree(), sub(functions(), base_functions())))
        let wide := shl(5, mul(query_count(), denominators()))
        mstore(trees_at(), trees)
        mstore(groups_at(), add(trees, shl(5, add(phases(), folds()))))
        mstore(weights_at(), after)
        after := add(add(after, shl(5, functions())), spread)
        mstore(factor_m(), after)
        after := add(after, shl(1, factor_bytes()))
        mstore(gammas_at(), after)
        after := add(after, mul(mul(3, factor_bytes()), folds()))
        mstore(points_at(), after)
        after := add(after, shl(6, query_count()))
        mstore(inverses_at(), after)
        after := add(after, shl(1, wide))
        mstore(leaf_at(), after)
      }

      function position(i) -> v {
        let end := tops_start()
        let blocks := shr(3, add(queries(), 7))
        let n := add(first_query(), i)
        let word := calldataload(add(sub(end, shl(5, blocks)), shl(5, shr(3, n))))
        v := and(shr(sub(224, shl(5, and(n, 7))), word), 0xffffffff)
      }

      // A refusal of query i of the call, unless a word at or above p is to be refused before it.
      function refuse_query(failure, i, tree) {
        refuse_word()
        refuse_at(failure, add(first_query(), i), tree)
      }

      // The first word of the call at or above p is refused, if there is one.
      function refuse_word() {
        let at := data_start()
        for { let i := 0 } lt(i, query_count()) { i := add(i, 1) } {
          for { let tree := 0 } lt(tree, add(phases(), folds())) { tree := add(tree, 1) } {
            let info := mload(add(mload(trees_at()), shl(5, tree)))
            let end := add(at, field_of(info, 4))
            for {} lt(at, end) { at := add(at, 4) } {
              if iszero(lt(shr(224, swap_32(calldataload(at))), prime())) {
                refuse_at(failure_non_canonical(), add(first_query(), i), tree)
              }
            }
            at := add(add(at, field_of(info, 2)), mul(field_of(info, 1), digest_bytes()))
          }
        }
      }
