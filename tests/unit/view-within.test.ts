// Queries by a term that include what is below it, when that is asked for.
import { beforeAll, describe, expect, it } from 'vitest';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';
import { emptyView, type FilterTest, type View } from '../../src/lib/engine/view/view.ts';

let m: MemoryEngine;
beforeAll(async () => {
  m = await memoryEngine();
  const made = new Map<string, number>();
  // cell < lymphocyte < T cell < CD4 T cell; neuron stands beside them; a circle does no harm.
  for (const [name, parent] of [
    ['cell', null],
    ['lymphocyte', 'cell'],
    ['T cell', 'lymphocyte'],
    ['CD4 T cell', 'T cell'],
    ['neuron', 'cell'],
  ] as const) {
    const { id } = m.engine.create(
      'CellType',
      { name, ontology_id: `CL:${made.size}` },
      { searchNames: false },
    );
    made.set(name, id);
    if (parent !== null)
      m.engine.relate('CellType', { id }, 'parents', { add: [{ id: made.get(parent) as number }] });
  }
  // A circle, as a file of another program may hold it.
  m.driver.run('INSERT INTO bionty_celltype_parents(from_celltype_id, to_celltype_id) VALUES (?, ?)', [
    made.get('T cell') as number,
    made.get('CD4 T cell') as number,
  ]);
  const uids = m.artifacts('cd4.csv', 'neuron.csv', 'plain.csv');
  m.engine.relate('Artifact', { uid: uids[0] as string }, 'cell_types', {
    add: [{ id: made.get('CD4 T cell') as number }],
  });
  m.engine.relate('Artifact', { uid: uids[1] as string }, 'cell_types', {
    add: [{ id: made.get('neuron') as number }],
  });
});

const view = (registry: string, test: Partial<FilterTest>): View => ({
  ...emptyView(registry),
  filter: {
    kind: 'all',
    items: [{ kind: 'test', field: 'cell_types__name', op: 'within', value: 'cell', ...test }],
  },
});
const names = (asked: View) =>
  m.engine
    .listRows(asked, { after: null, limit: 50 })
    .rows.map(({ name }) => name)
    .sort();

describe('[row 92] a term with all that is below it', () => {
  it.each([
    [{ value: 'cell' }, ['cd4.csv', 'neuron.csv']],
    [{ value: 'lymphocyte' }, ['cd4.csv']],
    [{ value: 'CD4 T cell' }, ['cd4.csv']],
    [{ field: 'cell_types__ontology_id', value: 'CL:1' }, ['cd4.csv']],
    [{ value: ['neuron', 'T cell'] }, ['cd4.csv', 'neuron.csv']],
    [{ value: 'lymphocyte', not: true }, ['neuron.csv', 'plain.csv']],
    [{ value: 'nothing' }, []],
  ] as [Partial<FilterTest>, string[]][])('finds artifacts: %j', (test, expected) => {
    expect(names(view('Artifact', test))).toEqual(expected);
    expect(m.engine.countList(view('Artifact', test))).toBe(expected.length);
  });

  it('finds terms of the registry itself', () => {
    expect(names(view('bionty.CellType', { field: 'name', value: 'lymphocyte' }))).toEqual([
      'CD4 T cell',
      'T cell',
      'lymphocyte',
    ]);
  });

  it('is a query too', () => {
    const below = { $below: { registry: 'bionty.CellType', filters: [{ name: 'lymphocyte' }] } };
    const query = { registry: 'Artifact', filters: [{ cell_types__in: below }] };
    expect(m.engine.queryRows(query, ['key'])).toEqual([['cd4.csv']]);
  });

  it('is spelled out in code', () => {
    const code = m.engine.viewCode(view('Artifact', { value: 'lymphocyte' }), 'python');
    expect(code).toContain('cell_types__name__in=["lymphocyte", "T cell", "CD4 T cell"]');
    expect(m.engine.viewCode(view('Artifact', { value: 'lymphocyte' }), 'sql')).toContain('RECURSIVE');
  });

  it('is refused where nothing is below another', async () => {
    const error = await refusal(() =>
      m.engine.countList(view('Artifact', { field: 'run__uid', value: 'x' })),
    );
    expect(error.message).toContain('Run has no parents');
  });
});
