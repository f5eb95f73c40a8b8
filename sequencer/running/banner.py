"""What a program says of the venue it runs, once it takes orders."""

from sequencer.running.assembly import Plan, Running

PATHS = ("/v1/status", "/v1/batches", "/metrics", "/openapi.json")


def base_url(host: str, port: int) -> str:
    """Where the API is."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def banner_record(plan: Plan, found: Running, host: str, port: int) -> dict[str, object]:
    """For programs. It names key files and shows no key but the venue's public one."""
    return {
        "url": base_url(host, port),
        "chain": plan.file.chain,
        "venue": plan.file.venue,
        "envelope_key": found.door.sealing_key.hex(),
        "interval_ms": plan.file.interval_ms,
        "genesis_time": found.genesis.time,
        "state": str(plan.state),
        "proofs": plan.proves,
        "insecure": plan.insecure_seed is not None,
        "accounts": [
            {"account": file.account, "owner": file.owner.hex(), "key_file": str(file.path)}
            for file in found.accounts
        ],
        "crowd": len(found.crowd),
    }


def banner(plan: Plan, found: Running, host: str, port: int) -> str:
    """For people."""
    url = base_url(host, port)
    lines = ["", "Accounts, with a million dollars each from the first batch on"]
    lines += [f"  {file.account:>3}  0x{file.owner.hex()}  {file.path}" for file in found.accounts]
    symbols = ", ".join(market.symbol for market in plan.file.governance.markets)
    proofs = f"{plan.file.parameters}, class {plan.file.shape_class}"
    lines += [
        "",
        f"Chain         {plan.file.chain}",
        f"Venue         {plan.file.venue}",
        f"Envelope key  {found.door.sealing_key.hex()}",
        f"Markets       {symbols}",
        f"A batch       every {plan.file.interval_ms / 1000:g} s",
        f"Proofs        {proofs if plan.proves else 'none: headers alone reach L1'}",
        "L1            mock, in this process",
        f"Crowd         {len(found.crowd)} traders",
        f"Files         {plan.state}",
    ]
    if plan.insecure_seed is not None:
        lines.append("INSECURE      every key is derived from a number")
    lines += ["", *(f"  {url}{path}" for path in PATHS), "", f"Listening on {url}", ""]
    return "\n".join(lines)
