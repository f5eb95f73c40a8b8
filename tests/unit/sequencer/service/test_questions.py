"""Sealed questions: an owner learns its own account, and nobody else learns anything."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rollup.crypto.answer import QUESTION_ANSWER_BYTES, ResponseKey, answer_data_max
from rollup.crypto.envelope import ENVELOPE_LIFETIME_MS, Action, PaddingAction, QuestionAction
from rollup.protocol.constants import (
    CASH_LIMIT,
    EXPIRY_BITS,
    FEE_RATE_BITS,
    GENERATION_END,
    MARKETS_MAX,
    NOTIONAL_BITS,
    NUMBER_BITS,
    POSITION_LIMIT,
    PRICE_BITS,
    SEQUENCE_BITS,
    SIZE_BITS,
    TIME_BITS,
)
from rollup.protocol.holding import Holding
from rollup.protocol.order import Side, SignedOrder
from rollup.protocol.positions import Positions
from rollup.protocol.question import Question, question_digest
from rollup.protocol.rejection import Reason
from rollup.protocol.trade import fee
from sequencer.batches.entries import ReceiptEntry
from sequencer.client.travelling import question_action
from sequencer.engine.live import LiveOrder
from sequencer.service.answers import FACTS_MAX, Answered, answer, record_bytes
from sequencer.service.fact_codec import facts_to_bytes
from sequencer.service.facts import Accepted, ChangedHands, Ended, Filled, Refused
from sequencer.service.history import History
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Simulation
from tests.helpers.damage import damaged
from tests.helpers.running import HERE

RICH = 10**6 * small.USDC
KEY = ResponseKey.generate()
LAST_RECEIPT = 2**SEQUENCE_BITS - 1


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    """Account 1 sold a lot to account 2 and has two more resting."""
    found = Simulation(tmp_path / "target")
    for account in (1, 2):
        found.world.register(account, RICH)
    found.pass_time(2 * INTERVAL_MS)
    orders = (small.sell(1, 3), small.buy(2, 1))
    found.daemon.submit([found.running.envelope(each) for each in orders])
    return found


def seal(simulation: Simulation, action: Action) -> bytes:
    until = simulation.daemon.venue.core.clock + ENVELOPE_LIFETIME_MS // 2
    key = simulation.daemon.venue.sealing_key
    return key.seal(action, HERE, until)


def question(account: int, *, by: int | None = None, cursor: int = 0) -> QuestionAction:
    question = Question(small.CHAIN, small.VENUE, account, KEY.public_bytes, cursor)
    digest = question_digest(question, small.toy_compress_many)
    return question_action(question, small.TOY.sign(account if by is None else by, digest))


def ask(simulation: Simulation, action: Action) -> dict[str, Any]:
    found = simulation.daemon.ask(seal(simulation, action))
    assert isinstance(found, Answered)
    record = json.loads(found.data)
    assert isinstance(record, dict)
    return record


def test_an_owner_is_told_cash_positions_orders_and_facts(simulation: Simulation) -> None:
    told = ask(simulation, question(1))
    holding = simulation.daemon.venue.core.ledger.holders[1].holding
    assert told["ok"] and told["account"] == 1
    assert told["cash"] == str(holding.cash) != str(RICH)
    assert told["positions"] == [[0, "-1"]]
    order = small.sell(1, 3)
    assert told["orders"] == [[0, 1, 0, int(order.side), order.price, 3, 2, order.expiry]]
    assert [row[0] for row in told["facts"]["rows"]] == ["accepted", "rested", "filled"]
    charge = fee(order.price, small.GOVERNANCE.markets[0].maker_fee)
    end = simulation.daemon.venue.core.clock
    row = ["filled", 1, 0, 1, 3, 0, order.price, 1, True, int(order.side), charge, end]
    assert told["facts"]["rows"][2] == row


def test_an_owner_is_told_which_generation_no_slot_has_used(simulation: Simulation) -> None:
    assert ask(simulation, question(1))["next_generation"] == 2, "one lives, of generation 1"
    assert ask(simulation, question(2))["next_generation"] == 2, "one has ended"
    simulation.daemon.submit([simulation.running.cancel_envelope(2, 9, 40)])
    assert ask(simulation, question(2))["next_generation"] == 41, "a cancel uses it up as well"
    assert ask(simulation, question(1))["next_generation"] == 2, "another's is not told"


def test_a_cursor_goes_on_where_the_last_answer_ended(simulation: Simulation) -> None:
    first = ask(simulation, question(1))["facts"]
    again = ask(simulation, question(1, cursor=first["next"]))["facts"]
    assert first["next"] == 3 and again == {"first": 3, "next": 3, "more": False, "rows": []}
    simulation.daemon.submit([simulation.running.envelope(small.buy(2, 2, slot=1))])
    after = ask(simulation, question(1, cursor=first["next"]))["facts"]
    assert [row[0] for row in after["rows"]] == ["filled", "ended"]


def test_two_owners_learn_nothing_of_each_other(simulation: Simulation) -> None:
    one, two = ask(simulation, question(1)), ask(simulation, question(2))
    assert "-1" not in json.dumps(two["positions"]) and two["orders"] == []
    assert [row[0] for row in two["facts"]["rows"]] == ["accepted", "filled", "ended"]
    assert one["facts"]["rows"] != two["facts"]["rows"]


@pytest.mark.parametrize(
    "action",
    [
        question(1, by=2),
        question(3),
        question(2**30 - 2),
        QuestionAction(2**32 - 1, 0, KEY.public_bytes, bytes(84)),
        QuestionAction(1, 2**63, KEY.public_bytes, bytes(84)),
        PaddingAction(),
    ],
    ids=["stolen name", "no account", "far account", "no index", "no cursor", "padding"],
)
def test_whoever_may_not_know_hears_one_and_the_same(
    simulation: Simulation, action: Action
) -> None:
    assert ask(simulation, action) == {"v": 2, "ok": False}


def test_a_question_to_somebody_elses_key_is_not_the_owners(simulation: Simulation) -> None:
    moved = replace(question(1), response_key=ResponseKey.generate().public_bytes)
    found = simulation.daemon.ask(seal(simulation, moved))
    assert isinstance(found, Answered) and not json.loads(found.data)["ok"]


def test_a_question_is_answered_once(simulation: Simulation) -> None:
    envelope = seal(simulation, question(1))
    assert isinstance(simulation.daemon.ask(envelope), Answered)
    assert simulation.daemon.ask(envelope) == "replayed"
    assert simulation.daemon.ask(damaged(envelope)) == "envelope-not-authentic"


def test_a_question_among_orders_is_no_command_and_changes_nothing_but_the_receipts(
    simulation: Simulation,
) -> None:
    before = len(simulation.running.entries())
    (told,) = simulation.daemon.submit([seal(simulation, question(1))])
    assert told.reason == "envelope-action" and not told.facts
    (entry,) = simulation.running.entries()[before:]
    assert isinstance(entry.content, ReceiptEntry)


def test_an_owner_is_answered_between_batches_too(simulation: Simulation) -> None:
    simulation.daemon.drain()
    simulation.pass_time(2 * INTERVAL_MS)
    assert simulation.daemon.venue.core.work is None
    assert ask(simulation, question(1))["ok"]


def test_the_largest_answer_fits(simulation: Simulation) -> None:
    core = simulation.daemon.venue.core
    history = History()
    last = GENERATION_END - 1
    reason = max(Reason, key=lambda each: len(each.value))
    history.add([(1, Accepted((255, last), LAST_RECEIPT))] * 10**4)
    ended = Ended((255, last), reason, 2**SIZE_BITS - 1, LAST_RECEIPT)
    numbers = (2**NUMBER_BITS - 1, 3, 2**PRICE_BITS - 1, 2 ** (NOTIONAL_BITS - PRICE_BITS) - 1)
    charge = fee(2**NOTIONAL_BITS - 1, 2**FEE_RATE_BITS - 1)
    end = (Side.SELL, charge, 2**TIME_BITS - 1, LAST_RECEIPT)
    filled = Filled((255, last), *numbers, False, *end)
    longest = max((ended, filled), key=lambda each: len(facts_to_bytes([each])))
    history.add([(1, longest)] * FACTS_MAX)
    widest = {
        "generation": last,
        "price": 2**PRICE_BITS - 1,
        "size": 2 ** (SIZE_BITS - 20),
        "expiry": 2**EXPIRY_BITS - 1,
    }
    for slot in range(256):
        order = small.buy(1, widest["size"], **{k: v for k, v in widest.items() if k != "size"})
        core.live[1, slot] = LiveOrder(SignedOrder(order, bytes(84)), widest["size"], slot, 1)
    most = Positions(tuple((market, -POSITION_LIMIT) for market in range(MARKETS_MAX)))
    core.ledger.holders[1].holding = Holding(-CASH_LIMIT, most)
    question = Question(small.CHAIN, small.VENUE, 1, KEY.public_bytes, 10**4)
    data = answer(core, history, question, "00" * 32)
    assert len(json.loads(data)["orders"]) == 256
    assert len(json.loads(data)["facts"]["rows"]) == FACTS_MAX
    assert len(json.loads(data)["positions"]) == MARKETS_MAX
    numbered = len(record_bytes({"frame": 2**48}))  # as on the private stream
    room = numbered + 256 * 2 * (len(str(2**SIZE_BITS)) - len(str(widest["size"])))
    room += 256 * (len(str(MARKETS_MAX - 1)) - len("0"))
    assert len(data) + room < answer_data_max(QUESTION_ANSWER_BYTES)


def test_a_history_keeps_the_last_facts_and_says_what_is_gone() -> None:
    history = History(kept=3)
    facts = [Refused((0, k), Reason.MARGIN, k + 1) for k in range(5)]
    history.add((7, fact) for fact in facts)
    page = history.since(7, 0, 2)
    assert (page.first, page.facts, page.next, page.has_more) == (2, (facts[2], facts[3]), 4, True)
    page = history.since(7, page.next, 2)
    assert (page.first, page.facts, page.next, page.has_more) == (4, (facts[4],), 5, False)
    assert history.since(7, 99, 2).facts == () and history.since(7, 99, 2).next == 5
    assert history.since(8, 0, 2).facts == ()


def test_who_gets_an_account_of_anothers_is_told_nothing_of_before() -> None:
    history = History()
    history.add([(7, Accepted((0, 1), 1)), (7, ChangedHands()), (7, Accepted((0, 1), 2))])
    page = history.since(7, 0, 9)
    assert (page.first, page.facts, page.next) == (1, (Accepted((0, 1), 2),), 2)
