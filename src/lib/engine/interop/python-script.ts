// The script that goes with an export for Python: it tells LaminDB on that computer where the instance and its files are
// (lamindb.md §15: roots rewritten, a settings file in ~/.lamin). It needs Python alone; LaminDB is asked for at the end.

export interface PythonScript {
  owner: string;
  name: string;
  /** Modules beside lamindb that the database has. */
  modules: readonly string[];
  /** Storage uid -> its folder below the export; '' is the export itself. */
  storages: Readonly<Record<string, string>>;
}

/** A Python string or dict of strings; JSON's escapes are Python's. */
const python = (value: unknown) => JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped);
const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

export function pythonScript({ owner, name, modules, storages }: PythonScript): string {
  return `#!/usr/bin/env python3
"""Makes this folder a LaminDB instance on this computer.

    python open_in_python.py                 registers it as ${owner}/${name}
    python open_in_python.py --name other    registers it under another name
    lamin connect ${owner}/${name}           then works as ever

Only three things are changed: the paths of the storage locations in .lamindb/lamin.db (and whose they are), the marker
files storage_uid.txt, and one settings file in ~/.lamin. Run it again after moving the folder.
"""

import argparse
import hashlib
import os
import sqlite3
import sys
import uuid
from pathlib import Path

OWNER = ${python(owner)}
NAME = ${python(name)}
MODULES = ${python(modules.join(','))}
STORAGES = ${python(storages)}
ROOT = Path(__file__).resolve().parent
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def instance_uid(instance_id: uuid.UUID) -> str:
    """LaminDB's short form of an instance id."""
    digest = hashlib.md5(instance_id.hex.encode()).digest()
    zeros = len(digest) - len(digest.lstrip(b"\\0"))
    text, rest = "", int.from_bytes(digest, "big")
    while rest:
        rest, digit = divmod(rest, 62)
        text = DIGITS[digit] + text
    return (("0" + DIGITS[zeros] if zeros else "") + text)[:12]


def main() -> None:
    parser = argparse.ArgumentParser(description="Registers this folder as a LaminDB instance.")
    parser.add_argument("--owner", default=OWNER)
    parser.add_argument("--name", default=NAME)
    parser.add_argument("--force", action="store_true", help="take over a name that another folder has")
    args = parser.parse_args()
    slug = f"{args.owner}/{args.name}"
    instance_id = uuid.uuid5(uuid.NAMESPACE_URL, slug)
    uid = instance_uid(instance_id)
    database = ROOT / ".lamindb" / "lamin.db"
    if not database.is_file():
        sys.exit(f"There is no {database}. Keep this script in the folder it came in.")

    home = Path(os.environ.get("LAMIN_SETTINGS_DIR", Path.home())) / ".lamin"
    prefix = os.environ.get("LAMIN_ENV", "prod")
    prefix = "" if prefix == "prod" else f"{prefix}--"
    settings = home / f"{prefix}instance--{args.owner}--{args.name}.env"
    root_line = f"lamindb_instance_storage_root={ROOT.as_posix()}"
    if settings.exists() and not args.force and root_line not in settings.read_text().splitlines():
        sys.exit(f"{slug} is registered already, for another folder. Choose --name, or --force.")

    with sqlite3.connect(database) as connection:
        for storage, folder in STORAGES.items():
            path = (ROOT / folder).as_posix()
            connection.execute(
                "UPDATE lamindb_storage SET root = ?, type = 'local', instance_uid = ? WHERE uid = ?",
                (path, uid, storage),
            )
            marker = ROOT / folder / ".lamindb" / "storage_uid.txt"
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.write_text(
                f"{storage}\\ncreation info:\\ninstance_slug={slug}\\n"
                f"instance_id={instance_id.hex}\\ninstance_uid={uid}"
            )
    connection.close()

    home.mkdir(parents=True, exist_ok=True)
    values = {
        "owner": args.owner,
        "name": args.name,
        "storage_root": ROOT.as_posix(),
        "storage_region": "null",
        "db": "null",
        "schema_str": MODULES or "null",
        "id": instance_id.hex,
        "git_repo": "null",
        "keep_artifacts_local": "False",
        "api_url": "null",
        "schema_id": "null",
        "fine_grained_access": "False",
        "db_permissions": "null",
        "is_clone": "False",
    }
    settings.write_text("".join(f"lamindb_instance_{key}={value}\\n" for key, value in values.items()))
    print(f"{slug} is registered at {ROOT}.")
    print(f"Now: lamin connect {slug}   (or in Python: import lamindb as ln; ln.connect('{slug}'))")


if __name__ == "__main__":
    main()
`;
}

/** The marker LaminDB keeps in the root of a storage; the script completes it. */
export const storageMarker = (uid: string): string => `${uid}\n`;

/** A name LaminDB takes for an instance: lower case, digits, dashes. */
export function instanceName(title: string): string {
  const plain = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return plain.slice(0, 60) || 'lab';
}
