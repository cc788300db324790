// What leaves Loam shows main, also where another branch is checked out, with the rows of that branch on it.
import { describe, expect, test } from 'vitest';
import { keepsBranches, showBranch, showMain } from '../../src/lib/engine/branch/at-rest.ts';
import { hostColumn } from '../../src/lib/engine/branch/hosts.ts';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { emptyReport, pythonMembers, type ExportMember } from '../../src/lib/engine/interop/python-export.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { readParquetTable } from '../../src/lib/formats/parquet-table.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { parquetFiles } from '../../src/lib/workers/parquet-export.ts';
import { anyAct, numbers, seedWorld, worldEngine } from './branch-world.ts';
import type { MemoryEngine } from './memory-engine.ts';

async function bytesOf(member: ExportMember): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of member.chunks()) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/** All rows of LaminDB's tables but those that describe branches. */
const content = (driver: SqlDriver): string[] =>
  [...model.tables.values()].flatMap((table) =>
    table.name === 'lamindb_branch' || table.family === 'django'
      ? []
      : driver
          .all(
            `SELECT ${table.columns.map(({ name }) => `"${name}"`).join()} FROM "${table.name}" ORDER BY id`,
          )
          .map((row) => `${table.name} ${JSON.stringify(row)}`),
  );

async function pythonFile(world: MemoryEngine): Promise<SqlDriver> {
  const copy = await openMemory({ bytes: world.driver.serialize() });
  const spec = {
    driver: copy,
    model,
    instance: 'test',
    root: null,
    find: () => Promise.reject(new LoamError('BytesElsewhere', 'no bytes here')),
    compacted: async () => {
      const bytes = copy.serialize();
      return {
        size: bytes.length,
        chunks: async function* () {
          yield bytes;
        },
      };
    },
  };
  let database: Uint8Array | null = null;
  for await (const member of pythonMembers(spec, emptyReport()))
    if (member.path.endsWith('lamin.db')) database = await bytesOf(member);
  copy.close();
  return openMemory({ bytes: database ?? new Uint8Array() });
}

/** Random edits on a branch that stays checked out, made rows among them; gives what main has. */
async function edited(seed: number): Promise<{ world: MemoryEngine; main: string[] }> {
  const world = await worldEngine(seed);
  seedWorld(world);
  const { engine } = world;
  const random = numbers(seed);
  const uid = String(world.value("SELECT uid FROM lamindb_artifact WHERE key = 'a.csv'"));
  engine.createBranch('try', { switch: true });
  engine.update('Artifact', { uid }, { description: 'not for others' });
  engine.addLabels([uid], ['brand new']);
  engine.addLabels(world.artifacts('own.csv').slice(-1), ['brand new']);
  for (let step = 0; step < 12; step++) await anyAct(world, random);
  engine.switchBranch('main');
  const main = content(world.driver);
  engine.switchBranch('try');
  return { world, main };
}

describe('[row 59] while a branch is checked out', () => {
  test.each([1, 2, 3, 4])('the database for Python has main’s values (seed %i)', async (seed) => {
    const { world, main } = await edited(seed);
    expect(content(world.driver)).not.toEqual(main);
    const file = await pythonFile(world);
    const exported = content(file);
    expect(exported).toEqual(expect.arrayContaining(main));
    // Beside main's rows there are only what belongs to rows that the branch made.
    const known = new Set(main);
    const more = exported.filter((row) => !known.has(row));
    expect(more.some((row) => row.startsWith('lamindb_artifactulabel '))).toBe(true);
    const theirs = file.all(
      "SELECT artifact_id FROM lamindb_artifactulabel l JOIN lamindb_artifact a ON a.id = l.artifact_id WHERE a.key = 'own.csv'",
    );
    expect(theirs).toHaveLength(1);
    for (const row of more) {
      const [table = '', text = ''] = row.split(/ (.*)/);
      const host = hostColumn(model.tables.get(table) as Table);
      const columns = model.tables.get(table)?.columns.map(({ name }) => name) ?? [];
      const id = (JSON.parse(text) as number[])[columns.indexOf(host?.name ?? '')] ?? 0;
      expect(
        file.all(
          `SELECT b.name FROM "${host?.references?.table}" h JOIN lamindb_branch b ON b.id = h.branch_id WHERE h.id = ?`,
          [id],
        ),
        row,
      ).toEqual([['try']]);
    }
    expect(keepsBranches(file)).toBe(false);
    // Its own rows are on it, and one row of a family is the latest of each branch.
    expect(
      file.all(
        "SELECT b.name FROM lamindb_ulabel l JOIN lamindb_branch b ON b.id = l.branch_id WHERE l.name = 'brand new'",
      ),
    ).toEqual([['try']]);
    expect(
      file.all(
        'SELECT substr(uid, 1, 16), branch_id FROM lamindb_artifact WHERE is_latest GROUP BY 1, 2 HAVING count(*) > 1',
      ),
    ).toEqual([]);
    // The engine's own database is as it was.
    expect(world.engine.status().branch.name).toBe('try');
  });

  test('the registries as parquet are main’s', async () => {
    const { world } = await edited(5);
    const copy = await openMemory({ bytes: world.driver.serialize() });
    const artifacts = [...parquetFiles(copy, model)].find(({ path }) => path === 'lamindb_artifact.parquet');
    const bytes = await bytesOf(artifacts as ExportMember);
    const columns = await readParquetTable({
      size: bytes.length,
      read: async (start, end) => bytes.subarray(start, end),
    });
    const written = columns.find(({ name }) => name === 'description')?.values;
    expect(written).not.toContain('not for others');
    world.engine.switchBranch('main');
    expect(written).toEqual(
      world.rows('SELECT description FROM lamindb_artifact ORDER BY id').map(([text]) => text),
    );
  });

  test('a copy can be put on any branch and back', async () => {
    const { world, main } = await edited(6);
    const branch = content(world.driver);
    const copy = await openMemory({ bytes: world.driver.serialize() });
    showMain(copy, model);
    expect(content(copy)).toEqual(main);
    showBranch(copy, model, 'try');
    expect(content(copy)).toEqual(branch);
    expect(() => showBranch(copy, model, 'nowhere')).toThrow('There is no branch "nowhere"');
  });
});
