// Development only: an EngineApi in memory with made-up rows, never imported by src and never shipped.
// `localStorage['preview.mode']` chooses what to look at: full (default), empty, memory, failed, slow.
import type { WireError } from '../../src/lib/engine/errors.ts';
import type {
  ActSummary,
  DropItem,
  DropProgress,
  EngineApi,
  EngineEvent,
  FeatureRow,
  NamedRow,
} from '../../src/lib/workers/wire.ts';
import {
  artifacts,
  features,
  iso,
  make,
  mode,
  projects,
  ulabels,
  uid,
  valuesOf,
  filtered,
  type Stored,
} from './rows.ts';

const listeners = new Set<(event: EngineEvent) => void>();
const stateListeners = new Set<() => void>();
const emit = (event: EngineEvent) => listeners.forEach((listener) => listener(event));
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const acts: ActSummary[] = [];
function act(kind: string, title: string, table = 'lamindb_artifact'): void {
  acts.unshift({ uid: uid(12), kind, title, at: iso(0), by: 'you', undone: false });
  emit({
    type: 'feed',
    feed: {
      act: acts[0]!.uid,
      title,
      tables: [{ table, inserted: 1, updated: 0, deleted: 0, ids: null }],
      last: true,
    },
  });
}
if (mode !== 'empty')
  for (const [title, minutes] of [
    ['Annotated 12 artifacts', 8],
    ['Added 25 files', 40],
    ['Renamed plate_6.csv', 1500],
  ] as const)
    acts.push({ uid: uid(12), kind: 'annotate', title, at: iso(minutes), by: 'you', undone: false });

function find(id: string): Stored {
  const found = artifacts.find((one) => one.uid === id);
  if (!found)
    throw {
      code: 'DoesNotExist',
      message: `No artifact has the uid ${id}.`,
      details: {},
    } satisfies WireError;
  return found;
}
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const drops: DropProgress[] = [];

async function runDrop(drop: string, items: DropItem[]): Promise<void> {
  for (const [at, item] of items.entries()) {
    const size = item.file?.size ?? 2_400_000;
    const base: DropProgress = {
      drop,
      item: item.id,
      key: item.key,
      state: 'hashing',
      size,
      done: 0,
      verdict: null,
      message: null,
      artifact: null,
      otype: null,
      suffix: null,
    };
    for (let step = 0; step < 4; step++) {
      await wait(120);
      emit({
        type: 'drop',
        progress: { ...base, state: step < 2 ? 'hashing' : 'storing', done: (size * step) / 4 },
      });
    }
    if (item.key.includes('bad')) {
      emit({
        type: 'drop',
        progress: {
          ...base,
          state: 'failed',
          verdict: 'error',
          message: 'The file changed while it was read. Drop it again.',
        },
      });
      continue;
    }
    if (at % 5 === 3 && artifacts[0]) {
      const first = artifacts[0];
      emit({
        type: 'drop',
        progress: {
          ...base,
          state: 'saved',
          done: size,
          verdict: 'existing-key',
          artifact: { uid: first.uid, key: first.key, version: 1 },
        },
      });
      continue;
    }
    const row = make(artifacts.length, item.key, item.file ?? undefined);
    artifacts.unshift(row);
    emit({
      type: 'drop',
      progress: {
        ...base,
        state: 'saved',
        done: size,
        verdict: at % 5 === 1 ? 'version' : 'new',
        artifact: { uid: row.uid, key: row.key, version: at % 5 === 1 ? 2 : 1 },
        otype: row.otype,
        suffix: row.suffix,
      },
    });
    act('drop', `Added ${item.key}`);
  }
}

const named = (rows: NamedRow[], search: string, limit: number) =>
  rows.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase())).slice(0, limit);
function ensure(rows: NamedRow[], name: string): NamedRow {
  let row = rows.find((one) => one.name === name);
  if (!row) rows.push((row = { uid: uid(8), name, count: 0 }));
  return row;
}
function checkFeatures(values: Record<string, unknown>): void {
  const unknown = Object.keys(values).filter((name) => !features.some((one) => one.name === name));
  if (unknown.length)
    throw {
      code: 'ValidationError',
      message: `These keys could not be validated: ${unknown.join(', ')}\nHere is how to create a feature: ln.Feature(name='${unknown[0]}', dtype='cat ? str ? int').save()`,
      details: { names: unknown },
    } satisfies WireError;
}

const engine: EngineApi = {
  async status() {
    return {
      backend: mode === 'memory' ? 'memory' : 'opfs-sahpool',
      durable: mode !== 'memory',
      instance: 'demo-lab',
      user: { uid: 'u', handle: 'you', name: null },
      branch: { uid: 'm', name: 'main', isMain: true },
      openMs: 210,
      leader: true,
      artifacts: artifacts.length,
      onlyHere: artifacts.length,
      canUndo: acts[0] ?? null,
      canRedo: null,
    };
  },
  async meter() {
    return {
      artifactBytes: artifacts.reduce((sum, one) => sum + (one.size ?? 0), 0) / 4,
      databaseBytes: 4_200_000,
      usage: 41e9,
      quota: 280e9,
      persisted: false,
      onlyHere: artifacts.length,
    };
  },
  async listArtifacts(spec) {
    if (mode === 'slow') await wait(2500);
    if (mode === 'broken')
      throw { code: 'SqlError', message: 'no such table: lamindb_artifact', details: {} } satisfies WireError;
    const rows = filtered(spec);
    const { by, descending } = spec.sort ?? { by: 'updatedAt', descending: true };
    const sorted = rows.sort(
      (a, b) => (a[by]! < b[by]! ? -1 : a[by]! > b[by]! ? 1 : 0) * (descending ? -1 : 1),
    );
    return { rows: sorted.slice(spec.offset, spec.offset + spec.limit), total: rows.length };
  },
  async facets(spec) {
    return [
      ['otype', 'Type'],
      ['suffix', 'Suffix'],
      ['ulabel', 'Label'],
      ['project', 'Project'],
      ['createdBy', 'Added by'],
    ].map(([id, title]) => {
      const counts = new Map<string | null, number>();
      for (const row of filtered(spec, id))
        for (const value of valuesOf(row, id!)) counts.set(value, (counts.get(value) ?? 0) + 1);
      const missing = counts.get(null) ?? 0;
      counts.delete(null);
      return {
        id: id!,
        title: title!,
        missing,
        values: [...counts]
          .sort((a, b) => b[1] - a[1])
          .map(([value, n]) => ({ value: value!, label: value!, count: n })),
      };
    });
  },
  async artifact(id) {
    const row = find(id);
    const table = row.otype === 'DataFrame' || row.otype === 'AnnData';
    const format =
      row.suffix === '.png'
        ? 'image'
        : row.suffix === '.pdf'
          ? 'pdf'
          : row.suffix === '.md'
            ? 'markdown'
            : row.suffix.slice(1);
    return {
      ...row,
      storageKey: `.lamindb/${row.uid}${row.suffix}`,
      storageRoot: 'opfs://loam',
      hashType: 'sha1-fl',
      checksum: null,
      features: [...row.values].map(([name, value]) => ({
        feature: { uid: name, name, dtype: features.find((one) => one.name === name)?.dtype ?? 'str' },
        values: [String(value)],
        raw: [value],
      })),
      summary: {
        format,
        otype: row.otype,
        suffixFromContent: null,
        rows: table ? 96 : null,
        nObservations: row.nObservations,
        shape: row.otype === 'AnnData' ? { observations: row.nObservations ?? 0, variables: 2000 } : null,
        columns: table
          ? ['cell_id', 'donor', 'stimulation', 'n_genes', 'percent_mito'].map((name, at) => ({
              name,
              type: at < 3 ? 'string' : 'double',
              nulls: at,
            }))
          : null,
        columnCount: table ? 5 : null,
        obs:
          row.otype === 'AnnData'
            ? [
                { name: 'cell_type', type: 'categorical', categories: 12 },
                { name: 'donor', type: 'categorical', categories: 4 },
              ]
            : null,
        vars: row.otype === 'AnnData' ? [{ name: 'gene_symbol', type: 'string' }] : null,
        facts: [{ label: 'Codec', value: 'snappy' }],
        preview: table
          ? {
              columns: ['cell_id', 'donor', 'stimulation', 'n_genes', 'percent_mito'],
              rows: Array.from({ length: 50 }, (_, at) => [
                `cell_${at}`,
                'Donor 2',
                at % 9 ? '24 h' : null,
                String(900 + at * 13),
                (at / 711).toFixed(4),
              ]),
            }
          : null,
        text:
          format === 'markdown'
            ? '# Readme\n\nSome *text* with a <script>alert(1)</script> [link](https://example.org).'
            : row.suffix === '.fasta'
              ? '>guide_1\nACGTACGTTAGC\n>guide_2\nTTGACGTACGTA'
              : null,
        media:
          format === 'image'
            ? { type: 'image/png', width: 640, height: 480 }
            : format === 'pdf'
              ? { type: 'application/pdf', width: null, height: null }
              : null,
        problem:
          row.suffix === '.zarr' ? 'The store has no consolidated metadata; 3 of 214 files were read.' : null,
      },
      versionList: Array.from({ length: row.version }, (_, at) => ({
        uid: row.uid.slice(0, 16) + `000${row.version - 1 - at}`,
        version: row.version - at,
        size: row.size,
        hash: row.hash,
        createdAt: row.createdAt,
        by: 'you',
        isLatest: at === 0,
        run: null,
        changed: at === row.version - 1 ? [] : ['hash', 'size'],
      })),
      lineage: {
        inputs: row.run ? [{ uid: artifacts[3]!.uid, key: artifacts[3]!.key }] : [],
        run: row.run
          ? {
              uid: row.run.uid,
              transform: { uid: 't', key: row.run.transform, kind: 'script' },
              startedAt: iso(300),
              finishedAt: iso(290),
              status: 'completed',
              by: 'you',
              params: { min_genes: 200, batch: 'b1' },
            }
          : null,
        outputs: [],
        usedBy: [],
      },
    };
  },
  async openArtifact(id) {
    const row = find(id);
    return (
      row.file ??
      new File([Uint8Array.from(atob(PNG), (c) => c.charCodeAt(0))], 'x.png', { type: 'image/png' })
    );
  },
  async listFiles(id) {
    return find(id).suffix === '.zarr'
      ? [
          { path: 'zarr.json', size: 812 },
          { path: 'images/0/c/0', size: 81_200 },
        ]
      : [];
  },
  async drop(items) {
    const drop = uid(12);
    void runDrop(drop, items);
    return { drop };
  },
  async pauseDrop() {},
  async cancelDrop() {},
  async retryDrop() {},
  async drops() {
    return drops;
  },
  async updateArtifact(id, change) {
    Object.assign(find(id), change);
    act('rename', 'Changed an artifact');
  },
  async trashArtifacts(ids) {
    for (const id of ids) find(id).trashed = true;
    act('trash', `Moved ${ids.length} to the trash`);
  },
  async restoreArtifacts(ids) {
    for (const id of ids) find(id).trashed = false;
    act('restore', `Restored ${ids.length}`);
  },
  async purgeArtifacts(ids) {
    let bytes = 0;
    for (const id of ids) bytes += artifacts.splice(artifacts.indexOf(find(id)), 1)[0]?.size ?? 0;
    act('purge', `Deleted ${ids.length}`);
    return { bytes };
  },
  async addLabels(ids, names) {
    for (const id of ids)
      for (const name of names)
        find(id).labels.push({ registry: 'ulabel', uid: ensure(ulabels, name).uid, name, feature: null });
    act('annotate', `Labelled ${ids.length}`);
  },
  async removeLabel(id, _registry, label) {
    find(id).labels = find(id).labels.filter((one) => one.uid !== label);
    act('annotate', 'Removed a label');
  },
  async addProjects(ids, names) {
    for (const id of ids) for (const name of names) find(id).projects.push(ensure(projects, name));
    act('annotate', `Added ${ids.length} to a project`);
  },
  async removeProject(id, project) {
    find(id).projects = find(id).projects.filter((one) => one.uid !== project);
    act('annotate', 'Removed a project');
  },
  async setFeatures(id, values) {
    checkFeatures(values);
    find(id).values = new Map(Object.entries(values));
    act('annotate', 'Set features');
  },
  async addFeatures(ids, values) {
    checkFeatures(values);
    for (const id of ids)
      for (const [name, value] of Object.entries(values)) find(id).values.set(name, value);
    act('annotate', 'Added features');
  },
  async updateFeatures(id, values) {
    checkFeatures(values);
    for (const [name, value] of Object.entries(values)) find(id).values.set(name, value);
    act('annotate', 'Changed features');
  },
  async removeFeatures(id, names) {
    for (const name of names) find(id).values.delete(name);
    act('annotate', 'Removed features');
  },
  async saveNote(id, content) {
    find(id).note = { uid: uid(16), content, updatedAt: iso(0), by: 'you' };
    act('note', 'Saved a note');
  },
  async ulabels(search, limit) {
    return named(ulabels, search, limit);
  },
  async projects(search, limit) {
    return named(projects, search, limit);
  },
  async features(search, limit) {
    return named(features, search, limit) as FeatureRow[];
  },
  async createFeature(name, dtype, description) {
    const row = { uid: uid(12), name, dtype, description: description ?? null, count: 0 };
    features.push(row);
    return row;
  },
  async createULabel(name) {
    return ensure(ulabels, name);
  },
  async createProject(name) {
    return ensure(projects, name);
  },
  async undo() {
    const last = acts.find((one) => !one.undone);
    if (!last) return null;
    last.undone = true;
    return {
      act: last,
      title: last.title,
      restored: 3,
      skippedCount: 1,
      skipped: [
        {
          table: 'lamindb_artifact',
          row: 'hT4kQ9uXw2LmZs0v',
          column: 'description',
          reason: 'changed since',
          by: 'mia',
          at: iso(5),
        },
      ],
    };
  },
  async redo() {
    return null;
  },
  async undoAct(id) {
    const found = acts.find((one) => one.uid === id)!;
    found.undone = true;
    act('undo', `Undid ${found.title}`);
    return { act: found, title: found.title, restored: 1, skippedCount: 0, skipped: [] };
  },
  async acts(limit) {
    return acts.slice(0, limit);
  },
  async history() {
    return acts.slice(0, 3).map((one, at) => ({
      act: one,
      kind: at ? ('update' as const) : ('link' as const),
      table: 'lamindb_artifact',
      changes: [{ field: 'key', old: 'plate_6.csv', new: 'perturb/plate_6.csv' }],
      restorable: at > 0,
      ref: { record: at, operation: 0, table: 'lamindb_artifact', id: 1 },
    }));
  },
  async restoreFields() {},
  async query() {
    return { names: [], rows: [] };
  },
  async integrityCheck() {
    return 'ok';
  },
  async exportDatabase() {
    return new Blob(['SQLite format 3']).stream();
  },
  async createSampleLab() {
    for (let i = 0; i < 40; i++) artifacts.push(make(i));
    act('drop', 'Made the sample lab');
    return { drop: uid(12) };
  },
};

export function connectEngine() {
  let state: 'opening' | 'ready' | 'failed' = mode === 'failed' ? 'failed' : 'opening';
  if (state === 'opening')
    setTimeout(() => {
      state = 'ready';
      stateListeners.forEach((listener) => listener());
    }, 50);
  const error: WireError = {
    code: 'DatabaseDamaged',
    message:
      'The database file of demo-lab could not be read: page 12 is malformed. Export it in Settings of an older version, or import a backup.',
    details: {},
  };
  return {
    engine,
    onEvent: (listener: (event: EngineEvent) => void) => (
      listeners.add(listener),
      () => listeners.delete(listener)
    ),
    get state() {
      return state;
    },
    onState: (listener: () => void) => (stateListeners.add(listener), () => stateListeners.delete(listener)),
    error: mode === 'failed' ? error : null,
  };
}
