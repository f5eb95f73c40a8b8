object "StarkBegin" {
  code {
    datacopy(0, dataoffset("runtime"), datasize("runtime"))
    return(0, datasize("runtime"))
  }
  object "runtime" {
    // All that circuits/stark/verifier.py checks of a proof before its queries, and the check of
    // the tops of its trees; answers the context that the queries depend on. One code for every
    // circuit and parameter set: what differs is data in contracts that the directory names.
    //
    // Calldata: address of the directory, bytes of the statement, bytes of the opening (a word
    // each), the statement, the opening. Reads no storage and writes none.
    code {
      //INCLUDE field
      //INCLUDE refusals
      //INCLUDE begin_fields
      //INCLUDE sums
      //INCLUDE interpreter
      //INCLUDE transcript
      //INCLUDE statement
      //INCLUDE opening
      //INCLUDE constraints
      //INCLUDE context

      // Contract `place` of the directory, which is STOP and a word for each.
      function blob(place) -> address_ {
        extcodecopy(calldataload(0), 0, add(1, shl(5, place)), 32)
        address_ := mload(0)
      }

      function load_manifest() {
        let manifest := blob(0)
        extcodecopy(manifest, place_manifest(), 1, sub(extcodesize(manifest), 1))
      }

      // Absorbs the roots as the proof at `opening` comes to them; answers zeta.
      function to_zeta(opening, messages) -> zeta {
        absorb("main-root", 9, add(opening, 4), digest_bytes())
        let alpha := challenge_outside("lookup-alpha", 12)
        check_balance(messages, alpha, challenge_outside("lookup-beta", 11))
        absorb("terminals", 9, add(opening, offset_terminals()), mul(20, groups()))
        absorb("lookup-root", 11, add(opening, offset_lookup_root()), digest_bytes())
        let kappa := challenge("constraints", 11)
        absorb("quotient-root", 13, add(opening, offset_quotient_root()), digest_bytes())
        zeta := challenge_outside("zeta", 4)
        // Lie: values at zeta that no columns of the statement have there.
        if sub(from_constraints(kappa, zeta), from_chunks(zeta)) {
          refuse(failure_constraints())
        }
      }

      // The batch challenge and those of the folds, to `to`; answers the former.
      function to_folds(opening, to) -> batch {
        absorb("opened-here", 11, add(opening, offset_here()), mul(20, here()))
        absorb("opened-after", 12, add(opening, offset_after()), mul(20, after()))
        absorb("opened-chunks", 13, add(opening, offset_chunks()), mul(20, chunks()))
        work("batch-nonce", 11, work_batch(), add(opening, offset_batch_nonce()))
        batch := challenge("batch", 5)
        mstore(to, batch)
        let at := add(opening, offset_layers())
        for { let left := layers() } left { left := sub(left, 1) } {
          absorb("layer-root", 10, at, digest_bytes())
          at := add(at, digest_bytes())
          work("fold-nonce", 10, work_fold(), at)
          at := add(at, 8)
          to := add(to, 32)
          mstore(to, challenge("fold", 4))
        }
        absorb("final-polynomial", 16, add(opening, offset_final()), mul(20, final()))
        work("query-nonce", 11, work_query(), add(opening, offset_query_nonce()))
      }

      // What a valid session makes true of the statement at `from`.
      function fact(from, size) -> digest {
        let at := place_buffer()
        calldatacopy(at, from, size)
        let statement := keccak256(at, size)
        mstore(at, fact_tag())
        at := add(at, fact_tag_bytes())
        mstore(at, circuit())
        mstore(add(at, 32), parameters())
        mstore(add(at, 64), fixed_root())
        mstore(add(at, 96), statement)
        digest := keccak256(place_buffer(), add(fact_tag_bytes(), 128))
      }

      function keccak_tops(opening) -> digest {
        let size := sub(opening_bytes(), offset_tops())
        calldatacopy(place_buffer(), add(opening, offset_tops()), size)
        digest := keccak256(place_buffer(), size)
      }

      // Copies memory; answers the end of the copy.
      function copied(from, size, to) -> end {
        mcopy(to, from, size)
        end := add(to, size)
      }

      load_manifest()
      let statement_bytes := calldataload(32)
      let opening := add(96, statement_bytes)
      take_statement(96, statement_bytes)
      take_opening(opening, calldataload(64))
      // After the digest, the count of values and the values.
      let zeta := to_zeta(opening, add(136, shl(3, publics())))
      let batch := to_folds(opening, place_challenges())
      let drawn := place_positions()
      let drawn_end := positions("queries", 7, log2_domain(), queries(), drawn)
      check_tops(opening)
      let end := place_context()
      // What is hashed may stand where the context will: both digests come first.
      let proved := fact(96, statement_bytes)
      let tops_digest := keccak_tops(opening)
      mstore(end, proved)
      mstore(add(end, 32), tops_digest)
      end := add(end, 64)
      end := copied(place_challenges(), shl(5, add(layers(), 1)), end)
      end := put_groups(end, zeta, batch)
      end := copied(place_final(), shl(5, final()), end)
      end := copied(drawn, sub(drawn_end, drawn), end)
      return(place_context(), sub(end, place_context()))
    }
  }
}
