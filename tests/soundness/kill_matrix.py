"""The kill matrix: drop each constraint and each message of a table, and something gets through.

For every item of every table this searches, from honest rows, a forgery that this item alone
notices (`tests.helpers.rows` says what noticing is): were the item dropped, the table would accept
it. Three searches, each for what the one before left over:

* *one cell*: every cell set to other values, and whole rows put where other rows are;
* *carried on*: one constraint broken, or one cell changed, and all that follows solved again;
* *mended*: one cell changed, and what breaks mended by up to three more.

A message on a bus that other tables answer is killed where it alone differs from the honest row's,
or, second best (`KILLED_WITH_OTHERS`), where it differs together with other such messages.

    SEED=7 python -m tests.soundness.kill_matrix [TABLE ...]
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from random import Random

import numpy as np

from circuits.air.bus import RANGE
from circuits.air.graph import MODULUS
from circuits.statement.circuit import circuit
from tests.helpers.honest import sources
from tests.helpers.processes import side_by_side
from tests.helpers.refill import REFILLS, refilled
from tests.helpers.repair import Forger
from tests.helpers.rows import I64, Source, Verdicts, Window
from tests.helpers.seed import announced_seed

KINDS_MAX = 12
"""Rows of each trace that forgeries start from, one of each kind of row."""


SECONDS_MAX = 300.0
"""CPU-seconds that one search may take on one table: a busy machine searches as far."""

FIXED_SEED = 7
"""What `make test` draws from."""

TRIALS = 3
"""Ways to solve for the constraints that are not broken."""


GADGET = "tests/unit/circuits/gadgets/test_integer.py::test_a_carry_solved_modulo_p_is_out_of_range"
COMPARE = "tests/unit/circuits/gadgets/test_compare.py::test_no_other_difference_helps"
TRADE = "tests/soundness/tables/test_fill.py::test_a_lie_breaks_its_claim"
POINTS = "tests/soundness/tables/test_ladder.py::test_a_formula_that_misses_in_one_coordinate"
WAY = "tests/soundness/test_signature_lies.py::test_a_wrong_cell_on_the_way_is_refused"
PUBLIC = "tests/soundness/tables/test_batch.py::test_another_public_value_is_another_root"
CELLS = "tests/soundness/tables/test_free_state_cells.py::test_every_cell_of_a_position_row_is_held"
MARGIN = (
    "tests/differential/test_margin.py::test_the_tables_close_an_account_exactly_where_the_rules_do"
)
NEED = "tests/soundness/test_lies_margin.py"
BARS = (
    "tests/soundness/tables/test_free_state_cells.py"
    "::test_every_cell_of_an_exit_that_is_refused_is_held"
)
SKIPPED = "tests/soundness/test_lies_triggers.py"
WORKED = "tests/soundness/test_lies_steps.py"
ROOTED = "tests/soundness/tables/test_batch.py"
COUNTED = "tests/soundness/test_lies_counters.py"
DELEVERAGED = "tests/soundness/test_lies_deleveraging.py"
PLACED = "tests/soundness/tables/test_position.py"
TAKEN = "tests/soundness/tables/test_takeover.py"
BY_ORDER = "tests/soundness/test_lies_by_order.py"
LIQUIDATED = "tests/soundness/test_lies_liquidation.py"
HELD = "tests/soundness/test_lies_positions.py"
HOUR = "tests/soundness/tables/test_market_hour.py"

PUBLISHED = "tests/soundness/test_lies_published.py"

RESTING = "tests/soundness/test_lies_resting.py"
BUNDLES = "tests/soundness/test_lies_bundles.py"

REFRESHED = "tests/soundness/test_lies_refresh.py"

STEP = "tests/soundness/tables/test_outflow.py::test_in_a_batch_that_is_not_a_step_of_its_own"

# ruff: noqa: E501
BY_HAND: dict[str, str] = {
    "tree.flags": "follows from tree.padding-is-silent (a touched child: active = 1) and tree.leads-somewhere (none: active = 0)",
    "tree.leads-somewhere": "tests/soundness/test_lies_state.py::test_a_node_that_leads_nowhere",
    "batch.data-commitment": f"{PUBLISHED}::test_another_commitment",
    "batch.published": f"{PUBLISHED}::test_fewer_leaves_than_there_are",
    "batch.root-before": PUBLIC,
    "batch.root-after": PUBLIC,
    "batch.globals-before": PUBLIC,
    "batch.globals-after": PUBLIC,
    "batch.markets-after": f"{SKIPPED}::test_a_frontier_elsewhere_on_one_side",
    "batch.triggers-root": f"{COUNTED}::test_counters_of_another_state",
    "market.flags": f"{COUNTED}::test_a_row_that_counts_twice",
    "market.padding-is-silent": f"{COUNTED}::test_a_market_of_no_row_said_to_be_listed",
    "trigger.flags": f"{COUNTED}::test_a_row_that_counts_twice",
    "batch.frontiers": f"{SKIPPED}::test_a_market_passed_off_as_new",
    "batch.flagged": f"{SKIPPED}::test_a_flagged_account_that_nobody_counts",
    "batch.closed": f"{SKIPPED}::test_a_flagged_account_in_a_closed_step",
    "batch.open": f"{SKIPPED}::test_a_step_denied_to_be_closed",
    "batch.accounts-root": "tests/soundness/test_lies_state.py::test_another_root",
    "batch.progress": f"{ROOTED}::test_progress_without_a_reason",
    "batch.progress-closed": f"{ROOTED}::test_a_step_that_closes_is_progress",
    "batch.progress-enough": f"{ROOTED}::test_an_eighth_of_one_kind_is_progress",
    "batch.spent": f"{ROOTED}::test_rows_that_are_spent_are_heard",
    "batch.clock": "tests/soundness/tables/test_batch.py::test_a_clock_that_does_not_advance",
    "batch.bounds": "tests/soundness/tables/test_batch.py::test_a_limb_out_of_range",
    "batch.fee-account": "tests/soundness/tables/test_batch.py::test_a_credit_before_the_last_fill",
    "deposit.key-on-curve": "tests/soundness/tables/test_curve_points.py::test_a_registered_key_off_the_curve_in_one_coordinate",
    "deposit.bounds": GADGET,
    "deposit.kind": "tests/soundness/tables/test_deposit.py::test_a_changed_cell_breaks_its_claim",
    "deposit.of-asset": "tests/soundness/tables/test_deposit.py::test_a_forged_cell_of_an_asset",
    "deposit.lots": "tests/soundness/tables/test_deposit.py::test_a_forged_cell_of_an_asset",
    "deposit.exit-begun": "tests/soundness/test_lies_exit.py::test_an_exit_is_paid_in_an_open_step",
    "deposit.exit-closed": "tests/soundness/test_lies_exit.py"
    "::test_an_exit_is_paid_by_a_batch_that_leaves_its_step_open",
    "deposit.one-outcome": "tests/soundness/tables/test_deposit.py::test_an_outcome_is_provable_exactly_where_the_rules_give_it",
    "deposit.access": "tests/soundness/test_lies_deposit.py::test_deposits_out_of_their_order",
    "deposit.register": "tests/soundness/tables/test_deposit.py::test_a_new_account_has_the_words_of_its_entry",
    "ladder.entry": WAY,
    "ladder.end": WAY,
    "ladder.challenge": "tests/soundness/test_signature_lies.py::test_a_challenge_part_of_another_signature_is_refused",
    "ladder.start": POINTS,
    "ladder.joined": POINTS,
    "ladder.sum": POINTS,
    "ladder.double": POINTS,
    "ladder.line": POINTS,
    "ladder.windows": POINTS,
    "ladder.key": "tests/soundness/test_signature_lies.py::test_a_window_table_of_another_key_is_refused",
    "ladder.same-key": "tests/soundness/tables/test_ladder.py::test_a_key_that_changes_in_one_coordinate_on_the_way",
    "ladder.digits": "tests/soundness/test_signature_lies.py::test_an_element_that_starts_with_more_than_its_digits_is_refused",
    "order.flags": "tests/soundness/test_signature_lies.py::test_a_flag_that_is_no_bit_is_refused",
    "order.generation": f"{RESTING}::test_a_signature_used_a_second_time",
    "order.slot-access": f"{RESTING}::test_a_cancel_that_does_not_raise_the_generation",
    "order.one-kind": f"{RESTING}::test_an_outflow_and_a_cancel_at_once",
    "order.rests": f"{RESTING}::test_an_immediate_order_comes_to_rest",
    "signature.place": "tests/soundness/test_signature_lies.py::test_a_signature_below_the_ladder_is_refused",
    "order.expiry": "tests/soundness/test_signature_lies.py::test_an_expired_order_is_refused",
    "order.bounds": "tests/soundness/test_signature_lies.py::test_a_slot_that_is_the_address_of_cash_is_refused",
    "signature.challenge": "tests/soundness/test_signature_lies.py::test_a_challenge_that_is_not_the_hash_is_refused",
    "signature.canonical": "tests/soundness/test_signature_lies.py::test_a_high_part_above_127_is_refused",
    "signature.key": "tests/soundness/test_signature_lies.py::test_an_order_signed_by_a_key_that_is_not_the_accounts_is_refused",
    "signature.flags": "tests/soundness/test_signature_lies.py::test_a_flag_of_a_signature_that_is_no_bit_is_refused",
    "signature.message": f"{BUNDLES}::test_a_root_that_nobody_signed",
    "signature.authority": f"{BUNDLES}::test_more_or_fewer_actions_than_are_said",
    "signature.tree": f"{BUNDLES}::test_another_sibling",
    "order.authority": f"{BUNDLES}::test_an_action_under_the_mark_of_another_key",
    "order.signed": f"{BUNDLES}::test_an_action_elsewhere_in_its_bundle",
    "signature.sum": "tests/soundness/test_signature_lies.py::test_a_forged_response_is_refused",
    "order.message": "tests/soundness/test_signature_lies.py::test_terms_that_do_not_hash_to_the_signed_message_are_refused",
    "fill.flags": "tests/soundness/tables/test_fill.py::test_bits_are_bits",
    "fill.market": "tests/soundness/tables/test_fill.py::test_a_fill_asks_for_the_terms_that_it_trades_at",
    "fill.place": TRADE,
    "fill.peg": "tests/soundness/tables/test_fill.py::test_pegged_limits_follow_the_oracle",
    "fill.backstop-takes-not": TRADE,
    "fill.reduce-only": TRADE,
    "fill.padding-is-silent": "tests/soundness/tables/test_fill.py::test_padding_takes_nobodys_lots",
    "fill.taken-takes": TRADE,
    "fill.taken": f"{BY_ORDER}::test_of_the_other_side",
    "fill.rest": TRADE,
    "fill.rest-waived": TRADE,
    "fill.when-clamped": "tests/soundness/tables/test_fill.py::test_only_marked_orders_take_while_prices_stand",
    "fill.redo": "tests/soundness/tables/test_fill.py::test_a_fill_in_a_batch_made_anew",
    "fill.notional": TRADE,
    "fill.moved": TRADE,
    "fill.fee": TRADE,
    "fill.cash": TRADE,
    "fill.position": TRADE,
    "fill.rate": TRADE,
    "fill.fee-rounding": TRADE,
    "fill.fee-cap": TRADE,
    "fill.size-positive": TRADE,
    "fill.bounds": GADGET,
    "fill.band": COMPARE,
    "fill.limit": COMPARE,
    "fill.left": COMPARE,
    "fill.clip": "tests/soundness/tables/test_fill.py::test_a_fill_on_another_side_of_the_clip",
    "fill.counted": "tests/soundness/tables/test_fill.py"
    "::test_a_fill_is_counted_by_its_side_of_the_clip",
    "fill.fee-sum": "tests/soundness/tables/test_fill.py::test_a_fee_left_out_of_the_sums",
    "fill.fees-sent": "tests/soundness/tables/test_fill.py::test_fee_sums_are_sent_once_over_all_rows",
    "fill.slot-access": f"{RESTING}::test_more_left_than_was_stored",
    "fill.cash-access": "tests/soundness/test_lies_state.py::test_a_fill_hidden_between_two_others",
    "fill.position-access": "tests/soundness/test_lies_state.py::test_a_fill_hidden_between_two_others",
    "takeover.estate": "tests/soundness/tables/test_takeover.py"
    "::test_padding_gives_the_estate_nothing",
    "takeover.bounds": GADGET,
    "takeover.padding-is-silent": f"{TAKEN}::test_padding_settles_nothing",
    "takeover.flags": f"{TAKEN}::test_a_changed_cell_breaks_its_claim",
    "slot.expiry": COMPARE,
    "slot.bounds": f"{RESTING}::test_an_expiry_that_comes_apart_as_a_later_one",
    "outflow.flags": "follows from order.flags: the kind is one that was signed, and padding has none",
    "outflow.padding-is-silent": "tests/soundness/tables/test_outflow.py::test_a_changed_cell_breaks_its_claim",
    "outflow.step-closed": STEP,
    "outflow.step-begun": STEP,
    "account.flags": "tests/soundness/tables/test_free_state_cells.py::test_every_cell_of_an_account_row_is_held",
    "account.absent-after": "of the flag: follows from account.below-shrinks (who is flagged shrinks) and account.padding-is-silent (who is absent does not)",
    "account.absent-before": "tests/soundness/test_lies_state.py::test_an_account_without_registration",
    "account.never-deleted": "tests/soundness/test_lies_state.py::test_an_account_deleted_with_its_debt",
    "account.padding-is-silent": "tests/soundness/test_lies_state.py::test_an_account_without_registration",
    "account.fresh-slots": "tests/soundness/test_lies_state.py::test_slots_renewed_without_an_order",
    "account.header-opened": "tests/soundness/test_lies_state.py::test_a_header_that_no_account_opened",
    "account.positions-opened": f"{HELD}::test_a_position_of_another_account",
    "account.positions-complete": f"{HELD}::test_a_chain_that_is_never_closed",
    "header.flags": f"{PUBLISHED}::test_a_flag_that_is_no_bit",
    "header.padding-is-silent": "tests/soundness/test_lies_rotation.py::test_a_header_of_no_account_says_nothing",
    "account.header": "tests/soundness/test_lies_state.py::test_a_leaf_of_another_type",
    "account.leaf-before": "tests/soundness/test_lies_state.py::test_a_leaf_of_another_type",
    "account.leaf-after": "tests/soundness/test_lies_state.py::test_a_leaf_of_another_type",
    "account.opened-once": "tests/soundness/test_lies_state.py::test_an_account_opened_twice",
    "account.value-before": "tests/soundness/test_lies_trade.py::test_cash_from_nowhere",
    "account.value-after": "tests/soundness/test_lies_trade.py::test_cash_from_nowhere",
    "account.closing-limbs": GADGET,
    "account.initial": MARGIN,
    "account.safety": MARGIN,
    "account.safest": MARGIN,
    "account.capped": f"{NEED}::test_a_safety_said_to_be_the_cap_to_be_let_off_the_largest",
    "account.below": MARGIN,
    "account.below-at-the-mark": MARGIN,
    "account.below-unsafe": MARGIN,
    "account.below-shrinks": f"{NEED}::test_an_account_left_under_maintenance_margin",
    "account.below-trades-not": f"{NEED}::test_an_account_under_maintenance_that_trades_for_the_fun_of_it",
    "account.flagged": f"{SKIPPED}::test_a_flagged_account_that_nobody_counts",
    "order.peg": "tests/soundness/test_signature_lies.py::test_an_offset_that_is_too_large",
    "account.refresh-fee": f"{REFRESHED}::test_that_is_waived_or_short_for_a_friend",
    "account.refresh-cash": f"{REFRESHED}::test_fees_are_taken_of_any_cash",
    "account.refreshed": f"{REFRESHED}::test_of_one_who_was_due_and_says_nothing",
    "account.refreshes-summed": f"{REFRESHED}::test_that_the_accounts_do_not_sum_up",
    "batch.rests": f"{BY_ORDER}::test_a_rest_that_nobody_is_credited",
    "batch.backstop": f"{BY_ORDER}::test_a_rest_for_a_friend",
    "position.bought": f"{PLACED}::test_lots_of_an_asset_that_were_bought",
    "position.deleveraged-only": f"{DELEVERAGED}::test_the_backstop_itself",
    "position.least": f"{PLACED}::test_a_position_that_may_not_grow_is_not_asked",
    "position.excused": f"{PLACED}::test_a_friends_dust_is_no_backstops",
    "position.open-step": f"{SKIPPED}::test_risk_that_grows_while_a_step_is_open",
    "account.backstop": f"{SKIPPED}::test_somebody_else_who_calls_himself_the_backstop",
    "account.liquidatable": f"{LIQUIDATED}::test_of_a_healthy_account",
    "account.liquidated-unsigned": f"{LIQUIDATED}::test_together_with_its_own_orders",
    "account.liquidated-shrinks": f"{LIQUIDATED}::test_a_liquidated_account_that_grew",
    "account.liquidated-equity": f"{LIQUIDATED}::test_a_fee_beyond_what_is_left",
    "market.full": f"{DELEVERAGED}::test_while_the_backstop_could_take_one_lot_more",
    "market.zone": "tests/soundness/tables/test_market_zone.py::test_a_zone_said_to_end_at_the_price_that_does_not",
    "market.tally-bounds": GADGET,
    "market.rate-bounds": GADGET,
    "market.volume": f"{HOUR}::test_a_tally_that_is_not_what_was_counted",
    "market.rate": f"{HOUR}::test_the_rate_of_the_rule_is_the_only_one",
    "market.zone-swept": f"{DELEVERAGED}::test_a_side_that_is_deleveraged_and_not_swept",
    "account.needed": "tests/soundness/test_lies_need.py::test_one_lot_too_many",
    "account.barred": BARS,
    "account.barred-short": BARS,
    "account.due": f"{WORKED}::test_an_account_that_nobody_had_to_look_at",
    "account.dealt": f"{WORKED}::test_one_that_stays_below_counts_for_every_lot",
    "account.spent": f"{WORKED}::test_more_said_to_be_spent_than_is",
    "account.exhausted": f"{LIQUIDATED}::test_a_friend_called_exhausted_with_something_left",
    "position.rising": f"{HELD}::test_two_positions_of_one_market",
    "position.count": f"{HELD}::test_more_positions_in_a_sum_than_a_column_can_hold",
    "position.size": CELLS,
    "position.flags": f"{PLACED}::test_a_flag_that_is_no_bit",
    "position.smaller": f"{PLACED}::test_a_position_that_may_not_grow_is_not_asked",
    "position.unsteady-shrinks": f"{PLACED}::"
    "test_risk_taken_against_an_order_at_a_price_that_is_held_back",
    "position.due": f"{WORKED}::test_an_account_that_was_refreshed_already",
    "position.closed-out": f"{WORKED}::test_a_position_of_which_a_part_was_taken",
    "position.spent": f"{WORKED}::test_one_position_counts_for_another_account",
    "position.held": f"{HELD}::test_a_position_that_is_there_said_to_be_empty",
    "position.not-grown": COMPARE,
    "position.no-flip": "tests/soundness/test_lies_margin.py::test_a_flip_passed_off_as_a_reduction",
    "position.trigger": f"{COUNTED}::test_a_trigger_that_does_not_follow_from_safety",
    "position.kept": f"{COUNTED}::test_a_move_kept_silent",
    "position.counted": f"{COUNTED}::test_counters_that_are_not_those_of_the_positions",
    "position.padding-is-silent": f"{COUNTED}::test_a_trigger_of_no_position",
    "position.taken": f"{LIQUIDATED}::test_of_an_account_whose_position_is_not_opened_as_liquidated",
    "trigger.leaf-before": f"{COUNTED}::test_old_counters_that_the_leaf_does_not_have",
    "trigger.opened-once": f"{COUNTED}::test_a_leaf_of_triggers_opened_twice",
    "trigger.place": f"{COUNTED}::test_a_leaf_split_into_another_side_and_place",
    "trigger.counted": f"{COUNTED}::test_counters_that_are_not_those_of_the_positions",
    "trigger.padding-is-silent": f"{COUNTED}::test_a_padding_row_that_hears_or_sweeps",
    "trigger.swept-is-empty": f"{SKIPPED}::test_an_account_past_its_trigger_left_out",
    "trigger.swept": f"{COUNTED}::test_a_sweep_taken_at_another_place",
    "market.frontier": f"{SKIPPED}::test_a_lagging_side_said_not_to_lag",
    "market.frontier-room": f"{SKIPPED}::test_a_frontier_lowered_without_a_sweep",
    "market.sweep": f"{SKIPPED}::test_a_frontier_lowered_without_a_sweep",
    "market.frontiers": f"{SKIPPED}::test_a_lagging_side_said_not_to_lag",
    "market.listed-before": f"{SKIPPED}::test_a_market_passed_off_as_new",
    "market.leaf-before": f"{SKIPPED}::test_an_old_frontier_said_to_be_lower",
    "position.terms": "tests/soundness/test_lies_margin.py::test_a_position_at_the_terms_of_another_market",
    "position.value-before": f"{HELD}::test_a_position_of_another_account",
    "position.value-after": f"{HELD}::test_a_position_opened_and_not_written_back",
    "position.leaf-before": "tests/soundness/test_lies_state.py::test_a_leaf_of_another_type",
    "position.leaf-after": f"{HELD}::test_a_position_from_nowhere",
    "position.sums": MARGIN,
    "position.chain": f"{HELD}::test_a_position_of_another_account",
    "total.limbs": GADGET,
    "total.sum": MARGIN,
    "total.chain": f"{HELD}::test_a_chain_that_is_never_closed",
}
"""Claims with items that the search may not kill: the forgery written by hand, or the reason.

A hand-written forgery is of the claim; items of one claim are columns or coordinates of one formula.
"""


NOBODY = "NOTHING KILLS IT"


class How(StrEnum):
    """How an item was killed, best first."""

    ONE_CELL = "one cell"
    RECOUNTED = "recounted"
    CARRIED = "carried on"
    MENDED = "mended"
    WITH_OTHERS = "with other messages"


@dataclass
class TableMatrix:
    """What one table's items are killed by."""

    name: str
    items: int
    constraints: int
    claims: tuple[str, ...]
    killed: dict[int, How] = field(default_factory=dict)
    tried: int = 0
    seconds: float = 0.0

    def left(self) -> list[int]:
        """Items that nothing kills."""
        return [item for item in range(self.items) if item not in self.killed]

    def label(self, item: int) -> str:
        """An item by its claim and kind."""
        kind = "constraint" if item < self.constraints else "message"
        return f"{self.claims[item]} ({kind} {item})"


def windows(source: Source) -> list[Window]:
    """One window on a row of each kind: by its bits and by the small fixed columns."""
    active = source.active
    kinds = source.table.columns.kinds()
    flags = [i for i, kind in enumerate(kinds) if kind == "bit"]
    fixed = source.fixed[:active]
    fixed = fixed[:, fixed.max(axis=0) <= 1]
    pattern = np.concatenate([fixed, source.matrix[:active][:, flags]], axis=1)
    if source.reads_below:
        pattern = np.concatenate([pattern, np.roll(pattern, -1, axis=0)], axis=1)
    _, first = np.unique(pattern, axis=0, return_index=True)
    rows = sorted({*first.tolist(), 0, active - 1})
    return [Window(source, row) for row in rows[:KINDS_MAX]]


class Search:
    """Fills one table's matrix."""

    def __init__(
        self, name: str, wanted: Sequence[int] | None = None, seed: int = FIXED_SEED
    ) -> None:
        traces = sources(name)
        self.graph = traces[0].graph
        self.windows = [window for source in traces for window in windows(source)]
        self.random = Random(seed)
        claims = tuple(i.claim for i in (*self.graph.constraints, *self.graph.interactions))
        self.matrix = TableMatrix(name, len(claims), len(self.graph.constraints), claims)
        self.wanted = set(range(len(claims)) if wanted is None else wanted)
        self.forgers: dict[int, Forger] = {}
        self.deadline = 0.0

    def run(self) -> TableMatrix:
        """All searches."""
        started = time.process_time()
        for search in (self.one_cell, self.recounted, self.broken, self.moved, self.mended):
            self.deadline = time.process_time() + SECONDS_MAX
            if self.todo():
                search()
        self.matrix.seconds = time.process_time() - started
        return self.matrix

    def _late(self) -> bool:
        return time.process_time() > self.deadline

    def todo(self) -> list[int]:
        """Items still wanted that are not killed, or only together with others."""
        killed = self.matrix.killed
        return [i for i in sorted(self.wanted) if killed.get(i) in (None, How.WITH_OTHERS)]

    def note(self, verdicts: Verdicts, how: How) -> None:
        """Take down what each candidate kills."""
        self.matrix.tried += len(verdicts.noticed)
        for noticed, said in zip(verdicts.noticed, verdicts.said, strict=True):
            if noticed.sum() == 1:
                self._kill(int(np.flatnonzero(noticed)[0]), how)
            elif not noticed.any() and said.any():
                spoken = np.flatnonzero(said).tolist()
                for item in spoken:
                    self._kill(item, how if len(spoken) == 1 else How.WITH_OTHERS)

    def _kill(self, item: int, how: How) -> None:
        known = self.matrix.killed.get(item)
        if known is None or known is How.WITH_OTHERS:
            self.matrix.killed[item] = how

    def forger(self, number: int) -> Forger:
        """The forger at a window."""
        if number not in self.forgers:
            self.forgers[number] = Forger(self.windows[number])
        return self.forgers[number]

    def other_values(self, value: int) -> list[int]:
        """What a cell is changed to."""
        found = {value + 1, value - 1, 1 - value, value + 8192, value + 4096, 0, 2, MODULUS - 1}
        return sorted((found | {self.random.randrange(MODULUS)}) - {value})

    def one_cell(self) -> None:
        """Every cell on its own; every row in place of every other."""
        for window in self.windows:
            changes = [
                {cell: value}
                for cell in window.cells
                for value in self.other_values(int(window.honest[cell]))
            ]
            self.note(window.verdicts(window.with_cells(changes)), How.ONE_CELL)
            rows = [w.honest[w.own[0]] for w in self.windows if w.source is window.source]
            moved = np.repeat(window.honest[None], len(rows), axis=0)
            moved[:, window.own[0]] = rows
            self.note(window.verdicts(moved), How.ONE_CELL)

    def recounted(self) -> None:
        """One or two neighbouring cells changed, and the carries of all sums counted again.

        Once with all carries free, once with those of each sum kept as they were.
        """
        name = self.matrix.name
        for window in self.windows:
            if self._late() or not self.todo():
                return
            source = window.source
            changes = list(self._limb_changes(window))
            starts = window.with_cells(changes)
            self.note(window.verdicts(starts), How.RECOUNTED)
            if name not in REFILLS:
                continue
            own = window.own[0]
            groups: list[np.ndarray | None] = [None]
            columns = source.names
            for field_name in sorted({n.rsplit(".", 2)[0] for n in columns if "carries." in n}):
                kept = [i for i, n in enumerate(columns) if n.startswith(f"{field_name}.")]
                groups.append(np.array(kept))
            for kept_columns in groups:
                filled = starts.copy()
                filled[:, own] = refilled(source, starts[:, own], kept_columns)
                self.note(window.verdicts(filled), How.RECOUNTED)

    def _limb_changes(self, window: Window) -> Iterator[dict[tuple[int, int], int]]:
        """A step in one cell; a step that its upper neighbour takes back; both at once."""
        kinds = window.source.table.columns.kinds()
        row = window.own[0]
        for column in range(len(kinds)):
            value = int(window.honest[row, column])
            steps = [2**bits for bits in range(14)] + [127 * 2**11]
            for step in (*steps, *(-step for step in steps), -value, 8191 - value, 8192 - value):
                if step == 0:
                    continue
                yield {(row, column): value + step}
                if column + 1 < len(kinds) and step % 8192 == 0:
                    above = int(window.honest[row, column + 1])
                    yield {(row, column): value + step, (row, column + 1): above - step // 8192}

    def broken(self) -> None:
        """Each constraint set to another value, the others solved: every window before a second
        way of solving, since what one row cannot carry on another can."""
        for trial in range(TRIALS):
            for number in range(len(self.windows)):
                for item in self.todo():
                    if self._late():
                        return
                    if item < self.matrix.constraints:
                        self._break(number, item, trial)

    def _break(self, number: int, item: int, trial: int) -> None:
        for candidate in self.forger(number).breaking(item, trial):
            self.note(self.windows[number].verdicts(candidate[None]), How.CARRIED)
            if item not in self.todo():
                return

    def moved(self) -> None:
        """Every cell changed, and what follows solved and hashed again."""
        for number, window in enumerate(self.windows[:8]):
            forger = self.forger(number)
            for cell in window.cells:
                if not self.todo() or self._late():
                    return
                reading = self._hash_of(forger, cell)
                found = []
                for value in (int(window.honest[cell]) + 1, 1 - int(window.honest[cell])):
                    start = window.honest.copy()
                    start[cell] = value % MODULUS
                    found += [*forger.carrying(start, skip=reading, trials=1)]
                if found:
                    self.note(window.verdicts(np.stack(found)), How.CARRIED)

    @staticmethod
    def _hash_of(forger: Forger, cell: tuple[int, int]) -> int | None:
        """The hash whose digest a cell is part of."""
        place = forger.place[cell]
        return next((item for _, out, _, item in forger.hashes if place in out), None)

    def mended(self) -> None:
        """Cells of each item left, changed and mended."""
        for number, window in enumerate(self.windows):
            forger = self.forger(number)
            for item in self.todo():
                for start in self._starts(forger, window, item):
                    self._try(forger, window, start, item)
                    if item not in self.todo() or self._late():
                        break
                if self._late():
                    return

    def _try(self, forger: Forger, window: Window, start: I64, item: int) -> None:
        for tried, (candidate, _) in enumerate(forger.mending(start, item)):
            self.note(window.verdicts(candidate[None]), How.MENDED)
            if item not in self.todo() or tried == 2:
                return

    def _starts(self, forger: Forger, window: Window, item: int) -> Iterator[I64]:
        first = self.matrix.constraints
        for row in window.own:
            if item < first:
                roots = [self.graph.constraints[item].node]
                steps = [1, -1, 2, self.random.randrange(MODULUS)]
            else:
                message = self.graph.interactions[item - first]
                roots, steps = [*message.payload, message.count], [1]
                if message.bus == RANGE.identifier:
                    bits = int(window.values(window.honest[None], row)[message.payload[0]][0])
                    roots = [message.payload[1]]
                    power = pow(2, bits, MODULUS)
                    steps = [power, -power, 127 * 2**11, 127 * 2**13, -1]
            for place in sorted(forger._cells_under(roots, row)):
                for step in steps:
                    start = window.honest.copy()
                    cell = forger.cells[place]
                    start[cell] = (int(start[cell]) + step) % MODULUS
                    yield start


def matrix(names: Sequence[str]) -> list[TableMatrix]:
    """The matrices of some tables."""
    return [search(name) for name in names]


def report(tables: Sequence[TableMatrix]) -> str:
    """A line a table, then what is left."""
    lines = [f"{'table':10}{'items':>7}{'killed':>8}{'alone':>7}{'left':>6}{'tried':>9}{'s':>7}"]
    for table in tables:
        how = Counter(table.killed.values())
        alone = len(table.killed) - how[How.WITH_OTHERS]
        lines.append(
            f"{table.name:10}{table.items:7}{len(table.killed):8}{alone:7}{len(table.left()):6}"
            f"{table.tried:9}{table.seconds:7.0f}"
        )
    for table in tables:
        left = Counter(table.claims[item] for item in table.left())
        lines += [
            f"  left: {n} of {claim}: {BY_HAND.get(claim, NOBODY)}" for claim, n in left.items()
        ]
    return "\n".join(lines)


def unexplained(tables: Sequence[TableMatrix]) -> list[str]:
    """Items that neither the search nor a test nor a reason accounts for."""
    return [t.label(item) for t in tables for item in t.left() if t.claims[item] not in BY_HAND]


def search(name: str, seed: int = FIXED_SEED) -> TableMatrix:
    """The matrix of one table."""
    return Search(name, seed=seed).run()


def largest_first() -> list[str]:
    """Every table: those with the most items take longest."""
    items = {p.name: len(p.graph.constraints) + len(p.graph.interactions) for p in circuit().tables}
    return sorted(items, key=lambda name: -items[name])


def main(names: Sequence[str], seed: int) -> int:
    """Every table, or those named; the exit code says whether an item is unexplained."""
    done = []
    for table in side_by_side(partial(search, seed=seed), names or largest_first()):
        done.append(table)
        print(report([table]), flush=True)
    killed = sum(len(table.killed) for table in done)
    items = sum(table.items for table in done)
    tried = sum(table.tried for table in done)
    missing = unexplained(done)
    print(f"kill matrix: {items} items, {killed} killed by {tried} forgeries, {len(missing)} bare")
    print("\n".join(missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], announced_seed("soundness")))
