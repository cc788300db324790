// The database for Python's LaminDB: a copy without our own tables, the files at their storage keys, and a script that
// registers it. Works on a copy; files are found by the platform, and those that cannot be are told.
import { strToU8 } from 'fflate';
import { asLamindb } from '../branch/at-rest.ts';
import { isLoamError } from '../errors.ts';
import type { Model } from '../model/types.ts';
import type { ByteSource, SqlDriver } from '../ports.ts';
import { isDeviceRoot } from '../registry/device-storage.ts';
import { contentsOf, storageFacts, type StorageRow, type Whereabouts } from '../registry/whereabouts.ts';
import { runSync } from '../statement.ts';
import { instanceName, pythonScript, storageMarker } from './python-script.ts';

/** One file of an export. */
export interface ExportMember {
  /** Relative, `/`-separated. */
  path: string;
  size: number;
  chunks(): AsyncIterable<Uint8Array>;
}

/** What is known of an artifact's bytes: one source, or those of a folder's files. */
export type FoundSources = { source: ByteSource } | { files: { path: string; source: ByteSource }[] };

export interface PythonExport {
  /** A connection to a copy of the database; it is put on main, and its own tables are taken out, on the way. */
  driver: SqlDriver;
  model: Model;
  /** Name the instance gets in Python. */
  instance: string;
  /** Root that stands for "here": a storage with it is the folder of the export. Null takes this browser's own. */
  root: string | null;
  /** Throws `BytesElsewhere` or `PermissionNeeded` where they cannot be read. */
  find(artifact: Whereabouts): Promise<FoundSources>;
  /** The file of the copy as it is now, with 4,096-byte pages and a rollback journal. */
  compacted(): Promise<{ size: number; chunks(): AsyncIterable<Uint8Array> }>;
}

export interface ExportReport {
  members: number;
  bytes: number;
  /** Artifacts whose bytes could not be read, and of the first few why. */
  missing: number;
  reasons: string[];
}

export const emptyReport = (): ExportReport => ({ members: 0, bytes: 0, missing: 0, reasons: [] });

/** Artifacts looked up at once. */
const pageOf = 500;
const mostReasons = 20;
const chunkBytes = 1 << 20;

/** Everything the export is made of, the database last. */
export async function* pythonMembers(spec: PythonExport, report: ExportReport): AsyncGenerator<ExportMember> {
  const { driver, model } = spec;
  asLamindb(driver, model);
  const storages = placeStorages(runSync(driver, storageFacts()), spec.root);
  const used = new Set(storages.filter(({ folder }) => folder === '').map(({ uid }) => uid));
  for (const storage of storages) yield* storedFiles(spec, storage, used, report);
  if (report.missing > 0) yield textMember('missing-files.txt', missingWords(report));
  const placed = storages.filter(({ uid }) => used.has(uid));
  for (const { uid, folder } of placed)
    yield textMember(below(folder, '.lamindb/storage_uid.txt'), storageMarker(uid));
  const script = pythonScript({
    owner: 'anonymous',
    name: instanceName(spec.instance),
    // LaminDB loads a Python package for each module it is told; one without migrations has none.
    modules: model.modules
      .filter(({ name, migrations }) => name !== 'lamindb' && migrations.length > 0)
      .map(({ name }) => name),
    storages: Object.fromEntries(placed.map(({ uid, folder }) => [uid, folder])),
  });
  yield textMember('open_in_python.py', script);
  prepareForPython(driver, model);
  yield { path: '.lamindb/lamin.db', ...(await spec.compacted()) };
}

/** Takes our tables out and sets the counters of ids right. Rows of LaminDB's tables stay as they are. */
export function prepareForPython(driver: SqlDriver, model: Model): void {
  driver.exec('PRAGMA foreign_keys=off');
  driver.exec('BEGIN');
  const own = driver.all(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'loam\\_%' ESCAPE '\\'",
  );
  for (const [name] of own) driver.exec(`DROP TABLE IF EXISTS "${String(name).replaceAll('"', '""')}"`);
  for (const table of model.tables.values()) {
    const top = Number(driver.all(`SELECT coalesce(max(id), 0) FROM "${table.name}"`)[0]?.[0]);
    if (top < 1) continue;
    const set = driver.run('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?', [top, table.name]);
    if (set.changes === 0)
      driver.run('INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)', [table.name, top]);
  }
  driver.exec('COMMIT');
}

interface PlacedStorage extends StorageRow {
  /** Folder below the export; '' is the export itself. */
  folder: string;
}

/** The others lie in folders of their own below the export, so that equal keys of two storages do not meet. */
function placeStorages(storages: readonly StorageRow[], here: string | null): PlacedStorage[] {
  const isHere = ({ root }: StorageRow) => (here === null ? isDeviceRoot(root) : root === here);
  const own = storages.find(isHere) ?? storages[0];
  return storages.map((storage) => ({
    ...storage,
    folder: storage.uid === own?.uid ? '' : `storages/${storage.uid}`,
  }));
}

/** The files of one storage. A location none of whose files can be read stays where it is. */
async function* storedFiles(
  { driver, find }: PythonExport,
  storage: PlacedStorage,
  used: Set<string>,
  report: ExportReport,
): AsyncGenerator<ExportMember> {
  let after = 0;
  for (;;) {
    const page = runSync(driver, contentsOf(storage.uid, after, pageOf));
    if (page.length === 0) return;
    after = page.at(-1)?.id ?? after;
    for (const artifact of page) {
      try {
        const found = await find(artifact);
        used.add(storage.uid);
        const at = below(storage.folder, artifact.key);
        if ('source' in found) yield sourceMember(at, found.source);
        else for (const { path, source } of found.files) yield sourceMember(`${at}/${path}`, source);
      } catch (error) {
        if (!isLoamError(error, 'BytesElsewhere') && !isLoamError(error, 'PermissionNeeded')) throw error;
        report.missing += 1;
        if (report.reasons.length < mostReasons) report.reasons.push(`${artifact.name}: ${error.message}`);
      }
    }
  }
}

function missingWords({ missing, reasons }: ExportReport): string {
  const more = missing > reasons.length ? [`and ${missing - reasons.length} more`] : [];
  return `${[`${missing} files are not in this export:`, ...reasons, ...more].join('\n')}\n`;
}

const below = (folder: string, path: string) => (folder === '' ? path : `${folder}/${path}`);

export function bytesMember(path: string, bytes: Uint8Array): ExportMember {
  return {
    path,
    size: bytes.length,
    async *chunks() {
      yield bytes;
    },
  };
}

const textMember = (path: string, text: string) => bytesMember(path, strToU8(text));

function sourceMember(path: string, source: ByteSource): ExportMember {
  return {
    path,
    size: source.size,
    async *chunks() {
      for (let at = 0; at < source.size; at += chunkBytes)
        yield await source.read(at, Math.min(source.size, at + chunkBytes));
    },
  };
}
