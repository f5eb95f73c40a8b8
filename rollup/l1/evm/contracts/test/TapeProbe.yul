object "TapeProbe" {
  code {
    datacopy(0, dataoffset("runtime"), datasize("runtime"))
    return(0, datasize("runtime"))
  }
  object "runtime" {
    // Runs code on a memory: calldata is the bytes of memory from 0 (a word), the memory, the code.
    // Answers the memory.
    code {
      //INCLUDE ../stark/interpreter

      let size := calldataload(0)
      calldatacopy(0, 32, sub(calldatasize(), 32))
      run(size)
      return(0, size)
    }
  }
}
