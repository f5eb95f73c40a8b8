// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Given} from "venue/Given.sol";
import {Headers} from "venue/Headers.sol";
import {IRollupEvents} from "venue/IRollup.sol";
import {Schedule} from "venue/Schedule.sol";

/// Headers, parameters and given reports as a venue has them, with a clock and a queue that a test
/// says.
contract HeadersProbe is IRollupEvents {
    Headers.Store private headers;
    Schedule.Store private schedule;
    Given.Store private given;
    Headers.Rules private rules;
    uint256 private delay;

    function open(bytes calldata governance, bytes32 root, Headers.Rules memory said, uint256 wait)
        external
    {
        rules = said;
        delay = wait;
        Schedule.open(schedule, governance);
        Headers.open(headers, said.start, root);
    }

    function announce(bytes calldata governance, uint256 number, uint256 now_)
        external
        returns (uint256)
    {
        return Schedule.announce(schedule, governance, number, now_, delay, rules.intervalMs);
    }

    function commit(bytes calldata header, Headers.Queued memory queued, uint256 now_)
        external
        returns (uint8)
    {
        return Headers.commit(
            headers, schedule, given, rules, Headers.decode(header), queued, now_
        );
    }

    function give(bytes calldata reports, uint256 now_) external returns (uint256) {
        return giveFor(uint256(headers.head) + 1, Headers.nextTime(headers), reports, now_);
    }

    /// The same where the next header has at least this number and time.
    function giveFor(uint256 number, uint256 time, bytes calldata reports, uint256 now_)
        public
        returns (uint256)
    {
        return Given.give(given, schedule, number, time, reports, now_);
    }

    function prove() external {
        Headers.prove(headers);
    }

    function state()
        external
        view
        returns (uint64 proved, uint64 head, uint128 redoUntil, uint256 next, bool waits)
    {
        (waits,) = Headers.oldest(headers);
        return (headers.proved, headers.head, headers.redoUntil, Headers.nextTime(headers), waits);
    }

    function held(uint256 number) external view returns (Headers.Held memory) {
        return headers.held[number];
    }

    function refusal() external view returns (Headers.Waiting memory) {
        return headers.refusal;
    }

    function refused(bytes32 digest) external view returns (uint8) {
        return headers.refused[digest];
    }

    function wantsRedo(uint256 number, uint256 time) external view returns (bool) {
        return Headers.wantsRedo(headers, number, time);
    }

    function scheduled() external view returns (Schedule.Scheduled[] memory, uint256 used) {
        return (schedule.entries, schedule.used);
    }

    function placeFor(uint256 number, uint256 time) external view returns (uint256) {
        return Schedule.placeFor(schedule, number, time);
    }

    function slots() external view returns (uint64[] memory) {
        return Given.slotsOf(given);
    }
}
