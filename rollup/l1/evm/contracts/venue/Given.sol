// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GovernanceReader} from "venue/GovernanceReader.sol";
import {IRollupEvents} from "venue/IRollup.sol";
import {Numbers} from "venue/Numbers.sol";
import {Reverted, Reverts} from "venue/Reasons.sol";
import {Reports} from "venue/Reports.sol";
import {Schedule} from "venue/Schedule.sol";
import {Governance, Header, Oracle, Report} from "venue/Types.sol";

/// Signed reports that anybody gave L1, by slot: what makes calling a market missing a lie
/// (rollup.l1.given). Held are the slots that a header which is not committed yet could ask for;
/// of each report that it was there and since when, while its bytes are in an event. Times in ms.
library Given {
    /// What headers to come can ask for: slots from `first` on, those in time from `prompt` on.
    struct Wanted {
        uint256 first;
        uint256 prompt;
    }

    /// `slots` are those held, rising. `opened` is by slot the number of the ReportsCame, counted
    /// from 1 by `calls`, that brought its first report, 0 where none is held; what a slot has is
    /// kept by that number, so that a slot which was forgotten begins anew. `since` is by report
    /// its L1 time + 1, `counts` by feed how many there are.
    struct Store {
        uint64[] slots;
        uint256 calls;
        mapping(uint256 slot => uint256) opened;
        mapping(bytes32 report => uint256) since;
        mapping(bytes32 feed => uint256) counts;
    }

    /// Hold the reports in the bytes of packages_to_bytes, all of one slot, of each market a quorum
    /// or none; returns how many were not held. `number` and `time` are the least that the next
    /// header can have. Reverts in the order of docs/spec/09-l1.md, l1.given. Says ReportsCame
    /// where any was not held, then ReportsGiven of each of their markets.
    function give(
        Store storage store,
        Schedule.Store storage schedule,
        uint256 number,
        uint256 time,
        bytes calldata data,
        uint256 now_
    ) external returns (uint256 added) {
        (Report[] memory reports, bool fits) = Reports.read(data);
        if (!fits || reports.length == 0) revert Reverted(Reverts.BAD_REPORTS);
        uint256 slot = reports[0].time;
        Wanted memory asked = wanted(schedule, time, now_);
        uint256 place = Schedule.placeFor(schedule, number, now_);
        Schedule.Scheduled storage terms = schedule.entries[place];
        _requireSlot(slot, terms.slotMs, asked.first, now_);
        if (!_hasRoom(store, slot, asked)) revert Reverted(Reverts.REPORT_STALE);
        Governance memory governance;
        governance.oracle = GovernanceReader.loadOracle(terms.data);
        (uint256[] memory markets, address[] memory signers) =
            Reports.judgedTogether(governance, int256(slot), reports);
        uint256 opened = store.opened[slot];
        if (opened == 0) opened = _open(store, slot);
        (bool[] memory isNew, uint256 found) = _hold(store, opened, reports, signers, now_);
        added = found;
        forget(store, asked);
        if (added == 0) return 0;
        ++store.calls;
        emit IRollupEvents.ReportsCame(slot, now_, data);
        _say(store, slot, opened, governance.oracle, markets, isNew);
    }

    /// Which slots a header that is not committed yet can ask for, under any parameters that it can
    /// be under; `time` is the least that it can have. Below 0 there are no slots.
    function wanted(Schedule.Store storage schedule, uint256 time, uint256 now_)
        internal
        view
        returns (Wanted memory found)
    {
        found = Wanted(type(uint256).max, type(uint256).max);
        uint256 count = schedule.entries.length;
        for (uint256 place = schedule.used; place < count; ++place) {
            Schedule.Scheduled storage terms = schedule.entries[place];
            (uint256 slotMs, uint256 lagMs) = (terms.slotMs, terms.lagMs);
            uint256 first = _slotOf(time, lagMs, slotMs);
            uint256 prompt = _slotOf(now_, lagMs + terms.clockBehindMs, slotMs);
            if (first < found.first) found.first = first;
            if (prompt < found.prompt) found.prompt = prompt;
        }
    }

    /// Drop what no header to come asks for, and what is beyond the bounds: of what only a redo can
    /// ask for the oldest stay, which it does first; of the others the newest.
    function forget(Store storage store, Wanted memory asked) internal {
        uint64[] storage slots = store.slots;
        uint256 count = slots.length;
        uint256 start = 0;
        while (start < count && slots[start] < asked.first) ++start;
        uint256 prompt = start;
        while (prompt < count && slots[prompt] < asked.prompt) ++prompt;
        uint256 most = start + Numbers.LATE_SLOTS_MAX;
        uint256 end = prompt < most ? prompt : most;
        uint256 next = count > prompt + Numbers.PROMPT_SLOTS_MAX
            ? count - Numbers.PROMPT_SLOTS_MAX
            : prompt;
        if (start == 0 && end == next) return;
        uint256 kept = 0;
        for (uint256 place = 0; place < count; ++place) {
            uint64 slot = slots[place];
            if ((start <= place && place < end) || next <= place) slots[kept++] = slot;
            else delete store.opened[slot];
        }
        while (slots.length > kept) slots.pop();
    }

    /// Whether a header calls a market missing of which a quorum was held before now: of signers
    /// that its own parameters register, so that its batch can take what is held.
    function withheld(
        Store storage store,
        Schedule.Scheduled storage terms,
        Header memory header,
        uint256 now_
    ) internal view returns (bool) {
        if (header.missing == 0 || header.time < terms.lagMs) return false;
        uint256 opened = store.opened[_slotOf(header.time, terms.lagMs, terms.slotMs)];
        if (opened == 0) return false;
        Oracle memory oracle = GovernanceReader.loadOracle(terms.data);
        for (uint256 market = 0; market < oracle.feeds.length; ++market) {
            bool isMissing = header.missing >> market & 1 == 1;
            bytes32 feed = oracle.feeds[market].feed;
            if (isMissing && _quorumIsHeld(store, opened, feed, oracle, now_)) return true;
        }
        return false;
    }

    /// The slots that are held, rising.
    function slotsOf(Store storage store) external view returns (uint64[] memory) {
        return store.slots;
    }

    /// The slot of a moment, the last that is not after it less a lag; 0 where that is below 0.
    function _slotOf(uint256 time, uint256 lagMs, uint256 slotMs) private pure returns (uint256) {
        return time < lagMs ? 0 : (time - lagMs) / slotMs * slotMs;
    }

    /// A slot is one, is not to come, and can still be asked for.
    function _requireSlot(uint256 slot, uint256 slotMs, uint256 first, uint256 now_)
        private
        pure
    {
        if (slot % slotMs != 0) revert Reverted(Reverts.REPORT_SLOT);
        if (slot > now_) revert Reverted(Reverts.REPORT_AHEAD);
        if (slot < first) revert Reverted(Reverts.REPORT_STALE);
    }

    /// Whether `forget` would keep a slot that can be asked for, held yet or not.
    function _hasRoom(Store storage store, uint256 slot, Wanted memory asked)
        private
        view
        returns (bool)
    {
        uint64[] storage slots = store.slots;
        uint256 others = 0;
        if (slot < asked.prompt) {
            for (uint256 place = 0; place < slots.length && slots[place] < slot; ++place) {
                if (slots[place] >= asked.first) ++others;
            }
            return others < Numbers.LATE_SLOTS_MAX;
        }
        for (uint256 place = slots.length; place > 0 && slots[place - 1] > slot; --place) {
            ++others;
        }
        return others < Numbers.PROMPT_SLOTS_MAX;
    }

    /// Begin a slot that is not held: put it in its place.
    function _open(Store storage store, uint256 slot) private returns (uint256 opened) {
        opened = store.calls + 1;
        store.opened[slot] = opened;
        uint64[] storage slots = store.slots;
        slots.push(uint64(slot));
        for (uint256 place = slots.length - 1; place > 0 && slots[place - 1] > slot; --place) {
            (slots[place], slots[place - 1]) = (slots[place - 1], uint64(slot));
        }
    }

    /// Keep each report, unless there is one of its feed and signer; which were kept, and how many.
    function _hold(
        Store storage store,
        uint256 opened,
        Report[] memory reports,
        address[] memory signers,
        uint256 now_
    ) private returns (bool[] memory isNew, uint256 added) {
        isNew = new bool[](reports.length);
        for (uint256 place = 0; place < reports.length; ++place) {
            bytes32 report = _reportKey(opened, reports[place].feed, signers[place]);
            if (store.since[report] != 0) continue;
            store.since[report] = now_ + 1;
            ++store.counts[_feedKey(opened, reports[place].feed)];
            isNew[place] = true;
            ++added;
        }
    }

    /// Of how many signers there is a report now, of each market that got one; markets rise.
    function _say(
        Store storage store,
        uint256 slot,
        uint256 opened,
        Oracle memory oracle,
        uint256[] memory markets,
        bool[] memory isNew
    ) private {
        uint256 last = type(uint256).max;
        for (uint256 place = 0; place < markets.length; ++place) {
            uint256 market = markets[place];
            if (!isNew[place] || market == last) continue;
            last = market;
            uint256 count = store.counts[_feedKey(opened, oracle.feeds[market].feed)];
            emit IRollupEvents.ReportsGiven(slot, market, count);
        }
    }

    /// Whether reports of a quorum came before now; how many came of anybody is asked first.
    function _quorumIsHeld(
        Store storage store,
        uint256 opened,
        bytes32 feed,
        Oracle memory oracle,
        uint256 now_
    ) private view returns (bool) {
        if (store.counts[_feedKey(opened, feed)] < oracle.quorum) return false;
        uint256 count = 0;
        for (uint256 place = 0; place < oracle.signers.length; ++place) {
            uint256 since = store.since[_reportKey(opened, feed, oracle.signers[place])];
            if (since != 0 && since <= now_) ++count;
        }
        return count >= oracle.quorum;
    }

    function _reportKey(uint256 opened, bytes32 feed, address signer)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(opened, feed, signer));
    }

    function _feedKey(uint256 opened, bytes32 feed) private pure returns (bytes32) {
        return keccak256(abi.encode(opened, feed));
    }
}
