// The report of a validation: written by the page, read back for people in the worker, whoever made the file.
import { describe, expect, it } from 'vitest';
import { reportOf } from '../../src/lib/client/report-file.ts';
import type { ValidationReport } from '../../src/lib/engine/curate/report.ts';
import type { FrameAsk } from '../../src/lib/engine/curate/frame.ts';
import { readDataset } from '../../src/lib/formats/curate/read-dataset.ts';
import { inspectFile } from '../../src/lib/formats/inspect.ts';
import { asReport } from '../../src/lib/formats/validation-report.ts';
import { viewFile } from '../../src/lib/formats/view.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { memoryEngine } from './memory-engine.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const read = async (text: string): Promise<ValidationReport> => {
  const view = await viewFile(bufferSource(utf8(text)), { kind: 'report' });
  if (view.kind !== 'report') throw new Error(`a ${view.kind} came`);
  return view.report;
};
const report = (more: object) => JSON.stringify({ report: 'validation', findings: [], ...more });

describe('[row 51] a report that was kept', () => {
  it('reads back with its verdict, its parts, and each value with its rows as people count them', async () => {
    const { engine, driver } = await memoryEngine();
    engine.create('CellType', { name: 'T cell', synonyms: 'T lymphocyte' });
    const cell = engine.create('Feature', { name: 'cell', dtype: 'cat[bionty.CellType]', coerce: true });
    const n = engine.create('Feature', { name: 'n', dtype: 'int' });
    const schema = engine.create('Schema', { name: 'cells', features: [{ uid: cell.uid }, { uid: n.uid }] });
    const csv = 'cell,n\nT lymphocyte,1\nT cell,2\nodd,3\nodd,\n';
    const result = await engine.validateDataset(schema.uid, (asks: readonly FrameAsk[]) =>
      readDataset(bufferSource(utf8(csv)), 'x.csv', asks),
    );
    driver.close();
    expect(result.ok).toBe(false);
    const at = new Date('2026-11-27T10:11:12.000Z');
    const of = { uid: 'ArtifactOfTheTest000', key: 'x.csv' };
    const text = reportOf(of, { uid: schema.uid, name: 'cells' }, result, at);
    const back = await read(text);
    expect(back).toMatchObject({
      artifact: of,
      schema: { uid: schema.uid, name: 'cells' },
      at: '2026-11-27T10:11:12.000Z',
      ok: false,
      counts: result.counts,
      more: 0,
    });
    expect(back.slots.map(({ slot, ok, rows, columns, known }) => [slot, ok, rows, columns, known])).toEqual([
      ['columns', false, 4, 2, 2],
    ]);
    expect(back.findings.map(({ message }) => message)).toEqual(
      result.findings.map(({ message }) => message),
    );
    const terms = back.findings.find(({ kind }) => kind === 'terms');
    expect(terms).toMatchObject({ column: 'cell', severity: 'error' });
    expect(terms?.values).toEqual([
      { text: 'odd', cells: 2, rows: [3, 4], standard: null },
      { text: 'T lymphocyte', cells: 1, rows: [1], standard: 'T cell' },
    ]);
    // Its summary offers the view; that of other JSON does not.
    const views = async (json: string) => (await inspectFile(bufferSource(utf8(json)), 'x.json')).views;
    expect(await views(text)).toEqual({ report: true });
    expect(await views('{"report": "validation"}')).toBeNull();
    expect(await views('[{"report": "validation", "findings": []}]')).toBeNull();
  });

  it('of a stranger is read only as far as it is what it should be', async () => {
    const hostile = await read(
      report({
        ok: true,
        artifact: { uid: '../../settings', key: '<img src=x onerror=alert(1)>' },
        schema: { uid: 'javascript:alert(1)', name: 7 },
        validated_at: 'yesterday',
        counts: { cells: -3, terms: 1e300, validTerms: '9', errors: 0 },
        slots: [{ slot: ['obs'], ok: 'true', rows: {} }, null, 'columns'],
        findings: [
          { severity: 'fatal', message: 5, values: [{ value: {}, cells: 1.5, first_rows: [1, 'x', -2] }, 3] },
          { severity: 'notice', column: 'x'.repeat(10_000), value_count: -1 },
          'no finding',
        ],
      }),
    );
    // The verdict is what the findings say, addresses are uids or none.
    expect(hostile.ok).toBe(false);
    expect(hostile.artifact).toEqual({ uid: null, key: '<img src=x onerror=alert(1)>' });
    expect(hostile.schema).toEqual({ uid: null, name: null });
    expect(hostile.at).toBeNull();
    expect(hostile.counts).toEqual({ errors: 1, notices: 1, cells: 0, terms: 0, validTerms: 0 });
    expect(hostile.slots).toEqual([
      {
        slot: '',
        schema: { uid: null, name: null },
        ok: false,
        rows: 0,
        columns: 0,
        known: 0,
        errors: 0,
        notices: 0,
      },
    ]);
    expect(hostile.findings[0]).toMatchObject({
      severity: 'error',
      message: 'No reason is given.',
      values: [{ text: '', cells: null, rows: [1], standard: null }],
    });
    expect(hostile.findings[1]?.column).toHaveLength(400);
    const proto = await read('{"report":"validation","findings":[],"__proto__":{"ok":true}}');
    expect(proto.ok).toBe(false);
  });

  it('stays within bounds, and refuses what is none in words', async () => {
    const value = {
      value: 'v'.repeat(2_000),
      cells: 1,
      first_rows: Array.from({ length: 500 }, (_, i) => i),
    };
    const finding = { severity: 'error', message: 'm'.repeat(50_000), values: Array(1_500).fill(value) };
    const large = asReport({ report: 'validation', findings: Array(1_200).fill(finding) });
    expect(large?.findings).toHaveLength(1_000);
    expect(large?.more).toBe(200);
    expect(large?.counts.errors).toBe(1_200);
    expect(large?.findings[0]?.values).toHaveLength(1_000);
    expect(large?.findings[0]?.valueCount).toBe(1_500);
    expect(large?.findings[0]?.message).toHaveLength(4_000);
    expect(large?.findings[0]?.values[0]?.rows).toHaveLength(20);
    expect(large?.findings.reduce((sum, { values }) => sum + values.length, 0)).toBe(50_000);
    for (const text of [
      '[]',
      '{"report":"lineage","findings":[]}',
      '{"report"',
      `${'['.repeat(50)}${']'.repeat(50)}`,
    ])
      await expect(read(text)).rejects.toMatchObject({ code: 'FileUnreadable' });
  });
});
