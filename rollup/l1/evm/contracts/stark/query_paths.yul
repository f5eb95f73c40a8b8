      // Leaves and paths: circuits/pcs/merkle_verify.py.

      // The digest of a leaf whose row, then salt, begin at `from` of calldata.
      function leaf(from, info) -> digest {
        let at := mload(leaf_at())
        mstore(at, shr(160, info))
        let place := add(at, 32)
        let row := field_of(info, 4)
        calldatacopy(place, from, row)
        place := add(place, row)
        mstore(place, 0)
        place := add(place, field_of(info, 3))
        let salt := field_of(info, 2)
        calldatacopy(place, add(from, row), salt)
        at := add(at, 24)
        digest := and(keccak256(at, sub(add(place, salt), at)), digest_mask())
      }

      // Lie: a row that is not the committed one. Returns where the opening ends.
      function check_path(i, tree, from, index) -> end {
        let info := mload(add(mload(trees_at()), shl(5, tree)))
        let path := add(add(from, field_of(info, 4)), field_of(info, 2))
        end := add(path, mul(field_of(info, 1), digest_bytes()))
        let digest := leaf(from, info)
        digest := climb(path, end, index, digest, digest_mask(), digest_bytes())
        let place := shr(field_of(info, 1), index)
        let top := add(add(tops_start(), field_of(info, 0)), mul(place, digest_bytes()))
        if sub(digest, and(calldataload(top), digest_mask())) {
          refuse_query(failure_merkle_path(), i, tree)
        }
      }

      // The rows of all phases lead to their tops.
      function check_rows(i, from) {
        let index := position(i)
        for { let tree := 0 } lt(tree, phases()) { tree := add(tree, 1) } {
          from := check_path(i, tree, from, index)
        }
      }
