      // Written by circuits/evm/refusals.py.
      function protocol_version() -> v { v := 0 }
      function malformed() -> v { v := 1 }
      function non_canonical() -> v { v := 2 }
      function public_values() -> v { v := 3 }
      function public_messages() -> v { v := 4 }
      function wrong_key() -> v { v := 5 }
      function unsuitable_heights() -> v { v := 6 }
      function multiplicity_bound() -> v { v := 7 }
      function degenerate_challenge() -> v { v := 8 }
      function unbalanced_buses() -> v { v := 9 }
      function constraints() -> v { v := 10 }
      function grinding() -> v { v := 11 }
      function merkle_path() -> v { v := 12 }
      function fold() -> v { v := 13 }
      function final_polynomial() -> v { v := 14 }

      // Places in `Failure`, and where: a query or 65535, a tree or 255.
      function refuse_at(failure, query, tree) {
        mstore(0, 0x669a634200000000000000000000000000000000000000000000000000000000)
        mstore(4, failure)
        mstore(36, query)
        mstore(68, tree)
        revert(0, 100)
      }

      function refuse(failure) { refuse_at(failure, 65535, 255) }

      function malformed() {
        mstore(0, 0x7b6ad3f00000000000000000000000000000000000000000000000000000000)
        revert(0, 4)
      }
