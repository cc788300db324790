// "Copy as Python": the text runs in a real LaminDB on our own database and gives the rows that the list shows, in the same
// order; so does the text for R where R has what it takes, and SQL in another SQLite.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyView, type View } from '../../src/lib/engine/view/view.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { anyNode, seedViewLab, test } from '../fixtures/view-lab.ts';
import { memoryEngine } from '../unit/memory-engine.ts';
import { python, pythonInstance, whyNot } from './python.ts';

const view = (change: Partial<View>): View => ({ ...emptyView('Artifact'), ...change });
const all = (...items: View['filter']['items']): View['filter'] => ({ kind: 'all', items });

/** Views by hand: each kind of column, order, registry and switch. */
const chosen: View[] = [
  view({}),
  view({ versions: true, order: { by: 'key', descending: false } }),
  view({ trash: true, filter: all(test('ulabels__name', 'in', ['a', null]), test('size', 'gt', 3)) }),
  view({ trash: true, filter: all(test('temperature', 'gt', 1, true)) }),
  view({
    trash: true,
    filter: all(
      { ...test('tissue', 'icontains', 'lun', true), not: true },
      test('cell count', 'exact', 5, true),
    ),
  }),
  view({ search: 'LAB quality' }),
  view({ order: { by: '@temperature', descending: true }, columns: ['key', 'size'] }),
  view({
    order: { by: 'created_by', descending: false },
    columns: ['key', 'created_by', 'ulabels', '@tissue', 'run__transform'],
  }),
  view({ order: { by: 'size', descending: true }, columns: ['size', 'ulabels__name', '@temperature'] }),
  view({ filter: all(test('uid', 'exact', `${'7'.padStart(16, 'a')}0000`)) }),
  view({ filter: all(test('cell count', 'exact', 5, true), test('cell count', 'range', [1, 9], true)) }),
  view({ filter: all(test('created_at', 'date', '2000-01-01'), test('created_at', 'year', 2000)) }),
  view({
    filter: all({ ...test('created_at', 'year', 2000), not: true }, test('created_at', 'gte', '2020-01-01')),
  }),
  view({ filter: all(test('run__transform__kind', 'isnull', true)) }),
  view({ filter: all(test('description', 'regex', '^[Qq]'), test('description', 'iendswith', 'control')) }),
  {
    ...emptyView('ULabel'),
    filter: all(test('artifacts__key', 'icontains', 'file_1'), test('name', 'in', ['a', 'b'])),
  },
  { ...emptyView('Feature'), columns: ['name', '_dtype_str', 'schemas'] },
  { ...emptyView('bionty.CellType'), filter: all(test('parents__name', 'isnull', true)) },
  { ...emptyView('bionty.Source'), search: 'mouse ensembl' },
  { ...emptyView('User'), order: { by: 'handle', descending: true } },
  { ...emptyView('Branch'), filter: all(test('_status_code', 'in', [0, 1])) },
];

async function lab() {
  const { engine, driver } = await memoryEngine();
  seedViewLab(engine);
  await engine.trashArtifacts(
    engine
      .listRows(view({ order: { by: 'id', descending: false } }), { after: null, limit: 5 })
      .rows.map(({ key }) => key),
  );
  const trees = fc.sample(
    fc.record({
      kind: fc.constantFrom('all' as const, 'any' as const),
      items: fc.array(anyNode, { minLength: 1, maxLength: 3 }),
      not: fc.boolean(),
    }),
    { numRuns: 60, seed: 7 },
  );
  const views = [...chosen, ...trees.map((filter) => view({ filter }))];
  const ids = views.map((asked) =>
    engine.listRows(asked, { after: null, limit: 500 }).rows.map(({ id }) => id),
  );
  return { engine, views, ids, bytes: (driver as unknown as { serialize(): Uint8Array }).serialize() };
}

const runAll = `
import ast, json, sys, traceback
answers = []
for code in json.load(open(sys.argv[1])):
    tree = ast.parse(code)
    last = ast.Expression(tree.body.pop().value)
    names = {}
    try:
        exec(compile(tree, "view", "exec"), names)
        frame = eval(compile(last, "view", "eval"), names)
        answers.append({"ids": [int(i) for i in frame.index] if len(frame) else [], "columns": [str(c) for c in frame.columns]})
    except Exception as error:
        answers.append({"error": "".join(traceback.format_exception_only(error)).strip()})
json.dump(answers, open(sys.argv[2], "w"))
`;

describe.skipIf(python === null)(`copy as Python${whyNot}`, () => {
  it('[row 9] the text runs in LaminDB and gives the rows of the list, in its order', async () => {
    const { engine, views, ids, bytes } = await lab();
    const theirs = pythonInstance();
    writeFileSync(join(theirs.storage, '.lamindb', 'lamin.db'), bytes);
    const codes = views.map((asked) => engine.viewCode(asked, 'python'));
    const [input, output] = [join(theirs.folder, 'codes.json'), join(theirs.folder, 'answers.json')];
    writeFileSync(input, JSON.stringify(codes));
    theirs.run(runAll, input, output);
    const { readFileSync } = await import('node:fs');
    const answers = JSON.parse(readFileSync(output, 'utf8')) as {
      ids?: number[];
      error?: string;
      columns?: string[];
    }[];
    for (const [i, answer] of answers.entries())
      expect(answer.error ?? answer.ids, `${JSON.stringify(views[i])}\n${codes[i]}`).toEqual(ids[i]);
    const wide = answers[chosen.findIndex((asked) => asked.columns?.includes('@tissue'))];
    expect(wide?.columns).toEqual(
      expect.arrayContaining(['uid', 'key', 'created_by__handle', 'ulabels__name', 'tissue']),
    );
  });
});

describe('copy as SQL', () => {
  it('[row 9] the statement gives the rows of the list in another SQLite', async () => {
    const { engine, views, ids, bytes } = await lab();
    const theirs = join((await import('node:os')).tmpdir(), `loam-view-sql-${process.pid}.db`);
    writeFileSync(theirs, bytes);
    const other = openNode(theirs);
    try {
      for (const [i, asked] of views.entries()) {
        // Patterns are a function of Loam's own.
        if (JSON.stringify(asked.filter).includes('"regex"')) continue;
        const sql = engine.viewCode(asked, 'sql');
        const keys = other.all(sql.replace(/;\n$/, '')).map((row) => String(row[0]));
        const wanted = engine.listRows(asked, { after: null, limit: 500 }).rows.map(({ key }) => key);
        expect(keys, sql).toEqual(wanted);
        expect(wanted.length).toBe(ids[i]?.length);
      }
    } finally {
      other.close();
      (await import('node:fs')).rmSync(theirs, { force: true });
    }
  });
});
