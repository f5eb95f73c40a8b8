"""What `crypsis doctor` asks of the prover: are its kernels compiled?"""

from collections.abc import Iterator

from rollup.doctor.check import Check, Health, Surroundings


def kernels(_: Surroundings) -> Iterator[Check]:
    """Whether the first proof would have to wait for a compiler. Says what is missing instead of
    failing where the libraries of the prover are."""
    try:
        from circuits.commands.warm import is_warm  # noqa: PLC0415 - it loads Numba
        from rollup.native.jit import cache_folder  # noqa: PLC0415
    except ModuleNotFoundError as error:
        yield Check("kernels", Health.FAILED, f"without {error.name}, none can be compiled")
        return
    folder = cache_folder()
    if folder is None:
        advice = "every process compiles anew: set CRYPSIS_CACHE to a folder that can be written"
        yield Check("kernels", Health.WARNING, "no folder to keep them in", advice)
    elif is_warm():
        yield Check("kernels", Health.OK, f"compiled, in {folder}")
    else:
        advice = "crypsis prover warm compiles them, in minutes; else the first proof does"
        yield Check("kernels", Health.WARNING, f"not compiled, or changed since: {folder}", advice)
