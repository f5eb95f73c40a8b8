"""crypsis sequencer attest: a committee's word for one batch, for whoever posts it by hand."""

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rollup.program.cli import CommandError, ExitCode, Output, conventions, file_type

if TYPE_CHECKING:
    from rollup.protocol.committee import Attestation, Committee
    from sequencer.mirror.folder import Mirror

WITHIN_S: Final = 60
WITHIN_MAX_S: Final = 86_400

_folder = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--state", type=_folder, required=True, help="Folder of the venue, or a mirror.")
@click.option("--batch", type=click.IntRange(1), required=True, help="Which one; it is proved.")
@click.option(
    "--member",
    multiple=True,
    required=True,
    metavar="URL",
    help="A member of the committee (crypsis da serve); may be repeated.",
)
@click.option(
    "--within",
    type=click.IntRange(1, WITHIN_MAX_S),
    default=WITHIN_S,
    show_default=True,
    help="Seconds that are waited for enough of them.",
)
@click.option("-o", "--output", type=file_type, required=True, help="The file to write.")
@conventions
def attest(
    console: Output, state: Path, batch: int, member: tuple[str, ...], within: int, output: Path
) -> None:
    """Collect the committee's word for a batch, as `crypsis sequencer run` does, into a file.

    Each member is brought the batch, and first what it lacks before it, until enough have signed.
    A member signs a batch whose header its own L1 holds, and no other.

    \b
    crypsis sequencer attest --state DIR --batch 7 --member URL --member URL -o 7.attestation.json
    crypsis l1 post DIR/batches/000007/public --attestation 7.attestation.json ...
    """
    from rollup.files import write_whole
    from rollup.l1.committee_files import attestation_to_bytes
    from sequencer.mirror.cli import known_errors
    from sequencer.mirror.folder import Mirror

    with known_errors():
        place = Mirror(state)
        public = place.public(batch)
        committee = public.governance.committee
        _require_enough(batch, committee, member)
        place.data(batch)
        word = _collected(place, batch, member, within)
        write_whole(output, attestation_to_bytes(word))
    signed = committee.signers(word.signers)
    record = {"batch": batch, "file": str(output), "signers": [key.hex() for key in signed]}
    said = f"{len(signed)} of {len(committee.keys)} members attest to batch {batch}"
    console.result(record, f"{output}: {said}")


def _require_enough(batch: int, committee: "Committee", urls: tuple[str, ...]) -> None:
    """Usage error where nobody is asked, or fewer than must sign."""
    if not committee:
        raise click.UsageError(f"the parameters of batch {batch} have no committee: post it as is")
    if len(set(urls)) < committee.threshold:
        wanted = f"{committee.threshold} of {len(committee.keys)} members"
        raise click.UsageError(f"batch {batch} wants {wanted}, and {len(set(urls))} are named")


def _collected(place: "Mirror", batch: int, urls: tuple[str, ...], within: int) -> "Attestation":
    """The word of enough members. CommandError (TIMEOUT) says who did not sign, and why."""
    from sequencer.client.command import known_errors
    from sequencer.running.member_link import MemberOverHttp
    from sequencer.service.collecting import Collector

    public = place.public(batch)
    digest, committee = public.digest(), public.governance.committee
    with known_errors(), ExitStack() as stack:
        links = [stack.enter_context(MemberOverHttp(url)) for url in dict.fromkeys(urls)]
        collector = stack.enter_context(closing(Collector(links, place.place)))
        collector.want(public)
        word = collector.wait(digest, within)
        missing = collector.missing(digest)
    if word is None:
        wanted = f"{committee.threshold} of {len(committee.keys)} members"
        detail = f"batch {batch}: {wanted} did not attest within {within} s; missing: {missing}"
        raise CommandError(ExitCode.TIMEOUT, detail)
    return word
