      // Written by circuits/evm/query_constants.py.
      function node_tag() -> v { v := 0x6e6f646500000000 }
      function phases() -> v { v := 0x4 }
      function fold_log2() -> v { v := 0x3 }
      function degree() -> v { v := 0x5 }
      function generator() -> v { v := 0x3 }
      function low_31() -> v { v := 0x7fffffff00000fffffffe00001fffffffc00003fffffff800007fffffff }
      function low_20() -> v { v := 0xfffff00000001ffffe00000003ffffc00000007ffff80000000fffff }
      function above_31() -> v { v := 0xffffff }
      function complement_32() -> v { v := 0xffffff00ffffff00ffffff00ffffff00ffffff00ffffff00ffffff00ffffff }
      function top_32() -> v { v := 0x8000000080000000800000008000000080000000800000008000000080000000 }
      function even_32() -> v { v := 0xffffffff00000000ffffffff00000000ffffffff00000000ffffffff }
      function lane_0() -> v { v := 0x7ffffffffffff }
      function lane_1() -> v { v := 0x3ffffffffffff8000000000000 }
      function lane_2() -> v { v := 0x1ffffffffffffc0000000000000000000000000 }
      function lane_3() -> v { v := 0xffffffffffffe00000000000000000000000000000000000000 }
      function lane_4() -> v { v := 0x7ffffffffffff000000000000000000000000000000000000000000000000000 }
