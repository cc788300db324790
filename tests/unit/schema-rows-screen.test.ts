// Rows of a schema on screen as plain data: added, moved, taken out, marked; from the columns of a file; and what of them is
// handed to the engine, with problems found again by their rows. Dtypes in words and put together.
import { describe, expect, it } from 'vitest';
import { categoriesOf, dtypeOf, dtypeWords } from '../../src/lib/client/dtype-words.ts';
import { handed, sumOf, toldOf } from '../../src/lib/client/schema-handed.ts';
import {
  addMember,
  addTerms,
  draftFrom,
  dropMember,
  isFlexible,
  moveMember,
  newDraft,
  newSlot,
  rename,
  setDtype,
  setKind,
  setSlot,
  takeFeature,
} from '../../src/lib/client/schema-rows.ts';
import type { ColumnProposal, SchemaProposal } from '../../src/lib/workers/wire.ts';

const names = (rows: { name: string }[]) => rows.map(({ name }) => name);

describe('rows of a schema', () => {
  it('are moved within the list, and the index goes with its row', () => {
    const draft = newDraft();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => addMember(draft, { name, dtype: 'int' }));
    draft.index = c?.id ?? null;
    expect(moveMember(draft, c?.id ?? 0, -1)).toBe(2);
    expect(names(draft.rows)).toEqual(['a', 'c', 'b']);
    expect(moveMember(draft, a?.id ?? 0, -1)).toBe(1);
    expect(moveMember(draft, a?.id ?? 0, 9)).toBe(3);
    expect(names(draft.rows)).toEqual(['c', 'b', 'a']);
    expect(handed(draft, null).draft).toMatchObject({ index: 0, otype: 'DataFrame', flexible: null });
    dropMember(draft, c?.id ?? 0);
    expect(draft.index).toBeNull();
    void b;
  });

  it('go along when the schema is for another kind of dataset, and slots are called by its name', () => {
    const draft = newDraft();
    rename(draft, 'Cells');
    addMember(draft, { name: 'donor', uid: 'x' });
    setKind(draft, 'AnnData');
    expect(draft.slots.map(({ slot, part }) => [slot, part.name, part.itype, part.rows.length])).toEqual([
      ['obs', 'Cells obs', 'Feature', 1],
      ['var.T', 'Cells var.T', 'bionty.Gene.ensembl_gene_id', 0],
    ]);
    expect(draft.rows).toEqual([]);
    rename(draft, 'Blood');
    const [obs, genes] = draft.slots;
    if (obs) setSlot(draft, obs, 'var');
    if (genes) genes.part.name = 'All genes';
    rename(draft, 'Bone');
    expect(draft.slots.map(({ part }) => part.name)).toEqual(['Bone var', 'All genes']);
    draft.slots.push(newSlot(draft, 'uns'));
    setKind(draft, 'DataFrame');
    expect(names(draft.rows)).toEqual(['donor']);
    expect(draft.slots).toEqual([]);
  });

  it('may be terms, pasted as a list; then they are what is handed over, and only they are asked for', () => {
    const draft = newDraft();
    addMember(draft, { name: 'donor' });
    draft.itype = 'bionty.Gene.ensembl_gene_id';
    draft.size = 9;
    expect([isFlexible(draft), handed(draft, null).draft.size]).toEqual([false, 9]);
    draft.size = null;
    expect(isFlexible(draft)).toBe(true);
    expect(addTerms(draft, 'ENSG1\nENSG2, ENSG1;\tENSG3\r\n')).toBe(3);
    expect(isFlexible(draft)).toBe(false);
    draft.suffix = ' .parquet ';
    const { draft: given, order } = handed(draft, null);
    expect(given).toMatchObject({
      suffix: '.parquet',
      type: null,
      members: [{ name: 'ENSG1' }, { name: 'ENSG2' }, { name: 'ENSG3' }],
    });
    expect(sumOf(given)).toEqual({ features: 3, terms: 3, needed: 3, fresh: 0 });
    const told = toldOf(
      [
        { slot: null, member: 1, message: 'no gene' },
        { slot: null, member: null, field: 'suffix', message: 'no suffix' },
      ],
      order,
    );
    expect([told.rows.get(draft.terms[1]?.id ?? 0), told.suffix]).toEqual(['no gene', 'no suffix']);
    draft.itype = 'Feature';
    expect(handed(draft, null).draft.members).toMatchObject([{ name: 'donor' }]);
  });

  it('have their problems told where they stand, also behind rows that are not taken', () => {
    const draft = newDraft();
    const [first, second] = ['a', 'b'].map((name) => addMember(draft, { name }));
    if (first) first.taken = false;
    const { draft: given, order } = handed(draft, 'sheet');
    expect(given).toMatchObject({ members: [{ name: 'b' }], sheet: 'sheet' });
    const told = toldOf(
      [
        { slot: null, member: 0, message: 'no type' },
        { slot: null, member: null, field: 'name', message: 'taken' },
        { slot: 'obs', member: null, message: 'empty' },
      ],
      order,
    );
    expect(told.rows).toEqual(new Map([[second?.id, 'no type']]));
    expect(told.names.get(null)).toBe('taken');
    expect(told.parts.get('obs')).toBe('empty');
  });
});

describe('[row 49] columns of a file as rows', () => {
  const column = (name: string, more: Partial<ColumnProposal> = {}): ColumnProposal => ({
    ...{ name, dtype: 'object', rows: 4, nulls: 0, distinct: 2, examples: [], features: [] },
    choices: [
      { dtype: 'cat[bionty.Tissue]', coerce: true, why: 'all 2 values are there' },
      { dtype: 'str', coerce: false, why: 'text' },
    ],
    ...more,
  });
  const proposal: SchemaProposal = {
    otype: 'DataFrame',
    slots: [
      {
        ...{ slot: 'columns', rows: 4, columns: 3, itype: 'Feature', known: 1, index: column('sample') },
        members: [
          column('tissue'),
          column('age', { features: [{ uid: 'f1', dtype: 'int', type: null, misfit: null }] }),
          column('empty', { nulls: 4, choices: [{ dtype: 'float', coerce: false, why: 'numbers' }] }),
        ],
      },
    ],
  };

  it('take features that are there, first types for others, and leave out what is empty', () => {
    const draft = draftFrom(proposal, 'Samples');
    expect(
      draft.rows.map(({ name, uid, dtype, taken, coerce }) => [name, uid, dtype, taken, coerce]),
    ).toEqual([
      ['sample', null, 'cat[bionty.Tissue]', true, true],
      ['tissue', null, 'cat[bionty.Tissue]', true, true],
      ['age', 'f1', 'int', true, false],
      ['empty', null, 'float', false, false],
    ]);
    const { draft: given } = handed(draft, null);
    expect(given).toMatchObject({
      name: 'Samples',
      index: 0,
      members: [{}, { coerce: true }, { uid: 'f1' }],
    });
    expect(sumOf(given)).toEqual({ features: 3, terms: 0, needed: 3, fresh: 2 });
    const [, tissue, age] = draft.rows;
    if (tissue) setDtype(tissue, 'str');
    if (tissue) expect(tissue.coerce).toBe(false);
    if (tissue) setDtype(tissue, 'cat[Record]');
    expect(tissue?.coerce).toBe(true);
    if (age) takeFeature(age, null);
    expect(age).toMatchObject({ uid: null, dtype: 'cat[bionty.Tissue]' });
  });
});

describe('dtypes', () => {
  const titles: Record<string, string> = {
    'bionty.CellType': 'Cell type',
    Record: 'Record',
    ULabel: 'Label',
  };
  const words = (dtype: string) => dtypeWords(dtype, (name) => titles[name] ?? null);

  it('are told in words', () => {
    expect(words('int')).toBe('whole number');
    expect(words('cat[ULabel]')).toBe('category (a label)');
    expect(words('cat[bionty.CellType]')).toBe('category (cell type)');
    expect(words('cat[bionty.CellType.ontology_id]')).toBe('category (cell type)');
    expect(words('list[cat[Record[abc]|bionty.CellType]]')).toBe('several categories (record or cell type)');
    expect(words('list[str]')).toBe('several texts');
    expect(words('cat[plug.In]')).toBe('category (plug.In)');
    expect(words('strange')).toBe('strange');
  });

  it('are taken apart and put together', () => {
    for (const dtype of [
      'cat[ULabel]',
      'list[cat[ULabel]]',
      "cat[Record[a, is_type='True'].name|bionty.Gene.symbol]",
    ])
      expect(dtypeOf(categoriesOf(dtype) ?? { several: false, of: [] })).toBe(dtype);
    expect(categoriesOf('list[str]')).toBeNull();
    expect(dtypeOf({ several: true, of: [] })).toBe('');
  });
});
