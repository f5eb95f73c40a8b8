"""Entry points that must be one: what packaging binds by name, from exactly one distribution."""

from importlib.metadata import EntryPoint, entry_points


class InstallationError(Exception):
    """What packaging should bind is not installed, or more than once: the message says which."""


def only_entry_point(group: str, name: str) -> EntryPoint | None:
    """The entry point of that name; None if there is none.

    InstallationError if several distributions offer it: whichever came first would decide what
    runs, and whoever can install a package could replace the verifier.
    """
    found = list(entry_points(group=group, name=name))
    if len(found) > 1:
        names = sorted(each.dist.name if each.dist else "unknown" for each in found)
        raise InstallationError(
            f"one distribution may offer {name!r} in {group}, and {len(found)} do: "
            f"{', '.join(names)}"
        )
    return found[0] if found else None
