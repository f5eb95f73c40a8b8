object "StarkQueries" {
  code {
    datacopy(0, dataoffset("runtime"), datasize("runtime"))
    return(0, datasize("runtime"))
  }
  object "runtime" {
    code {
      // The queries of a verification, a stretch of them a call. Pure: it reads calldata and one
      // data contract, and returns nothing, or reverts with Refused(failure, query, tree) or
      // Malformed().
      //
      //     address of the manifest (circuits/evm/query_manifest.py), 32 bytes
      //     first query, number of queries, 32 bytes each
      //     context (circuits/evm/context.py), tops, bytes of those queries, without lengths
      //
      // Whoever calls vouches for the manifest and the context; all else is held to them here.
      // Rows, paths, f_0 and folds are in the order of circuits/stark/queries.py. Words at or above
      // p are only gathered on the way: before anything else is refused, and at the end if any was
      // met, all words of the call are gone through for the first of them, as a decoder would.

      //INCLUDE field
      //INCLUDE refusals
      //INCLUDE query_constants
      //INCLUDE query_table
      //INCLUDE query_paths
      //INCLUDE query_kernels
      //INCLUDE query_dots
      //INCLUDE query_sums
      //INCLUDE query_weights
      //INCLUDE query_folds

      // Lie: queries that the proof does not have; tops of another proof, which rows of another
      // proof lead to; a longer text that begins with the queries.
      function check_call() {
        let rest := sub(queries(), first_query())
        if or(iszero(lt(first_query(), queries())), gt(query_count(), rest)) { revert_malformed() }
        let start := data_start()
        if or(iszero(query_count()), lt(calldatasize(), start)) { revert_malformed() }
        let spare := mload(leaf_at())
        calldatacopy(spare, tops_start(), tops_bytes())
        if sub(keccak256(spare, tops_bytes()), calldataload(add(context_start(), 32))) {
          revert_malformed()
        }
        if sub(sub(calldatasize(), start), mul(query_count(), query_bytes())) {
          refuse(failure_malformed())
        }
      }

      load_manifest()
      check_call()
      prepare_weights()
      prepare_challenges()
      prepare_points()
      prepare_packed()
      mstore(0, node_tag())
      for { let i := 0 } lt(i, query_count()) { i := add(i, 1) } {
        let from := add(data_start(), mul(i, query_bytes()))
        check_rows(i, from)
        follow_folds(i, from, combine(i, from))
      }
      if or(words_excess(), excess_any(mload(gathered_elements()))) { refuse_word() }
    }
  }
}
