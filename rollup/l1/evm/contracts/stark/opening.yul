      // The opening: the proof's bytes up to and including the tops of its trees.

      // Hold version and length to what they must be, and every element to be canonical; elements
      // go to memory, in the order of the proof.
      function take_opening(from, size) {
        // Lie: a proof of another protocol.
        if or(lt(size, 4), sub(shr(224, calldataload(from)), version())) {
          refuse(failure_protocol_version())
        }
        if sub(size, opening_bytes()) { refuse(failure_malformed()) }
        let bad := take_elements(add(from, offset_terminals()), place_terminals(), groups())
        // What is opened at zeta, in the row below and of the chunks: bytes and words without gaps.
        let opened := add(add(here(), after()), chunks())
        bad := or(bad, take_many(add(from, offset_here()), place_values(), opened))
        bad := or(bad, take_elements(add(from, offset_final()), place_final(), final()))
        // Lie: the same proof in other bytes.
        if excess_any(bad) { refuse(failure_non_canonical()) }
      }

      // The same as take_many, of few, in less code.
      function take_elements(from, to, count) -> bad {
        for { let end := add(to, shl(5, count)) } lt(to, end) { to := add(to, 32) } {
          let value := element_at(from)
          bad := or(bad, excess_32(value))
          mstore(to, value)
          from := add(from, 20)
        }
      }

      // Of a word, the bytes that a digest keeps.
      function digest_mask() -> v { v := not(shr(shl(3, digest_bytes()), not(0))) }

      // The digest at `from` of calldata, zeros after.
      function digest_at(from) -> v { v := and(calldataload(from), digest_mask()) }

      // The root above 2^bits digests at `from` of calldata.
      function root_of(from, bits) -> root {
        let mask := digest_mask()
        let nodes := add(place_buffer(), 96)
        let end := nodes
        for { let left := shl(bits, 1) } left { left := sub(left, 1) } {
          mstore(end, and(calldataload(from), mask))
          from := add(from, digest_bytes())
          end := add(end, 32)
        }
        let at := place_buffer()
        mstore(at, "node")
        for {} gt(sub(end, nodes), 32) {} {
          let to := nodes
          for { let pair := nodes } lt(pair, end) { pair := add(pair, 64) } {
            mstore(add(at, 8), mload(pair))
            mstore(add(at, 40), mload(add(pair, 32)))
            mstore(to, and(keccak256(at, 72), mask))
            to := add(to, 32)
          }
          end := to
        }
        root := mload(nodes)
      }

      // The root that a proof at `from` states of a tree.
      function stated_root(from, tree) -> root {
        switch tree
        case 0 { root := fixed_root() }
        case 1 { root := digest_at(add(from, 4)) }
        case 2 { root := digest_at(add(from, offset_lookup_root())) }
        case 3 { root := digest_at(add(from, offset_quotient_root())) }
        default {
          let layer := mul(add(digest_bytes(), 8), sub(tree, 4))
          root := digest_at(add(add(from, offset_layers()), layer))
        }
      }

      // Every top leads to its root.
      function check_tops(from) {
        let at := add(from, offset_tops())
        for { let tree := 0 } lt(tree, trees()) { tree := add(tree, 1) } {
          let bits := byte(tree, tops())
          // Lie: another tree layer than the committed one, under which paths end.
          if sub(root_of(at, bits), stated_root(from, tree)) {
            refuse_at(failure_merkle_path(), no_query(), tree)
          }
          at := add(at, mul(digest_bytes(), shl(bits, 1)))
        }
      }
