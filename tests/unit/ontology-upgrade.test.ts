// A newer version of a source: what it would change is told before, with the artifacts that carry those terms; taking it is
// one act, in which names that artifacts carry stay unless that is wanted too (`update_records` of bionty 2.5.2).
import { beforeEach, describe, expect, it } from 'vitest';
import { batchesOf, feedOf } from '../../src/lib/engine/ontology/batches.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { TermFeed } from '../../src/lib/engine/ontology/types.ts';
import { registryOf } from '../../src/lib/engine/registry/tables.ts';
import { readTerms } from '../../src/lib/formats/ontology/read.ts';
import { termRows } from '../../src/lib/formats/ontology/term-table.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';
import { oboOf, sourceOf, type TermLines } from './ontology-files.ts';

const before: TermLines[] = [
  { id: 'CL:1', name: 'cell' },
  { id: 'CL:2', name: 'T lymphocyte', parents: ['CL:1'] },
  { id: 'CL:3', name: 'B lymphocyte', parents: ['CL:1'] },
  { id: 'CL:4', name: 'old cell', parents: ['CL:1'] },
  { id: 'CL:5', name: 'dropped cell', parents: ['CL:1'] },
  { id: 'CL:6', name: 'helper cell', parents: ['CL:1'] },
];
const after: TermLines[] = [
  { id: 'CL:1', name: 'cell', def: 'The unit.' },
  { id: 'CL:2', name: 'T cell', parents: ['CL:1'] },
  { id: 'CL:3', name: 'B cell', parents: ['CL:1'] },
  { id: 'CL:4', name: 'obsolete old cell', obsolete: true, replacedBy: 'CL:2' },
  { id: 'CL:6', name: 'helper cell', parents: ['CL:2'] },
  { id: 'CL:7', name: 'new cell', parents: ['CL:2'] },
];
let m: MemoryEngine;
const spec = (version: string) => ({
  registry: 'CellType',
  source: { name: 'cl', version, organism: 'all' },
  key: 'ontology_id',
  whole: true,
});
async function feed(terms: TermLines[], version: string): Promise<TermFeed> {
  const table = await readTerms(sourceOf(oboOf('cl', terms, version)), 'cl.obo');
  return feedOf(
    batchesOf(termRows(table), { table: registryOf(model, 'CellType'), organism: 'all', rows: null }),
  );
}
const names = () =>
  m
    .rows(
      'SELECT ontology_id, c.name, s.version FROM bionty_celltype c JOIN bionty_source s ON s.id = c.source_id ORDER BY 1',
    )
    .map((row) => row.join(' '));
const parents = () =>
  m
    .rows(
      'SELECT c.ontology_id, p.ontology_id FROM bionty_celltype_parents l JOIN bionty_celltype c ON c.id = l.from_celltype_id JOIN bionty_celltype p ON p.id = l.to_celltype_id ORDER BY 1, 2',
    )
    .map((row) => row.join('<'));

beforeEach(async () => {
  m?.driver.close();
  m = await memoryEngine();
  await m.engine.importTerms(spec('2098'), await feed(before, '2098'));
  const uids = m.artifacts('a.csv', 'b.csv', 'c.csv');
  const label = (uid: string, name: string) =>
    m.engine.relate('Artifact', { uid }, 'cell_types', {
      add: [{ id: Number(m.value('SELECT id FROM bionty_celltype WHERE name = ?', [name])) }],
    });
  label(uids[0]!, 'T lymphocyte');
  label(uids[1]!, 'T lymphocyte');
  label(uids[1]!, 'old cell');
});

describe('[row 94] a newer version of a source', () => {
  it('is shown as a difference before anything is changed', async () => {
    const state = m.state();
    const diff = await m.engine.compareTerms(spec('2099'), await feed(after, '2099'));
    expect(diff).toMatchObject({
      from: ['2098'],
      added: { count: 1, names: ['new cell'] },
      renamed: [
        { id: 'CL:2', name: 'T lymphocyte', to: 'T cell', artifacts: 2 },
        { id: 'CL:3', name: 'B lymphocyte', to: 'B cell', artifacts: 0 },
      ],
      obsolete: [{ id: 'CL:4', name: 'old cell', replacedBy: 'CL:2', artifacts: 1 }],
      gone: [{ id: 'CL:5', name: 'dropped cell', artifacts: 0 }],
      changed: 1,
      same: 1,
    });
    expect(m.state()).toBe(state);
  });

  it('renames what nobody carries; what artifacts carry keeps its name', async () => {
    const done = await m.engine.upgradeTerms(
      { ...spec('2099'), renameUsed: false },
      await feed(after, '2099'),
    );
    expect(done).toMatchObject({ added: 1, updated: 3, kept: 2 });
    expect(names()).toEqual([
      'CL:1 cell 2099',
      'CL:2 T lymphocyte 2098',
      'CL:3 B cell 2099',
      'CL:4 old cell 2098',
      'CL:5 dropped cell 2098',
      'CL:6 helper cell 2099',
      'CL:7 new cell 2099',
    ]);
    expect(
      m.rows(
        "SELECT version, currently_used FROM bionty_source WHERE entity = 'bionty.CellType' AND version IN ('2098', '2099') ORDER BY 1",
      ),
    ).toEqual([
      ['2098', 0],
      ['2099', 1],
    ]);
  });

  it('renames all where that is wanted, with the tree as it is now, and one undo takes all back', async () => {
    const state = m.state();
    await m.engine.upgradeTerms({ ...spec('2099'), renameUsed: true }, await feed(after, '2099'));
    expect(names().filter((name) => name.includes('CL:2') || name.includes('CL:4'))).toEqual([
      'CL:2 T cell 2099',
      'CL:4 obsolete old cell 2099',
    ]);
    expect(parents()).toEqual(['CL:2<CL:1', 'CL:3<CL:1', 'CL:4<CL:1', 'CL:5<CL:1', 'CL:6<CL:2', 'CL:7<CL:2']);
    expect(m.value('SELECT count(*) FROM bionty_artifactcelltype')).toBe(3);
    await m.engine.undo();
    expect(m.state()).toBe(state);
  });

  it('several versions stand beside each other: each row says of which it is', async () => {
    await m.engine.importTerms(spec('2099'), await feed(after, '2099'));
    expect(
      m.engine
        .sourceStates()
        .filter(({ name, inDb }) => name === 'cl' && inDb)
        .map(({ version, currentlyUsed }) => `${version} ${currentlyUsed}`),
    ).toEqual(['2098 true', '2099 false']);
    expect(names().filter((name) => name.endsWith('2099'))).toEqual(['CL:7 new cell 2099']);
    expect(m.engine.knownTerms('CellType', ['CL:2', 'CL:99'])).toEqual(
      new Map([['CL:2', { uid: expect.any(String), name: 'T lymphocyte', artifacts: 2, trashed: false }]]),
    );
  });
});
