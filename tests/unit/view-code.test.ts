// The programs that "Copy as" gives, by their text. That Python's and SQL's run and give the same rows: tests/compat.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/lib/engine/index.ts';
import { literal } from '../../src/lib/engine/view/code-sql.ts';
import { emptyView, type View } from '../../src/lib/engine/view/view.ts';
import { seedViewLab, test } from '../fixtures/view-lab.ts';
import { memoryEngine } from './memory-engine.ts';

let engine: Engine;
beforeAll(async () => {
  ({ engine } = await memoryEngine());
  seedViewLab(engine);
});

const asked: View = {
  ...emptyView('Artifact'),
  columns: ['key', 'size', 'ulabels', '@temperature'],
  order: { by: 'size', descending: true },
  filter: {
    kind: 'all',
    items: [
      test('kind', 'in', ['dataset']),
      test('ulabels__name', 'in', ['a', 'it\'s "b"']),
      test('temperature', 'gt', 21, true),
      { kind: 'any', items: [test('size', 'gt', 1000), { ...test('cell count', 'lt', 5, true), not: true }] },
    ],
  },
};

describe('copy as', () => {
  it('Python', () => {
    expect(engine.viewCode(asked, 'python')).toBe(`import lamindb as ln

artifacts = (
    ln.Artifact.filter(is_latest=True, kind__in=["dataset"])
    .filter(ulabels__name__in=["a", "it's \\"b\\""])
    .filter(temperature__gt=21.0)
    .filter(ln.Q(size__gt=1000) | ~ln.Q(id__in=ln.Artifact.filter(**{"cell count__lt": 5}).values("id")))
    .distinct()
    .order_by("-size", "-id")
)
artifacts.to_dataframe(include=["size", "ulabels__name"], features=["temperature"], limit=None)
`);
  });

  it('R, by laminr', () => {
    expect(engine.viewCode(asked, 'r')).toBe(`library(laminr)

ln <- import_module("lamindb")

artifacts <- ln$Artifact$filter(is_latest = TRUE, kind__in = list("dataset"))$filter(ulabels__name__in = list("a", "it's \\"b\\""))$filter(temperature__gt = 21)$filter(ln$Q(size__gt = 1000L) | (!ln$Q(id__in = ln$Artifact$filter(\`cell count__lt\` = 5L)$values("id"))))$distinct()$order_by("-size", "-id")
artifacts$to_dataframe(include = list("size", "ulabels__name"), features = list("temperature"), limit = NULL)
`);
  });

  it('TypeScript', () => {
    expect(engine.viewCode(asked, 'typescript')).toBe(`const artifacts = await ln.Artifact
  .filter({ is_latest: true, kind__in: ['dataset'] })
  .filter({ ulabels__name__in: ['a', 'it\\'s "b"'] })
  .filter({ temperature__gt: { $float: 21 } })
  .filter({ $or: [{ size__gt: 1000 }, { $not: { id__in: { $query: { registry: 'Artifact', filters: [{ 'cell count__lt': 5 }] } } } }] })
  .distinct()
  .orderBy('-size', '-id')
  .toDataFrame({ include: ['size', 'ulabels__name'], features: ['temperature'] });
`);
  });

  it('SQL, with the values written in and a line for each clause', () => {
    const sql = engine.viewCode(asked, 'sql');
    expect(sql).toMatch(/^SELECT t0\."uid",\n/);
    expect(sql).toContain('FROM "lamindb_artifact" t0\nWHERE ');
    expect(sql).toContain(`'it''s "b"'`);
    expect(sql).toMatch(/\nORDER BY t0\."size" DESC, t0\."id" DESC;\n$/);
    expect(sql).not.toContain('?');
  });

  it('SQL says plainly what is left out, and gives the rows of the list', async () => {
    const lab = await memoryEngine();
    seedViewLab(lab.engine);
    const view: View = { ...emptyView('Artifact'), search: 'lab' };
    const sql = lab.engine.viewCode(view, 'sql');
    expect(sql).toContain(`(t0."kind" IS NULL OR t0."kind" NOT LIKE '\\_\\_lamindb%' ESCAPE '\\')`);
    // No ranges that only help an index, none of this app's own tables.
    expect(sql).not.toMatch(/>= '|loam_/);
    const copied = lab.rows(sql.replace(/;\n$/, '')).map(([uid]) => uid);
    expect(copied.length).toBe(lab.engine.countList(view));
    expect(copied).toEqual(lab.engine.listRows(view, { after: null, limit: 100 }).rows.map(({ key }) => key));
  });

  it('ontologies are imported as bionty, plug-ins under their own name', () => {
    const cells = engine.viewCode({ ...emptyView('bionty.CellType'), search: 'T' }, 'python');
    expect(cells).toContain('import bionty as bt\n');
    expect(cells).toContain('cell_types = (\n    bt.CellType.filter()\n');
    expect(engine.viewCode(emptyView('bionty.CellType'), 'r')).toContain('bt <- import_module("bionty")');
  });

  it('a question mark in a text is no place for a value', () => {
    expect(literal(`SELECT '?', "a?" FROM t WHERE a = ? AND b = ?`, ["what?'", null])).toBe(
      `SELECT '?', "a?" FROM t WHERE a = 'what?''' AND b = NULL`,
    );
  });
});
