"""Makes and opens workspaces: reads the settings, builds everything, names the connectors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from leadfit import policy as policies
from leadfit.app.connectors import Connected, Connecting, connect, silent
from leadfit.app.files import (
    DATABASE,
    SECRET,
    can_write,
    drop_leftovers,
    make_secret,
    read_secret,
)
from leadfit.app.in_force import rules_in_force
from leadfit.app.leadfit import Leadfit
from leadfit.app.settings import Settings, read_environment, read_settings
from leadfit.app.vendors import Vending
from leadfit.connectors import Vendor
from leadfit.errors import BadInput, Fault, MissingExtra
from leadfit.jobs.deliveries.brief import Briefings
from leadfit.pipeline import InForce
from leadfit.policy import Policy
from leadfit.store import SqliteStore, Store
from leadfit.world import SystemWorld, World


def create_workspace(
    folder: Path | str, *, world: World | None = None, settings: Settings | None = None
) -> Path:
    """Make a workspace with the starter policy and an empty store; return its folder.

    Args:
        folder: Where it is made.
        world: Time, ids and failpoints; the system's by default.
        settings: Where its store is; the environment's by default.

    Raises:
        BadInput: The folder holds something already, or the store is that of another workspace.
        StoreBusy: The server of the store cannot be reached now.
    """
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        came = "a folder that is not empty" if place.is_dir() else "a file"
        allowed = "a new or empty folder, named with --workspace"
        raise BadInput(Fault(place=str(place), came=came, allowed=allowed))
    try:
        _fill(place, world or SystemWorld(), settings or read_settings())
    except Exception:
        # It was new or empty: a second try finds it so.
        for each in place.iterdir() if place.is_dir() else ():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        raise
    return place


def _fill(place: Path, world: World, settings: Settings) -> None:
    for part in ("policy", "artifacts", "reports"):
        (place / part).mkdir(parents=True, exist_ok=True)
    for name, content in policies.starter_files().items():
        (place / "policy" / name).write_bytes(content)
    make_secret(place / SECRET, world)
    open_store(place, world, settings).close()


def open_leadfit(
    workspace: Path | str,
    *,
    world: World | None = None,
    settings: Settings | None = None,
    sends: bool = True,
) -> Leadfit:
    """Open a workspace.

    Args:
        workspace: Its folder.
        world: Time, ids and failpoints; the system's by default.
        settings: Where its store is; the environment's by default.
        sends: Whether actions are carried out. If not, ``connectors.toml`` is not read, and the
            secrets it refers to need not be in the environment; what is due waits for whoever
            sends.

    Raises:
        BadInput: There is no workspace, the store that was asked for is of no known kind, or
            ``connectors.toml`` cannot be used.
        BadPolicy: Its policy cannot be used.
        NewerStore: A newer Leadfit wrote its store.
        MissingExtra: Its store is in PostgreSQL, and the extra ``postgres`` is not installed.
        StoreBusy: The server of its store cannot be reached now.
    """
    place = Path(workspace)
    if not (place / "policy").is_dir() or not (place / SECRET).is_file():
        raise BadInput(
            Fault(place=str(place), came="no workspace", allowed="a folder made by `leadfit init`")
        )
    chosen = world or SystemWorld()
    if can_write(place):
        drop_leftovers(place, chosen.now())
    store, rules = _open_with_rules(place, chosen, settings or read_settings())
    opened: list[Leadfit] = []

    def present() -> Policy:
        # A policy may be put in force while the workspace is open.
        return opened[0].policy if opened else rules.policy

    try:
        connected = connect(place, _outside(chosen, store, present)) if sends else silent()
        vendors = _vendors(place, connected, present, chosen)
    except Exception:
        store.close()
        raise
    leadfit = Leadfit(
        place,
        store=store,
        in_force=rules,
        performers=connected.performers,
        fallbacks=connected.fallbacks,
        vendors=vendors,
        world=chosen,
        open_again=partial(_open_in_worker, place, settings or read_settings()),
        environment=read_environment(),
    )
    opened.append(leadfit)
    if sends:
        # Who fell ill while nothing ran is away from the first decision on.
        leadfit.policies.catch_up()
    return leadfit


def _outside(world: World, store: Store, policy: Callable[[], Policy]) -> Connecting:
    return Connecting(
        world=world,
        policy=policy,
        briefing=lambda page: Briefings(store, policy, page),
        open_briefing=lambda page: Briefings(store, policy, page, is_personal=False),
    )


def _open_with_rules(place: Path, world: World, settings: Settings) -> tuple[Store, InForce]:
    store = open_store(place, world, settings)
    try:
        return store, rules_in_force(place, store)
    except Exception:
        store.close()
        raise


def _vendors(
    place: Path, connected: Connected, policy: Callable[[], Policy], world: World
) -> Callable[[], Mapping[str, Vendor]]:
    """Return the vendors of facts that can be asked; none where nothing is sent."""
    if connected.transport is None:
        return dict
    vending = Vending(place, connected.transport, read_environment(), policy, world)
    vending.check()
    return vending


def _open_in_worker(place: Path, settings: Settings) -> Store:
    """Open the store in a process of its own, by the world of that process."""
    return open_store(place, SystemWorld(), settings)


def open_store(place: Path, world: World, settings: Settings) -> Store:
    """Open the store that the settings name.

    Raises:
        BadInput: They name one of no known kind.
        MissingExtra: It wants an extra that is not installed.
    """
    secret = read_secret(place / SECRET)
    url = settings.database_url
    if url is None:
        return _open_sqlite(place / DATABASE, secret, world)
    scheme, _, path = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        return _open_postgres(url, secret, world)
    if scheme == "sqlite" and path.startswith("/") and path != "/":
        return _open_sqlite(Path(path[1:]), secret, world)
    # The address may hold a password: only its kind is shown.
    raise BadInput(
        Fault(
            place="LEADFIT_DATABASE_URL",
            came=f"an address of kind {url.partition(':')[0][:20]!r}",
            allowed="sqlite:///PATH, postgresql://USER:PASSWORD@HOST/DATABASE, or nothing for the"
            " workspace's own file",
        )
    )


def _open_sqlite(path: Path, secret: bytes, world: World) -> Store:
    read_only = path.exists() and not (can_write(path) and can_write(path.parent))
    return SqliteStore(path, secret=secret, world=world, read_only=read_only)


def _open_postgres(url: str, secret: bytes, world: World) -> Store:
    try:
        from leadfit.store.postgres import PostgresStore  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra("postgres", "a store in PostgreSQL") from error
    return PostgresStore(url, secret=secret, world=world)
