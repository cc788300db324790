// The engine as one object: registries, write path, drops and queries over the ports it is given. The same in the
// browser worker, in Node and in tests; it knows no DOM, no network and no file system.
import { LoamError } from './errors.ts';
import { addValues, removeValues, setValues, updateValues } from './features/values.ts';
import { link, projectsByName, ulabelsByName, unlink } from './features/labels.ts';
import type { Model } from './model/types.ts';
import type { BlobStore, Clock, Inspector, Payload, Random, SqlDriver, SqlValue } from './ports.ts';
import { artifactDetail, findArtifact } from './query/artifact-detail.ts';
import { listArtifacts } from './query/artifact-rows.ts';
import type { ArtifactDetail, ArtifactListSpec, ArtifactPage, Facet } from './query/artifact-types.ts';
import { facets } from './query/facets.ts';
import { actList, artifactHistory, counts, statusFacts, type StatusFacts } from './query/status.ts';
import { checkKey, purge, restore, storageKey, trash } from './registry/artifact.ts';
import { findLeftovers, removePurged, saveBatch } from './registry/drop-save.ts';
import { startDrop, type Drop, type DropInput } from './registry/drop.ts';
import type { DropOptions, DropProgress } from './registry/drop-types.ts';
import { createNamed, listNamed, type FeatureRow, type NamedRow } from './registry/named.ts';
import { saveNote } from './registry/note.ts';
import { dropTransform, finishRun, startRun } from './registry/run.ts';
import { readAuthor } from './schema/open.ts';
import { all, one, runSync, type Steps } from './statement.ts';
import { suffixOf } from './suffix.ts';
import { update } from './write/apply.ts';
import { restoreFields } from './write/history.ts';
import type { ActSummary, HistoryEntry } from './write/history-types.ts';
import type { Transaction } from './write/transaction.ts';
import { createWriter, type FeedChange, type UndoResult, type Writer } from './write/writer.ts';
import { parseDtype } from './features/dtype.ts';

export interface EngineDeps {
  driver: SqlDriver;
  model: Model;
  blobs: BlobStore;
  inspector: Inspector;
  clock: Clock;
  random: Random;
  onFeed: (feed: FeedChange) => void;
  onDrop: (progress: DropProgress) => void;
  breathe?: () => Promise<void>;
}

export type Engine = Awaited<ReturnType<typeof createEngine>>;

/** Opens the engine on an existing instance: takes back unfinished acts, finishes or removes unfinished drops. */
export async function createEngine(deps: EngineDeps) {
  const { driver, blobs } = deps;
  const author = readAuthor(driver);
  const writer: Writer = createWriter({ ...deps, author });
  const storageId = Number(
    runSync(driver, one('SELECT id FROM lamindb_storage ORDER BY id LIMIT 1'))?.[0] ?? 1,
  );
  const drops = new Map<string, Drop>();
  const recovered = writer.recover();
  await resumeDrops();

  /** Uid of the request being served: the act takes it, so that a re-sent request is applied once. */
  let operation: string | null = null;

  function act<T>(kind: string, title: string, body: (tx: Transaction) => Steps<T>): T | null {
    const uid = request();
    return writer.act(uid === null ? { kind, title } : { kind, title, uid }, body);
  }

  /** The request's uid, taken once. */
  function request(): string | null {
    const uid = operation;
    operation = null;
    return uid;
  }

  const read = <T>(steps: Steps<T>): T => runSync(driver, steps);
  const idOf = (uid: string): number => read(findArtifact(uid)).id;
  const idsOf = (uids: string[]): number[] => uids.map(idOf);
  const titled = (verb: string, uids: string[]): string => {
    if (uids.length !== 1) return `${verb} ${uids.length} artifacts`;
    const row = read(
      one('SELECT coalesce(key, uid) FROM lamindb_artifact WHERE id = ?', [idOf(uids[0] ?? '')]),
    );
    return `${verb} ${String(row?.[0] ?? '')}`;
  };

  async function resumeDrops(): Promise<void> {
    const { resume } = await findLeftovers(driver, blobs);
    for (const { drop, item } of resume) {
      try {
        const there = runSync(driver, one('SELECT 1 FROM lamindb_artifact WHERE uid = ?', [item.uid]));
        if (!there) {
          if (item.token !== null) await blobs.commit(item.token, item.storageKey);
          writer.act({ kind: 'drop', title: `Resume adding ${item.facts.key ?? item.uid}` }, function* (tx) {
            const run = yield* startRun(tx, yield* dropTransform(tx), { resumed: drop });
            yield* saveBatch(tx, drop, [item], run.id);
            yield* finishRun(tx, run.id, 'completed');
          });
        }
      } catch {
        // Bytes that cannot be finished are taken back: the file is then cleanly absent and can be dropped again.
        if (item.token !== null) await blobs.discard(item.token);
      }
      driver.run('DELETE FROM loam_drop WHERE uid = ? AND item = ?', [drop, item.id]);
    }
  }

  function drop(inputs: DropInput[], options: DropOptions): { drop: string } {
    const started = startDrop(
      {
        driver,
        writer,
        blobs,
        inspector: deps.inspector,
        storageId,
        now: deps.clock,
        onProgress: deps.onDrop,
        onSlice: (opened, changes, last) =>
          deps.onFeed({
            act: opened.uid,
            title: opened.title,
            last,
            tables: changes.map((c) => ({ ...c, ids: c.ids && [...c.ids] })),
          }),
      },
      inputs,
      options,
    );
    drops.set(started.uid, started);
    void started.done.then(() => checksums(started));
    return { drop: started.uid };
  }

  /** sha1-fl cannot see a change in the middle of a large file, so a full checksum is kept beside it. */
  async function checksums(done: Drop): Promise<void> {
    for (const item of done.items) {
      if (!item.artifact || (item.verdict !== 'new' && item.verdict !== 'version')) continue;
      try {
        const { id } = read(findArtifact(item.artifact.uid));
        if (read(one('SELECT 1 FROM loam_blob WHERE artifact_id = ? AND sha256 IS NOT NULL', [id]))) continue;
        const sha256 = await deps.inspector.checksum(await payloadOf(item.artifact.uid));
        driver.run('UPDATE loam_blob SET sha256 = ? WHERE artifact_id = ?', [sha256, id]);
        deps.onFeed({
          act: done.uid,
          title: '',
          last: true,
          tables: [{ table: 'loam_blob', inserted: 0, updated: 1, deleted: 0, ids: [id] }],
        });
      } catch {
        // Undone or purged meanwhile; a checksum of bytes that are gone is of no use.
      }
    }
  }

  /** Stored bytes as inspection takes them: by storage key, which the platform resolves to its own file handle. */
  async function payloadOf(uid: string): Promise<Payload> {
    const { key, folder } = locate(uid);
    if (!folder) return { name: key, file: key, files: null };
    const paths = await blobs.list(key);
    return { name: key, file: null, files: paths.map((path) => ({ path, file: `${key}/${path}` })) };
  }

  function locate(uid: string): { key: string; folder: boolean; name: string } {
    const { id } = read(findArtifact(uid));
    const row = read(
      one('SELECT uid, suffix, n_files, key, _key_is_virtual, _real_key FROM lamindb_artifact WHERE id = ?', [
        id,
      ]),
    );
    if (!row) throw new LoamError('DoesNotExist', `There is no artifact ${uid}.`);
    const folder = row[2] !== null;
    const virtual = storageKey(String(row[0]), String(row[1]), folder);
    const real = (row[5] as string | null) ?? (row[4] === 1 || row[3] === null ? virtual : String(row[3]));
    return { key: real, folder, name: String(row[3] ?? row[0]) };
  }

  function dropOf(uid: string): Drop {
    const found = drops.get(uid);
    if (!found) throw new LoamError('DoesNotExist', 'This drop is over.', { drop: uid });
    return found;
  }

  function notWhileDropping(): void {
    if ([...drops.values()].some((d) => !d.finished)) {
      throw new LoamError(
        'InvalidArgument',
        'Files are still being added. Wait until they are done, or cancel them, then undo.',
      );
    }
  }

  return {
    writer,
    recovered,
    /** Names the next act after the request that asked for it. */
    withOperation: (uid: string | null): void => {
      operation = uid;
    },
    status: (): StatusFacts => read(statusFacts(author.userId)),
    counts: () => read(counts()),
    storedBytes: async () => (await blobs.keys()).reduce((sum, b) => sum + b.size, 0),

    listArtifacts: (spec: ArtifactListSpec): ArtifactPage => read(listArtifacts(spec)),
    facets: (spec: ArtifactListSpec): Facet[] => read(facets(spec)),
    artifact: (uid: string): ArtifactDetail => read(artifactDetail(writer.journal, uid)),
    /** Name and storage key of an artifact's bytes, or of one file in a folder artifact. */
    locate: (uid: string, path?: string): { name: string; key: string } => {
      const { key, name } = locate(uid);
      const shown = path ?? name;
      return { name: shown.split('/').pop() ?? shown, key: path === undefined ? key : `${key}/${path}` };
    },
    listFiles: async (uid: string): Promise<{ path: string; size: number }[]> => {
      const { key, folder } = locate(uid);
      if (!folder) return [];
      const files = [];
      for (const path of await blobs.list(key))
        files.push({ path, size: (await blobs.open(`${key}/${path}`)).size });
      return files;
    },

    drop,
    pauseDrop: (uid: string, paused: boolean): void => dropOf(uid).pause(paused),
    cancelDrop: (uid: string): void => dropOf(uid).cancel(),
    retryDrop: (uid: string, item: string, options?: DropOptions): void => {
      const again = dropOf(uid);
      again.retry(item, options);
      void again.done.then(() => checksums(again));
    },
    drops: (): DropProgress[] => [...drops.values()].flatMap((d) => d.items),

    updateArtifact(
      uid: string,
      change: { key?: string; description?: string | null; kind?: string | null },
    ): void {
      const id = idOf(uid);
      const values: Record<string, SqlValue> = {};
      if (change.key !== undefined) {
        const suffix = read(one('SELECT suffix FROM lamindb_artifact WHERE id = ?', [id]))?.[0];
        const wanted = suffixOf(checkKey(change.key)).canonical;
        if (wanted !== suffix) {
          throw new LoamError(
            'InvalidArgument',
            `The key's suffix "${wanted}" must stay "${String(suffix)}", that of the stored file.`,
            {
              suffix: String(suffix),
            },
          );
        }
        values['key'] = change.key;
      }
      if (change.description !== undefined) values['description'] = change.description;
      if (change.kind !== undefined) values['kind'] = change.kind;
      act('update', titled('Edit', [uid]), (tx) => update(tx, 'lamindb_artifact', [id], values));
    },
    trashArtifacts: (uids: string[]): void => {
      const ids = idsOf(uids);
      act('trash', titled('Move to trash:', uids), (tx) => trash(tx, ids));
    },
    restoreArtifacts: (uids: string[]): void => {
      const ids = idsOf(uids);
      act('restore', titled('Restore', uids), (tx) => restore(tx, ids));
    },
    purgeArtifacts: async (uids: string[]): Promise<{ bytes: number }> => {
      const ids = idsOf(uids);
      const keys = act('purge', titled('Delete for good:', uids), (tx) => purge(tx, ids)) ?? [];
      const sizes = new Map((await blobs.keys()).map((b) => [b.key, b.size]));
      let bytes = 0;
      for (const [stored, size] of sizes) {
        if (keys.some((key) => stored === key || stored.startsWith(`${key}/`))) bytes += size;
      }
      await removePurged(driver, blobs);
      return { bytes };
    },

    /** Labels, projects, features and a description for many artifacts as one act: all of it holds, or none. */
    annotate: (uids: string[], options: DropOptions): void => {
      const ids = idsOf(uids);
      const { labels = [], projects = [], features = {}, description } = options;
      act('annotate', titled('Annotate', uids), function* (tx) {
        if (labels.length > 0)
          yield* link(tx, 'lamindb_artifactulabel', 'ulabel_id', ids, yield* ulabelsByName(tx, labels));
        if (projects.length > 0)
          yield* link(tx, 'lamindb_artifactproject', 'project_id', ids, yield* projectsByName(tx, projects));
        if (Object.keys(features).length > 0) yield* addValues(tx, ids, features);
        if (description) yield* update(tx, 'lamindb_artifact', ids, { description });
      });
    },
    addLabels: (uids: string[], names: string[]): void => {
      const ids = idsOf(uids);
      act('annotate', titled('Label', uids), function* (tx) {
        yield* link(tx, 'lamindb_artifactulabel', 'ulabel_id', ids, yield* ulabelsByName(tx, names));
      });
    },
    removeLabel: (uid: string, registry: string, label: string): void => {
      const id = idOf(uid);
      const table = deps.model.registry.get(registry);
      if (!table) throw new LoamError('InvalidArgument', `There is no registry "${registry}".`);
      const row = read(one(`SELECT id FROM "${table.name}" WHERE uid = ?`, [label]));
      if (!row) throw new LoamError('DoesNotExist', `There is no ${registry} ${label}.`);
      const linkTable = `${table.module}_artifact${registry.toLowerCase()}`;
      act('annotate', titled('Remove a label from', [uid]), (tx) =>
        unlink(tx, linkTable, `${registry.toLowerCase()}_id`, id, Number(row[0])),
      );
    },
    addProjects: (uids: string[], names: string[]): void => {
      const ids = idsOf(uids);
      act('annotate', titled('Add project to', uids), function* (tx) {
        yield* link(tx, 'lamindb_artifactproject', 'project_id', ids, yield* projectsByName(tx, names));
      });
    },
    setFeatures: (uid: string, values: Record<string, unknown>): void => {
      const ids = [idOf(uid)];
      act('annotate', titled('Set features of', [uid]), (tx) => setValues(tx, ids, values));
    },
    addFeatures: (uids: string[], values: Record<string, unknown>): void => {
      const ids = idsOf(uids);
      act('annotate', titled('Annotate', uids), (tx) => addValues(tx, ids, values));
    },
    updateFeatures: (uid: string, values: Record<string, unknown>): void => {
      const ids = [idOf(uid)];
      act('annotate', titled('Change features of', [uid]), (tx) => updateValues(tx, ids, values));
    },
    removeFeatures: (uid: string, names: string[]): void => {
      const ids = [idOf(uid)];
      act('annotate', titled('Remove features of', [uid]), (tx) => removeValues(tx, ids, names));
    },
    saveNote: (uid: string, content: string): void => {
      const id = idOf(uid);
      act('note', titled('Note on', [uid]), (tx) => saveNote(tx, id, content));
    },

    ulabels: (search: string, limit: number): NamedRow[] => read(listNamed('lamindb_ulabel', search, limit)),
    projects: (search: string, limit: number): NamedRow[] =>
      read(listNamed('lamindb_project', search, limit)),
    features: (search: string, limit: number): FeatureRow[] =>
      read(listNamed('lamindb_feature', search, limit)) as FeatureRow[],
    createFeature: (name: string, dtype: string, description?: string): FeatureRow => {
      parseDtype(dtype);
      act('create', `New feature ${name}`, (tx) =>
        createNamed(tx, 'lamindb_feature', 12, name, {
          _dtype_str: dtype,
          nullable: 1,
          description: description ?? null,
        }),
      );
      return read(listNamed('lamindb_feature', name, 1, true))[0] as FeatureRow;
    },
    createULabel: (name: string, description?: string): NamedRow => {
      act('create', `New label ${name}`, (tx) =>
        createNamed(tx, 'lamindb_ulabel', 8, name, { description: description ?? null }),
      );
      return read(listNamed('lamindb_ulabel', name, 1, true))[0] as NamedRow;
    },
    createProject: (name: string, description?: string): NamedRow => {
      act('create', `New project ${name}`, (tx) =>
        createNamed(tx, 'lamindb_project', 12, name, { description: description ?? null }),
      );
      return read(listNamed('lamindb_project', name, 1, true))[0] as NamedRow;
    },

    undo: async (): Promise<UndoResult | null> => {
      notWhileDropping();
      return writer.undo(undefined, request());
    },
    redo: async (): Promise<UndoResult | null> => {
      notWhileDropping();
      return writer.redo(request());
    },
    undoAct: async (uid: string): Promise<UndoResult> => {
      notWhileDropping();
      const result = await writer.undo(uid, request());
      if (!result) throw new LoamError('UndoConflict', 'This was undone already.', { act: uid });
      return result;
    },
    acts: (limit: number, before?: string): ActSummary[] => read(actList(limit, before)),
    history: (uid: string): HistoryEntry[] => read(artifactHistory(writer.journal, idOf(uid))),
    restoreFields: (ref: HistoryEntry['ref']): void => {
      act('restore', 'Restore an earlier value', (tx) => restoreFields(tx, ref));
    },
    query: (sql: string, params: SqlValue[] = []): { names: string[]; rows: SqlValue[][] } => {
      if (
        !/^\s*(select|with|explain|values|pragma\s+(integrity_check|quick_check|table_info|page_count|page_size))\b/i.test(
          sql,
        )
      ) {
        throw new LoamError('InvalidArgument', 'Only statements that read are allowed here.');
      }
      driver.exec('PRAGMA query_only=on');
      driver.deadline(10_000);
      try {
        const batch = driver.columns(sql, params);
        return {
          names: batch.names,
          rows: Array.from({ length: batch.count }, (_, i) => batch.columns.map((c) => c[i] ?? null)),
        };
      } finally {
        driver.deadline(null);
        driver.exec('PRAGMA query_only=off');
      }
    },
    integrityCheck: (): string =>
      read(all('PRAGMA integrity_check'))
        .map((r) => String(r[0]))
        .join('\n'),
  };
}
