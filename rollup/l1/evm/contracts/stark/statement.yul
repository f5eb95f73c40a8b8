      // The statement: what circuits/stark/binding.py checks and binds of it. Its bytes are a digest
      // of 32, then numbers of 8, little-endian: how many public values, the values, how many
      // messages, and of each message bus, sign, count, elements of its payload, the payload.

      // The 8-byte number at `from` of calldata.
      function number_at(from) -> v {
        v := swap_32(calldataload(from))
        v := or(shr(224, v), and(shr(160, v), 0xffffffff00000000))
      }

      // Take in the statement of `size` bytes at `from`.
      function take_statement(from, size) {
        if lt(size, 48) { revert_malformed() }
        let at := add(from, 32)
        // Lie: a public value besides those of the circuit, or one too few.
        if sub(number_at(at), publics()) { refuse(failure_public_values()) }
        let values_end := add(at, shl(3, add(publics(), 1)))
        let end := add(from, size)
        if lt(end, add(values_end, 8)) { revert_malformed() }
        take_publics(add(at, 8))
        let messages_end := check_messages(values_end, end)
        if sub(messages_end, end) { revert_malformed() }
        mstore(place_state(), state())
        absorb("public-digest", 13, from, 32)
        absorb_word("heights", 7, heights(), groups())
        absorb_word("fixed-root", 10, fixed_root(), digest_bytes())
        absorb("public-values", 13, at, sub(values_end, at))
        absorb("public-messages", 15, values_end, sub(end, values_end))
      }

      // The values as words.
      function take_publics(at) {
        let place := place_publics()
        for { let end := add(at, shl(3, publics())) } lt(at, end) { at := add(at, 8) } {
          let value := number_at(at)
          // Lie: p + v in the place of v, another statement to whoever reads words.
          if iszero(lt(value, prime())) { refuse(failure_public_values()) }
          mstore(place, value)
          place := add(place, 32)
        }
      }

      // Hold the messages at `at` to what the circuit's buses carry; answers where they end.
      function check_messages(at, end) -> next {
        next := add(at, 8)
        for { let left := number_at(at) } left { left := sub(left, 1) } {
          if lt(end, add(next, 32)) { revert_malformed() }
          next := check_message(next, end)
        }
      }

      function check_message(at, end) -> next {
        let bus := number_at(at)
        let size := number_at(add(at, 24))
        // Lie: a message on a bus that no table reads, or of another form than the tables'.
        if iszero(lt(bus, buses())) { refuse(failure_public_messages()) }
        bus := add(place_buses(), mul(96, bus))
        if sub(mload(bus), size) { refuse(failure_public_messages()) }
        next := add(add(at, 32), shl(3, size))
        // Lie: a sign that is neither, which would weigh a message as something else.
        let sign := number_at(add(at, 8))
        let count := number_at(add(at, 16))
        if iszero(or(eq(sign, 1), eq(sign, sub(prime(), 1)))) { refuse(failure_public_messages()) }
        if iszero(lt(count, prime())) { refuse(failure_public_messages()) }
        if lt(end, next) { revert_malformed() }
        for { at := add(at, 32) } lt(at, next) { at := add(at, 8) } {
          if iszero(lt(number_at(at), prime())) { refuse(failure_public_messages()) }
        }
        // Lie: p equal messages, which count as none.
        let copies := add(mload(add(bus, 32)), count)
        if iszero(lt(copies, prime())) { refuse(failure_multiplicity_bound()) }
        mstore(add(bus, 32), copies)
      }

      // alpha - (b + 1) beta^W for every bus b, the table of -beta^k, and the sum of all fractions:
      // terminals and messages at `at`. Refused unless it is zero.
      function check_balance(at, alpha, beta) {
        let power := put_powers(place_fingerprints(), powers(), sub5(0, 1), beta)
        let place := place_buses()
        for { let left := buses() } left { left := sub(left, 1) } {
          alpha := add5(alpha, power)
          mstore(add(place, 64), alpha)
          place := add(place, 96)
        }
        let total := 0
        place := place_terminals()
        for { let end := add(place, shl(5, groups())) } lt(place, end) { place := add(place, 32) } {
          total := add5(total, mload(place))
        }
        total := add5(total, public_sum(at))
        // Lie: something received that nobody sent.
        if total { refuse(failure_unbalanced_buses()) }
      }

      // The fractions of all public messages, by one inversion.
      function public_sum(at) -> total {
        let messages := number_at(at)
        let place := place_buffer()
        let from := add(at, 8)
        for { let left := messages } left { left := sub(left, 1) } {
          let size := number_at(add(from, 24))
          let value := denominator(from, size)
          if iszero(value) { refuse(failure_degenerate_challenge()) }
          mstore(place, value)
          place := add(place, 32)
          from := add(add(from, 32), shl(3, size))
        }
        inverse_many(place_buffer(), messages, place)
        place := place_buffer()
        from := add(at, 8)
        for { let left := messages } left { left := sub(left, 1) } {
          let share := scale5(mload(place), number_at(add(from, 16)))
          if gt(number_at(add(from, 8)), 1) { share := sub5(0, share) }
          total := add5(total, share)
          place := add(place, 32)
          from := add(add(from, 32), shl(3, number_at(add(from, 24))))
        }
      }

      // The denominator of the message at `from`: a value below 2^31 times 11 bits fits 300 times.
      function denominator(from, size) -> r {
        let weight := place_fingerprints()
        let bus := mload(add(add(place_buses(), 64), mul(96, number_at(from))))
        let low := 0
        let middle := 0
        let high := 0
        from := add(from, 32)
        for { let end := add(from, shl(3, size)) } lt(from, end) { from := add(from, 8) } {
          let value := number_at(from)
          low := add(low, mul(value, mload(weight)))
          middle := add(middle, mul(value, mload(add(weight, 32))))
          high := add(high, mul(value, mload(add(weight, 64))))
          weight := add(weight, 128)
        }
        r := comb_parts(low, middle, high, bus)
      }
