"""What a program says of the venue it runs, once it takes orders."""

from sequencer.running.assembly import Plan, Running

PATHS = ("/", "/v1/status", "/v1/batches", "/metrics", "/openapi.json")


def base_url(host: str, port: int) -> str:
    """Where the API is."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def banner_record(plan: Plan, found: Running, host: str, port: int) -> dict[str, object]:
    """For programs. It names key files and shows no key but the venue's public one."""
    return {
        "url": base_url(host, port),
        "l1": found.l1,
        "outposts": [
            {"chain": each.chain, "url": each.url, "address": each.address.hex()}
            for each in found.outposts
        ],
        "chain": found.file.chain,
        "venue": found.file.venue,
        "envelope_key": found.door.sealing_key.hex(),
        "interval_ms": found.file.interval_ms,
        "genesis_time": found.genesis.time,
        "state": str(plan.state),
        "proofs": plan.proves,
        "insecure": found.is_insecure,
        "accounts": [
            {"account": file.account, "owner": file.owner.hex(), "key_file": str(file.path)}
            for file in found.accounts
        ],
        "crowd": len(found.crowd) + len(found.daring),
        "daring": len(found.daring),
    }


def banner(plan: Plan, found: Running, host: str, port: int) -> str:
    """For people."""
    url = base_url(host, port)
    lines = [""]
    if found.accounts:
        lines.append("Accounts, with a million dollars each once a batch has taken their deposit")
    lines += [f"  {file.account:>3}  0x{file.owner.hex()}  {file.path}" for file in found.accounts]
    symbols = ", ".join(market.symbol for market in found.file.governance.markets)
    proofs = f"{found.file.parameters}, class {' or '.join(found.file.shape_classes)}"
    lines += [
        "",
        f"Chain         {found.file.chain}",
        f"Venue         {found.file.venue}",
        f"Envelope key  {found.door.sealing_key.hex()}",
        f"Markets       {symbols}",
        f"A batch       every {found.file.interval_ms / 1000:g} s",
        f"Proofs        {proofs if plan.proves else 'none: headers alone reach L1'}",
        f"L1            {found.l1}",
        *(
            f"Outpost       {each.url}, on chain {each.chain} at 0x{each.address.hex()}"
            for each in found.outposts
        ),
        f"Crowd         {len(found.crowd) + len(found.daring)} traders, "
        f"of them {len(found.daring)} with all the leverage they get",
        f"Files         {plan.state}",
    ]
    if found.is_insecure:
        lines.append("INSECURE      every key is derived from a number")
    lines += ["", *(f"  {url}{path}" for path in PATHS), "", f"Listening on {url}", ""]
    return "\n".join(lines)
