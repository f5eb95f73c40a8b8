object "FieldProbe" {
  code {
    datacopy(0, dataoffset("runtime"), datasize("runtime"))
    return(0, datasize("runtime"))
  }
  object "runtime" {
    // One function of field.yul on the words of calldata after the first, which says which.
    code {
      //INCLUDE ../stark/field

      let a := calldataload(32)
      let b := calldataload(64)
      let c := calldataload(96)
      let r := 0
      switch calldataload(0)
      case 0 { r := add5(a, b) }
      case 1 { r := sub5(a, b) }
      case 2 { r := mul5(a, b) }
      case 3 { r := muladd5(a, b, c) }
      case 4 { r := scale5(a, b) }
      case 5 { r := inverse5(a) }
      case 6 { r := power5(a, b) }
      case 7 { r := frobenius(a) }
      case 8 { r := frobenius_squared(a) }
      case 9 {
        r := element_at(32)
        if excess_any(excess_32(r)) { revert(0, 0) }
      }
      case 10 { r := square_often(a, b) }
      case 11 {
        let size := sub(calldatasize(), 32)
        calldatacopy(0, 32, size)
        inverse_many(0, shr(5, size), size)
        return(0, size)
      }
      case 12 { r := muladd_split(a, and(b, low_16()), and(shr(16, b), low_15()), c) }
      case 13 { r := reduce(a) }
      default { revert(0, 0) }
      mstore(0, r)
      return(0, 32)
    }
  }
}
