"""Answers that were given, for whoever delivers the same envelope again: its first answer may have
been lost on the way, and its receipt with it.

A copy is told what the first was told, by the same secret, and nothing happens. That
is remembered in memory alone and for a bounded number of envelopes; a restart has another opening
key, so that no envelope of before opens.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sequencer.intake.admission import Verdict
from sequencer.service.answer import Answer

GIVEN_MAX: Final = 8_192
"""Answers that are remembered, of the last envelopes: some 10 MB, and a minute of a busy venue."""

FACTS_MAX: Final = 32
"""Of one answer: more than the sealed one has room for, so that it comes out the same."""


class GivenAnswers:
    """The last answers, by the hash of the whole envelope."""

    def __init__(self, most: int = GIVEN_MAX) -> None:
        self._most = most
        self._answers: dict[bytes, Answer] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def told(self, verdicts: Sequence[Verdict], answers: Sequence[Answer]) -> list[Answer]:
        """What to say to each of these envelopes, in order; what was said is remembered."""
        pairs = zip(verdicts, answers, strict=True)
        return [self._one(verdict, answer) for verdict, answer in pairs]

    def _one(self, verdict: Verdict, answer: Answer) -> Answer:
        if verdict.copy_of is not None:
            first = self._answers.get(verdict.copy_of)
            return answer if first is None else replace(first, is_copy=True)
        if verdict.envelope is not None:
            self._answers[verdict.envelope] = replace(answer, facts=answer.facts[:FACTS_MAX])
            if len(self._answers) > self._most:
                del self._answers[next(iter(self._answers))]
        return answer
