// Objects go from one database into another: uids kept, annotations and all they need along, what is here stays, one act.
import { describe, expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { insert, update } from '../../src/lib/engine/write/apply.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

/** A database with an artifact that has a bit of everything, in a storage of its own. */
async function other(): Promise<MemoryEngine & { artifact: string }> {
  const m = await memoryEngine();
  const e = m.engine;
  e.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
    insert(tx, 'lamindb_storage', 1, { uid: 'bucketbucket', root: 's3://bucket/lab', type: 's3' }),
  );
  const [artifact = ''] = m.artifacts('plates/a.csv');
  e.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
    update(tx, 'lamindb_artifact', [1], { storage_id: 2, _key_is_virtual: 0 }),
  );
  e.create('ULabel', { name: 'Batch', is_type: true });
  e.create('ULabel', { name: 'batch 1', type: 'Batch', description: 'the first' });
  e.create('Feature', { name: 'batch', dtype: 'cat[ULabel]' });
  e.create('Feature', { name: 'temperature', dtype: 'float' });
  e.create('bionty.CellType', { name: 'T cell', ontology_id: 'CL:0000084' });
  e.create('Project', { name: 'Pilot' });
  e.addLabels([artifact], ['batch 1', 'loose']);
  e.relate('Artifact', artifact, 'cell_types', { add: ['T cell'] });
  e.addProjects([artifact], ['Pilot']);
  e.addFeatures([artifact], { temperature: 21.5, batch: 'batch 1' });
  e.saveNote(artifact, 'Read me first');
  return { ...m, artifact };
}

const uids = (m: MemoryEngine, table: string) => m.rows(`SELECT uid FROM "${table}" ORDER BY uid`).flat();

describe('an object saved from another database', () => {
  it('[row 74] brings its annotations with their uids, its storage and key, and no bytes; one undo takes all back', async () => {
    const from = await other();
    const to = await memoryEngine();
    const before = to.state();
    const report = await to.engine.receiveRows(from.engine.packRows('Artifact', [from.artifact]));
    expect(report.rows).toEqual([{ registry: 'Artifact', uid: from.artifact }]);
    expect(report.left).toEqual([]);

    // The same answers about it there and here, but for who is told to have made it.
    const described = (m: MemoryEngine) => {
      const { labels, features, note, projects } = m.engine.artifact(from.artifact) as never as Record<
        string,
        unknown
      >;
      return JSON.parse(JSON.stringify({ labels, features, note, projects }));
    };
    expect(described(to)).toEqual(described(from));
    const values = (m: MemoryEngine) => m.engine.featureValues('Artifact', { uid: from.artifact });
    expect(values(to)).toEqual(values(from));
    expect(values(to)).toMatchObject({ temperature: 21.5 });
    for (const table of [
      'lamindb_ulabel',
      'lamindb_feature',
      'bionty_celltype',
      'lamindb_project',
      'lamindb_artifactblock',
    ])
      expect(uids(to, table), table).toEqual(uids(from, table));
    expect(
      to.rows(
        'SELECT a.key, a._key_is_virtual, a.hash, a.created_at, s.uid, s.root FROM lamindb_artifact a JOIN lamindb_storage s ON s.id = a.storage_id',
      ),
    ).toEqual(
      from.rows(
        'SELECT a.key, a._key_is_virtual, a.hash, a.created_at, s.uid, s.root FROM lamindb_artifact a JOIN lamindb_storage s ON s.id = a.storage_id',
      ),
    );
    expect(await to.blobs.keys()).toEqual([]);

    // Lineage is the transfer's: LaminDB's transform and run.
    const instance = String(from.value('SELECT instance_uid FROM lamindb_storage ORDER BY id LIMIT 1'));
    expect(to.rows('SELECT uid, key, kind FROM lamindb_transform')).toEqual([
      [`${instance}0000`, `__lamindb_transfer__/${instance}`, 'function'],
    ]);
    expect(to.rows('SELECT _status_code, finished_at IS NULL FROM lamindb_run')).toEqual([[0, 0]]);
    for (const table of ['lamindb_artifact', 'lamindb_ulabel', 'lamindb_artifactulabel', 'lamindb_jsonvalue'])
      expect(to.value(`SELECT count(*) FROM "${table}" WHERE run_id IS NOT 1`), table).toBe(0);
    expect(to.rows('PRAGMA foreign_key_check')).toEqual([]);

    const undone = await to.engine.undo();
    expect(undone?.skipped).toEqual([]);
    expect(to.state()).toBe(before);
    expect(to.value('SELECT count(*) FROM lamindb_jsonvalue')).toBe(0);
    await to.engine.redo();
    expect(described(to)).toEqual(described(from));
  });

  it('keeps what is here, adds what is new, and a second time changes nothing but the end of its run', async () => {
    const from = await other();
    const to = await memoryEngine();
    // The label came before, and was changed here.
    await to.engine.receiveRows(
      from.engine.packRows(
        'ULabel',
        ['batch 1'].map((name) =>
          String(from.value('SELECT uid FROM lamindb_ulabel WHERE name = ?', [name])),
        ),
      ),
    );
    to.engine.update('ULabel', 'batch 1', { description: 'ours' });
    const report = await to.engine.receiveRows(from.engine.packRows('Artifact', [from.artifact]));
    expect(to.value("SELECT description FROM lamindb_ulabel WHERE name = 'batch 1'")).toBe('ours');
    expect(report.known).toBeGreaterThan(0);
    const count = to.value('SELECT count(*) FROM lamindb_run');
    const again = await to.engine.receiveRows(from.engine.packRows('Artifact', [from.artifact]));
    expect(again.added).toEqual([]);
    expect(to.value('SELECT count(*) FROM lamindb_run')).toBe(count);
    expect(to.value('SELECT count(*) FROM lamindb_artifactulabel')).toBe(
      from.value('SELECT count(*) FROM lamindb_artifactulabel'),
    );
    // Transferred itself, a label takes the fields it has there.
    await to.engine.receiveRows(
      from.engine.packRows('ULabel', [
        String(from.value("SELECT uid FROM lamindb_ulabel WHERE name = 'batch 1'")),
      ]),
    );
    expect(to.value("SELECT description FROM lamindb_ulabel WHERE name = 'batch 1'")).toBe('the first');
  });

  it('a row that is here under another uid stands for the other, and is told', async () => {
    const from = await other();
    const to = await memoryEngine();
    const mine = to.engine.create('bionty.CellType', { name: 'T cell', ontology_id: 'CL:0000084' });
    to.engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
      update(tx, 'bionty_celltype', [mine.id], { uid: 'minemineminemi' }),
    );
    const report = await to.engine.receiveRows(from.engine.packRows('Artifact', [from.artifact]));
    expect(report.aliases).toEqual([
      { name: 'CellType', uid: from.value('SELECT uid FROM bionty_celltype'), here: 'minemineminemi' },
    ]);
    expect(to.value('SELECT count(*) FROM bionty_artifactcelltype WHERE celltype_id = ?', [mine.id])).toBe(1);
  });

  it('collections bring their artifacts, schemas their members, dtypes the types they name', async () => {
    const from = await other();
    const e = from.engine;
    const [b = ''] = from.artifacts('b.csv');
    e.create('Collection', { key: 'both', artifacts: [from.artifact, b] });
    const type = e.create('Record', { name: 'Sample', is_type: true });
    e.create('Feature', { name: 'sample', dtype: `cat[Record[${type.uid}]]` });
    e.create('Schema', { name: 'sheet', features: ['sample', 'temperature'] });
    const schema = String(from.value("SELECT uid FROM lamindb_schema WHERE name = 'sheet'"));
    const to = await memoryEngine();
    await to.engine.receiveRows(
      e.packRows('Collection', [String(from.value('SELECT uid FROM lamindb_collection'))]),
    );
    expect(uids(to, 'lamindb_artifact')).toEqual([from.artifact, b].sort());
    await to.engine.receiveRows(e.packRows('Schema', [schema]));
    const members =
      'SELECT f.uid FROM lamindb_schemafeature l JOIN lamindb_feature f ON f.id = l.feature_id ORDER BY l.id';
    expect(to.rows(members)).toEqual(from.rows(members));
    expect(uids(to, 'lamindb_record')).toEqual([type.uid]);
  });

  it('many rows are a job with progress; cancelled, nothing of it stays', async () => {
    const from = await memoryEngine();
    const labels = Array.from({ length: 600 }, (_, i) => `label ${i}`);
    from.engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
      insert(tx, 'lamindb_ulabel', labels.length, {
        uid: labels.map((_, i) => `l${String(i).padStart(7, '0')}`),
        name: labels,
      }),
    );
    const parcel = from.engine.packRows(
      'ULabel',
      from.rows('SELECT uid FROM lamindb_ulabel').map(([uid]) => String(uid)),
    );
    const told: string[] = [];
    const to = await memoryEngine(model, { onJob: (job) => void told.push(`${job.state} ${job.total}`) });
    await to.engine.receiveRows(parcel);
    expect(told[0]).toMatch(/^running 60\d$/);
    expect(told.at(-1)).toMatch(/^done/);
    expect(to.value('SELECT count(*) FROM lamindb_ulabel')).toBe(600);
    expect(to.engine.acts(1)[0]?.title).toMatch(/^Save 600 rows from/);

    // A clock on which every slice is over at once.
    let time = Date.now();
    let done = 0;
    const stopped: MemoryEngine = await memoryEngine(model, {
      clock: () => (time += 60),
      onJob(job) {
        done = Math.max(done, job.done);
        if (job.state === 'running' && job.done > 0) stopped.engine.cancelJob(job.act);
      },
    });
    const state = stopped.state();
    expect((await refusal(() => stopped.engine.receiveRows(parcel))).code).toBe('Cancelled');
    expect(done).toBeGreaterThan(0);
    expect(stopped.state()).toBe(state);
  });

  it('old versions, branches, unknown spaces and rows that are not there are refused in words', async () => {
    const from = await other();
    const to = await memoryEngine();
    const before = to.state();
    const uid = from.artifact;
    from.engine.writer.act({ kind: 'seed', title: 'seed' }, function* (tx) {
      yield* insert(tx, 'lamindb_artifact', 1, {
        uid: `${uid.slice(0, 16)}0001`,
        key: 'plates/a.csv',
        suffix: '.csv',
        storage_id: 1,
        size: 2,
        hash: 'other'.padEnd(22, 'x'),
      });
      yield* insert(tx, 'lamindb_space', 1, { uid: 'spacespaceAA', name: 'Secret' });
    });
    expect((await refusal(() => from.engine.packRows('Artifact', [uid]))).code).toBe('NotImplementedError');
    expect((await refusal(() => from.engine.packRows('Branch', ['main']))).code).toBe('InvalidArgument');
    expect((await refusal(() => from.engine.packRows('ULabel', ['nowhere']))).code).toBe('DoesNotExist');
    from.engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
      update(tx, 'lamindb_project', [1], {
        space_id: Number(from.value("SELECT id FROM lamindb_space WHERE name = 'Secret'")),
      }),
    );
    const project = String(from.value('SELECT uid FROM lamindb_project'));
    const error = await refusal(() => to.engine.receiveRows(from.engine.packRows('Project', [project])));
    expect(error.code).toBe('NoWriteAccess');
    expect(error.message).toContain('Secret');
    expect(to.state()).toBe(before);
  });
});
