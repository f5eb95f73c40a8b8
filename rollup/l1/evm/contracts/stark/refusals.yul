      // Written by circuits/evm/refusals.py.
      function failure_protocol_version() -> v { v := 0 }
      function failure_malformed() -> v { v := 1 }
      function failure_non_canonical() -> v { v := 2 }
      function failure_public_values() -> v { v := 3 }
      function failure_public_messages() -> v { v := 4 }
      function failure_wrong_key() -> v { v := 5 }
      function failure_unsuitable_heights() -> v { v := 6 }
      function failure_multiplicity_bound() -> v { v := 7 }
      function failure_degenerate_challenge() -> v { v := 8 }
      function failure_unbalanced_buses() -> v { v := 9 }
      function failure_constraints() -> v { v := 10 }
      function failure_grinding() -> v { v := 11 }
      function failure_merkle_path() -> v { v := 12 }
      function failure_fold() -> v { v := 13 }
      function failure_final_polynomial() -> v { v := 14 }

      // Places in `Failure`, and where: a query or 65535, a tree or 255.
      function refuse_at(failure, query, tree) {
        mstore(0, 0x669a634200000000000000000000000000000000000000000000000000000000)
        mstore(4, failure)
        mstore(36, query)
        mstore(68, tree)
        revert(0, 100)
      }

      function no_query() -> v { v := 65535 }
      function no_tree() -> v { v := 255 }
      function refuse(failure) { refuse_at(failure, no_query(), no_tree()) }

      function revert_malformed() {
        mstore(0, 0x7b6ad3f00000000000000000000000000000000000000000000000000000000)
        revert(0, 4)
      }
