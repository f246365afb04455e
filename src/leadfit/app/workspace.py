"""Makes and opens workspaces: reads the settings, builds everything, names the connectors."""

from __future__ import annotations

from pathlib import Path

from leadfit import policy as policies
from leadfit.app.files import (
    DATABASE,
    SECRET,
    current_artifact,
    current_card,
    make_secret,
    read_secret,
)
from leadfit.app.leadfit import Leadfit
from leadfit.app.settings import Settings, read_settings
from leadfit.connectors import FilePerformer
from leadfit.errors import BadInput, Fault
from leadfit.pipeline import InForce
from leadfit.store import SqliteStore
from leadfit.world import SystemWorld, World


def create_workspace(folder: Path | str, *, world: World | None = None) -> Path:
    """Make a workspace with the starter policy and an empty store; return its folder.

    Raises:
        BadInput: The folder holds something already.
    """
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise BadInput(
            Fault(place=str(place), came="something that is there", allowed="a new or empty folder")
        )
    for part in ("policy", "artifacts", "reports"):
        (place / part).mkdir(parents=True, exist_ok=True)
    for name, content in policies.starter_files().items():
        (place / "policy" / name).write_bytes(content)
    chosen = world or SystemWorld()
    make_secret(place / SECRET, chosen)
    SqliteStore(place / DATABASE, secret=read_secret(place / SECRET), world=chosen).close()
    return place


def open_leadfit(
    workspace: Path | str, *, world: World | None = None, settings: Settings | None = None
) -> Leadfit:
    """Open a workspace.

    Args:
        workspace: Its folder.
        world: Time, ids and failpoints; the system's by default.
        settings: Where its store is; the environment's by default.

    Raises:
        BadInput: There is no workspace, or the store that was asked for is of no known kind.
        BadPolicy: Its policy cannot be used.
        NewerStore: A newer Leadfit wrote its store.
    """
    place = Path(workspace)
    if not (place / "policy").is_dir() or not (place / SECRET).is_file():
        raise BadInput(
            Fault(place=str(place), came="no workspace", allowed="a folder made by `leadfit init`")
        )
    chosen = world or SystemWorld()
    rules = InForce(
        policy=policies.load(place / "policy"),
        artifact=current_artifact(place),
        card=current_card(place),
    )
    path = _database(place, settings or read_settings())
    return Leadfit(
        place,
        store=SqliteStore(path, secret=read_secret(place / SECRET), world=chosen),
        in_force=rules,
        performers={"*": FilePerformer(place / "outbox.jsonl", world=chosen)},
        world=chosen,
    )


def _database(place: Path, settings: Settings) -> Path:
    """Return the file of the store.

    Raises:
        BadInput: The address names no SQLite file.
    """
    url = settings.database_url
    if url is None:
        return place / DATABASE
    scheme, separator, path = url.partition(":///")
    if scheme != "sqlite" or not separator or not path:
        # The address may hold a password: only its kind is shown.
        raise BadInput(
            Fault(
                place="LEADFITDATABASE_URL",
                came=f"an address of kind {url.partition(':')[0][:20]!r}",
                allowed="sqlite:///PATH, or nothing for the workspace's own file",
            )
        )
    return Path(path)
