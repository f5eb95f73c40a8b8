object "QueryProbe" {
  code {
    datacopy(0, dataoffset("runtime"), datasize("runtime"))
    return(0, datasize("runtime"))
  }
  object "runtime" {
    // One kernel of StarkQueries on the words of calldata after the first, which says which.
    code {
      //INCLUDE ../stark/field
      //INCLUDE ../stark/refusals
      //INCLUDE ../stark/query_constants
      //INCLUDE ../stark/query_kernels
      //INCLUDE ../stark/query_dots
      //INCLUDE ../stark/query_table
      //INCLUDE ../stark/query_sums
      //INCLUDE ../stark/query_weights

      let a := calldataload(32)
      let b := calldataload(64)
      let at := 0x2000
      switch calldataload(0)
      // So many words after eight weights.
      case 0 {
        pack(at, b, calldataload(128), calldataload(192), calldataload(256))
        pack(
          add(at, 160),
          calldataload(96),
          calldataload(160),
          calldataload(224),
          calldataload(288)
        )
        clear_sums()
        add_run(320, a, at)
        mstore(at, gathered_sums())
        mstore(add(at, 32), words_excess())
        return(at, 64)
      }
      case 1 {
        put_factor(at, b)
        mstore(at, mul_factor(at, a, calldataload(96), calldataload(128)))
        return(at, 32)
      }
      case 2 {
        put_factor(at, b)
        mstore(at, times_factor(at, a))
        return(at, 32)
      }
      // So many powers.
      case 3 {
        put_factor(batch_factor(), b)
        put_powers_of_batch(at, add(at, shl(5, a)), shl(192, 1), 0)
        return(at, shl(5, a))
      }
      // A fibre, and what shows that a word of it is not below p.
      case 4 {
        load_fibre(32)
        mstore(add(fibre(), 256), words_excess())
        return(fibre(), 288)
      }
      // So many coefficients, at most four, times powers of a number.
      case 5 {
        mstore(powers_at(), add(at, 160))
        pack(at, calldataload(96), calldataload(128), calldataload(160), calldataload(192))
        put_powers(b, 1)
        mstore(at, evaluate(at, a))
        return(at, 32)
      }
    }
  }
}
