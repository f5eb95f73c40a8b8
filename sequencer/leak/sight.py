"""What an observer is given of a batch: the files that a venue publishes, and nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sight:
    """The bytes of `public.json` and of `data.bin`, and how long `proof.bin` is, as far as they
    are there: a venue need not give its published data to everybody, and a mirror keeps no proof.

    What L1 shows is in `public.json`: queue entries with what became of them, withdrawals, what the
    estate takes; and the header is computed of it.
    """

    public: bytes
    data: bytes | None
    proof_bytes: int | None
