// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFacts} from "venue/IFacts.sol";

/// What a StarkFacts is for and what it calls, fixed for ever. `begin` and `queries` are StarkBegin
/// and StarkQueries, one of each for all; `directory` and `manifest` name the data of the circuit
/// that they read; the rest is as IFacts.pins.
struct Wiring {
    address begin;
    address queries;
    address directory;
    address manifest;
    uint256 queryCount;
    bytes32 circuit;
    bytes32 fixedRoot;
    bytes parameters;
    bytes shape;
    bytes8 shapeClass;
}

/// The verifier of one circuit with one parameter set. A proof comes in parts, for it is longer than
/// a transaction: `begin` opens a session and checks all but the queries, `queries` checks some of
/// them; once all are checked the statement's fact is valid for ever. Whoever wants posts any part,
/// in any order after `begin`, as often as they like; no part of one proof counts for another.
contract StarkFacts is IFacts {
    address private immutable beginner;
    address private immutable questioner;
    address private immutable directory;
    address private immutable manifest;
    uint256 private immutable all;
    bytes32 private immutable circuit;
    bytes32 private immutable fixedRoot;
    bytes8 private immutable shapeClass;
    bytes32 private immutable parametersDigest;
    bytes private parameters;
    bytes private shape;

    /// Whether a proof of this fact was verified.
    mapping(bytes32 fact => bool) public isValid;
    /// Keccak of the context of an open session; 0 of any other.
    mapping(bytes32 session => bytes32) public contextOf;
    /// The queries of an open session that were checked: bit k for query k.
    mapping(bytes32 session => uint256) public checked;

    /// A session was opened: its proof is good but for its queries.
    event Begun(bytes32 indexed session, bytes32 indexed fact);
    /// Queries first .. first + count - 1 of a session are good.
    event Checked(bytes32 indexed session, uint256 first, uint256 count);
    /// A fact is valid.
    event Proved(bytes32 indexed fact);

    /// Bytes that no honest caller sends: a context that is not the session's, queries that the
    /// proof does not have.
    error Malformed();
    /// An address holds no code, or the directory is of another circuit than the pins.
    error Miswired();

    constructor(Wiring memory given) {
        _requireCode(given.begin);
        _requireCode(given.queries);
        _requireCode(given.directory);
        _requireCode(given.manifest);
        if (given.queryCount == 0 || given.queryCount > 255) revert Miswired();
        (beginner, questioner) = (given.begin, given.queries);
        (directory, manifest) = (given.directory, given.manifest);
        all = (1 << given.queryCount) - 1;
        (circuit, fixedRoot) = (given.circuit, given.fixedRoot);
        shapeClass = given.shapeClass;
        parametersDigest = keccak256(given.parameters);
        (parameters, shape) = (given.parameters, given.shape);
    }

    /// Check a proof up to its queries and open its session, unless it is open or its fact is valid.
    /// `statement` and `opening` as docs/soundness/on-chain.md has them; reverts as StarkBegin.
    function begin(
        bytes calldata statement,
        bytes calldata opening
    ) external returns (bytes32 session) {
        bytes32 fact = factOf(keccak256(statement));
        session = keccak256(abi.encodePacked(fact, keccak256(opening)));
        // Lie: a second begin, so that what was checked is forgotten.
        if (isValid[fact] || contextOf[session] != 0) return session;
        bytes memory context = _asked(
            beginner,
            abi.encodePacked(
                uint256(uint160(directory)),
                statement.length,
                opening.length,
                statement,
                opening
            )
        );
        // Lie: the data of an easier circuit behind the pins of this one.
        if (bytes32(context) != fact) revert Miswired();
        contextOf[session] = keccak256(context);
        emit Begun(session, fact);
    }

    /// Check queries first .. first + count - 1 of a session, of which `data` are the bytes, and make
    /// its fact valid if they were the last. `context` as StarkBegin answered it, `tops` the proof's;
    /// reverts with Malformed if they are not the session's, else as StarkQueries.
    function queries(
        bytes32 session,
        bytes calldata context,
        bytes calldata tops,
        uint256 first,
        uint256 count,
        bytes calldata data
    ) external {
        // Lie: a context of the caller's own, with challenges to their liking.
        if (contextOf[session] == 0 || keccak256(context) != contextOf[session]) revert Malformed();
        // Lie: no queries, or such as the proof has not, which fill the bitmap all the same.
        uint256 asked = _bits(first, count);
        _asked(
            questioner,
            abi.encodePacked(uint256(uint160(manifest)), first, count, context, tops, data)
        );
        emit Checked(session, first, count);
        uint256 done = checked[session] | asked;
        if (done != all) {
            checked[session] = done;
            return;
        }
        delete checked[session];
        delete contextOf[session];
        bytes32 fact = bytes32(context);
        isValid[fact] = true;
        emit Proved(fact);
    }

    /// The fact that a statement with this Keccak is true (circuits.evm.facts).
    function factOf(bytes32 statement) public view returns (bytes32) {
        return
            keccak256(
                abi.encodePacked("crypsis-fact-1", circuit, parametersDigest, fixedRoot, statement)
            );
    }

    /// What it verifies (IFacts).
    function pins()
        external
        view
        returns (bytes32, bytes32, bytes memory, bytes memory, bytes8)
    {
        return (circuit, fixedRoot, parameters, shape, shapeClass);
    }

    /// The code that it calls and the data that it has it read: whoever trusts it compares these.
    function wired() external view returns (address, address, address, address) {
        return (beginner, questioner, directory, manifest);
    }

    /// The bits of `count` queries from `first`.
    function _bits(uint256 first, uint256 count) private view returns (uint256 bits) {
        if (count == 0 || first > 255 || count > 255) revert Malformed();
        bits = ((1 << count) - 1) << first;
        if (bits & ~all != 0 || bits >> first != (1 << count) - 1) revert Malformed();
    }

    /// What a contract answers; its reason to revert is passed on.
    function _asked(address target, bytes memory data) private view returns (bytes memory) {
        (bool succeeded, bytes memory answer) = target.staticcall(data);
        if (!succeeded) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }

    // Lie: an address without code, a call of which succeeds.
    function _requireCode(address target) private view {
        if (target.code.length == 0) revert Miswired();
    }
}
