// Every registry through the engine: made, found again by name, typed, tied, changed, trashed, deleted for good, with
// LaminDB's outcomes and error names. Facts marked "run" were read off lamindb 2.12.1; tests/compat runs them again.
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
let e: MemoryEngine['engine'];
beforeEach(async () => {
  m?.driver.close();
  m = await memoryEngine();
  e = m.engine;
});

const lastAct = () => e.acts(1)[0]?.title;

describe('creation', () => {
  it.each([
    ['ULabel', { name: 'x' }, 8],
    ['Project', { name: 'x' }, 12],
    ['Reference', { name: 'x' }, 12],
    ['Record', { name: 'x' }, 16],
    ['Feature', { name: 'x', dtype: 'str' }, 12],
    ['Branch', { name: 'x' }, 12],
    ['Space', { name: 'x' }, 12],
    ['Storage', { root: 's3://bucket/x/' }, 12],
    ['bionty.CellType', { name: 'x' }, 14],
    ['CellType', { name: 'x' }, 14],
  ])('%s gets a uid of its length and LaminDB’s defaults', (registry, fields, length) => {
    const made = e.create(registry, fields);
    expect(made).toMatchObject({ created: true, changed: [], similar: [], message: null });
    expect(made.uid).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`));
    expect(made.row).toMatchObject({ id: made.id, uid: made.uid, created_by_id: 1 });
    expect(lastAct()).toContain(`New ${registry.replace('bionty.', '')} x`.replace('Storage x', 'Storage'));
  });

  it('fills in what LaminDB fills in', () => {
    expect(e.create('Feature', { name: 'f', dtype: 'float' }).row).toMatchObject({
      nullable: 1,
      coerce: null,
    });
    expect(e.create('Feature', { name: 'g', dtype: 'str', nullable: false }).row['nullable']).toBe(0);
    expect(e.create('Project', { name: 'p' }).row['_status_code']).toBe(-3);
    expect(e.create('Project', { name: 'q', status: 'active' }).row['_status_code']).toBe(-1);
    expect(e.create('Storage', { root: 's3://bucket/a/' }).row).toMatchObject({
      root: 's3://bucket/a',
      type: 's3',
    });
    expect(e.create('Branch', { name: 'b', status: 'draft' }).row['_status_code']).toBe(1);
    expect(e.create('Reference', { name: 'r', date: '2026-01-31', pubmed_id: 12345678 }).row).toMatchObject({
      date: '2026-01-31',
      pubmed_id: 12345678,
    });
  });

  it('derives uids of ontology terms as bionty does (run)', () => {
    const human = e.create('Organism', { name: 'human', ontology_id: 'NCBITaxon:9606' });
    const uid = (registry: string, fields: object) => e.create(registry, { ...fields }).uid;
    expect(human.uid).toBe('1dpCL6TduFJ3AP');
    expect(uid('CellType', { name: 'T cell' })).toBe('7gRvACvc51h4N9');
    expect(uid('CellType', { name: 'T-cell X', ontology_id: 'CL:0000084' })).toBe('22LvKd01YyNA1a');
    expect(uid('Gene', { symbol: 'X', organism: 'human' })).toBe('5HhcfI3gojpBJp');
    expect(uid('Gene', { ensembl_gene_id: 'ENSG3', organism: 'human' })).toBe('5LYov91oxvxZjW');
    expect(uid('Protein', { name: 'P1', uniprotkb_id: 'Q1', organism: 'human' })).toBe('49KvSp3X9Z4a5l');
    expect(uid('CellMarker', { name: 'CD4', organism: 'human' })).toBe('6344OP9kMeuGxx');
    const source = { entity: 'bionty.CellType', organism: 'all', name: 'mine', version: '1' };
    expect(uid('Source', { ...source, currently_used: true })).toBe('4Jsdeddv');
  });

  it('of the versions of a source, the one put into use last is in use (run)', () => {
    const source = { entity: 'bionty.CellType', organism: 'all', name: 'mine', currently_used: true };
    const one = e.create('Source', { ...source, version: '1' });
    e.create('Source', { ...source, version: '2' });
    e.update('Source', { uid: one.uid }, { currently_used: false });
    e.update('Source', { uid: one.uid }, { currently_used: true });
    expect(
      m.rows("SELECT version, currently_used FROM bionty_source WHERE name = 'mine' ORDER BY id"),
    ).toEqual([
      ['1', 1],
      ['2', 0],
    ]);
  });

  it('ties rows in the same act, undone in one step', async () => {
    e.create('ULabel', { name: 'parent' });
    const before = m.state();
    e.create('ULabel', { name: 'child' }, { links: { parents: ['parent'] } });
    expect(m.value('SELECT count(*) FROM lamindb_ulabel_parents')).toBe(1);
    await e.undo();
    expect(m.state()).toBe(before);
  });

  it.each([
    ['ULabel', {}, 'FieldValidationError', 'name'],
    ['ULabel', { name: ' ' }, 'FieldValidationError', 'name'],
    ['ULabel', { name: 'x', nonsense: 1 }, 'FieldValidationError', 'nonsense'],
    ['ULabel', { name: 'x', __proto__x: 1 }, 'FieldValidationError', '__proto__x'],
    ['ULabel', { name: 'x', constructor: 1 }, 'FieldValidationError', 'constructor'],
    ['ULabel', { name: 'x', id: 7 }, 'FieldValidationError', 'id'],
    ['ULabel', { name: 5 }, 'ValidationError', 'name'],
    ['ULabel', { name: 'x', is_type: 'yes' }, 'ValidationError', 'is_type'],
    ['ULabel', { name: 'x', type: 'nowhere' }, 'DoesNotExist', 'type'],
    ['ULabel', { name: 'x', uid: 'abc' }, 'ValidationError', 'uid'],
    ['ULabel', { name: 'x', uid: "a';DROP" }, 'ValidationError', 'uid'],
    ['Feature', { name: 'x' }, 'ValidationError', 'dtype'],
    ['Feature', { name: 'x', dtype: 'integer' }, 'ValueError', 'dtype'],
    ['Feature', { name: 'x', dtype: 'cat[Nothing]' }, 'ValidationError', 'dtype'],
    ['Feature', { name: 'x', dtype: 'cat[CellType]' }, 'ValidationError', 'dtype'],
    ['Feature', { name: 'x', dtype: 'cat[ULabel.colour]' }, 'FieldError', 'dtype'],
    ['Feature', { name: 'x', dtype: 'cat[ULabel[aaaaaaaa]]' }, 'DoesNotExist', 'dtype'],
    ['Gene', { symbol: 'x' }, 'OrganismNotSet', 'organism'],
    ['Gene', { symbol: 'x', organism: 'martian' }, 'DoesNotExist', 'organism'],
    ['CellType', { ontology_id: 'CL:1' }, 'FieldValidationError', 'name'],
    ['Project', { name: 'x', url: 'no url' }, 'FieldValidationError', 'url'],
    ['Project', { name: 'x', status: 'lost' }, 'ValueError', 'status'],
    ['Project', { name: 'x', start_date: '2026-02-30' }, 'ValidationError', 'start_date'],
    [
      'Project',
      { name: 'x', start_date: '2026-02-02', end_date: '2026-02-01' },
      'ValidationError',
      'end_date',
    ],
    ['Reference', { name: 'x', doi: 'nature' }, 'FieldValidationError', 'doi'],
    ['Reference', { name: 'x', pubmed_id: '12' }, 'ValidationError', 'pubmed_id'],
    ['Branch', { name: 'MAIN' }, 'IntegrityError', 'name'],
    ['Branch', { name: 'x', status: 'nope' }, 'ValueError', 'status'],
    ['User', { handle: 'bob' }, 'FieldValidationError', 'uid'],
    ['User', { handle: 'b ob', uid: 'abcdefgh' }, 'FieldValidationError', 'handle'],
    ['Storage', { root: 's3://x', host: 'h' }, 'ValidationError', 'host'],
    ['Source', { entity: 'bionty.CellType', name: 'x', organism: 'all' }, 'FieldValidationError', 'version'],
    ['Artifact', { key: 'x.txt' }, 'InvalidArgument', undefined],
    ['Nothing', { name: 'x' }, 'InvalidArgument', undefined],
    ['lamindb.CellType', { name: 'x' }, 'InvalidArgument', undefined],
  ])(
    '%s %j is refused as %s naming the field, and nothing changes',
    async (registry, fields, code, field) => {
      const before = m.state();
      const acts = e.acts(10).length;
      const error = await refusal(() => e.create(registry, fields));
      expect(error.code).toBe(code);
      if (field !== undefined) expect(error.details['field']).toBe(field);
      expect(m.state()).toBe(before);
      expect(e.acts(10)).toHaveLength(acts);
    },
  );

  it('texts are as long as Postgres takes them, by characters', async () => {
    const error = await refusal(() => e.create('ULabel', { name: 'x'.repeat(151) }));
    expect(error).toMatchObject({ code: 'DataError', message: expect.stringContaining('150') });
    expect(e.create('ULabel', { name: '🧬'.repeat(150) }).created).toBe(true);
    const feature = { name: 'y', dtype: 'str', unit: 'x'.repeat(31) };
    expect((await refusal(() => e.create('Feature', feature))).code).toBe('DataError');
  });
});

describe('the same name (run)', () => {
  it.each([
    ['ULabel', {}],
    ['Project', {}],
    ['Reference', {}],
    ['Record', {}],
    ['Feature', { dtype: 'str' }],
    ['CellType', {}],
  ])('%s is given back, takes what was given, and says so', (registry, more) => {
    const first = e.create(registry, { name: 'x', ...more });
    const again = e.create(registry, { name: 'x', description: 'second', ...more });
    expect(again).toMatchObject({
      id: first.id,
      uid: first.uid,
      created: false,
      changed: [{ field: 'description', old: null, new: 'second' }],
      message: expect.stringContaining("same name: 'x'"),
    });
    const acts = e.acts(10).length;
    expect(e.create(registry, { name: 'x', ...more }).changed).toEqual([]);
    expect(e.acts(10)).toHaveLength(acts);
  });

  it.each([
    ['ULabel', {}],
    ['Feature', { dtype: 'str' }],
    ['Record', {}],
    ['Project', {}],
    ['Reference', {}],
  ])('%s of another type is another row; one in the trash is not given back', async (registry, more) => {
    const root = e.create(registry, { name: 'x', ...more });
    const type = e.create(registry, { name: 'T', is_type: true });
    const typed = e.create(registry, { name: 'x', type: { uid: type.uid }, ...more });
    expect(typed.created).toBe(true);
    expect(typed.row['type_id']).toBe(type.id);
    expect(e.create(registry, { name: 'x', ...more }).id).toBe(root.id);
    expect(e.create(registry, { name: 'x', type: null, ...more }).id).toBe(root.id);
    expect(e.create(registry, { name: 'x', type: 'T', ...more }).id).toBe(typed.id);
    await e.trash(registry, [{ uid: root.uid }]);
    const fresh = e.create(registry, { name: 'x', type: null, ...more });
    expect(fresh.created).toBe(true);
    expect(e.create(registry, { name: 'x', ...more }, { searchNames: false }).created).toBe(true);
  });

  it('a feature with another dtype is refused', async () => {
    e.create('Feature', { name: 'x', dtype: 'str' });
    const error = await refusal(() => e.create('Feature', { name: 'x', dtype: 'int' }));
    expect(error).toMatchObject({
      code: 'ValidationError',
      message: expect.stringContaining('already exists'),
    });
  });

  it('a user is found by handle, a storage by root, a term by its derived uid', async () => {
    const bob = e.create('User', { uid: 'abcd1234', handle: 'bob', name: 'Bob' });
    const again = e.create('User', { uid: 'abcd1235', handle: 'bob', name: 'Bob B' });
    expect(again).toMatchObject({ id: bob.id, uid: 'abcd1234', created: false });
    expect(again.changed).toEqual([{ field: 'name', old: 'Bob', new: 'Bob B' }]);
    const root = e.create('Storage', { root: 's3://a/b' });
    expect(e.create('Storage', { root: 's3://a/b/' })).toMatchObject({ id: root.id, created: false });
    const term = e.create('CellType', { name: 'T cell', ontology_id: 'CL:0000084' });
    expect(e.create('CellType', { name: 'T lymphocyte', ontology_id: 'CL:0000084' })).toMatchObject({
      id: term.id,
      created: false,
      changed: [],
    });
    await e.trash('CellType', [{ uid: term.uid }]);
    const back = e.create('CellType', { name: 'T cell', ontology_id: 'CL:0000084', description: 'new' });
    expect(back).toMatchObject({ id: term.id, created: false, row: { branch_id: 1, description: 'new' } });
  });

  it('terms of another identity keep it, where LaminDB would overwrite it', () => {
    e.create('Organism', { name: 'human' });
    e.create('Organism', { name: 'mouse' });
    const one = e.create('Gene', { symbol: 'X', ensembl_gene_id: 'ENSG1', organism: 'human' });
    const two = e.create('Gene', { symbol: 'X', ensembl_gene_id: 'ENSG2', organism: 'human' });
    const three = e.create('Gene', { symbol: 'X', organism: 'mouse' });
    expect(new Set([one.id, two.id, three.id]).size).toBe(3);
    expect(e.create('Gene', { symbol: 'X', organism: 'mouse' }).id).toBe(three.id);
  });

  it('similar names are told, best first', () => {
    for (const name of ['T cell', 'CD4 T cell', 'B cell', 'T cells of the gut']) e.create('ULabel', { name });
    expect(e.create('ULabel', { name: 'T celll' }).similar).toEqual([
      'T cell',
      'T cells of the gut',
      'CD4 T cell',
    ]);
    expect(e.create('ULabel', { name: '100%_sure' }).similar).toEqual([]);
  });
});

describe('types', () => {
  it('take rows and types below them, at any depth', () => {
    const top = e.create('Record', { name: 'Top', is_type: true, emoji: '🧬' });
    const sub = e.create('Record', { name: 'Sub', is_type: true, type: 'Top' });
    const leaf = e.create('Record', { name: 'leaf', type: 'Sub' });
    expect(sub.row['type_id']).toBe(top.id);
    expect(leaf.row).toMatchObject({ type_id: sub.id, _aux: expect.stringContaining('ei') });
    expect(JSON.parse(String(leaf.row['_aux']))).toEqual({ ei: '🧬' });
  });

  it.each([
    ['a row that is no type', 'leaf', { type: 'plain' }, 'ValueError', 'type'],
    ['itself', 'Sub', { type: 'Sub' }, 'ValidationError', 'type'],
    ['a type below it', 'Top', { type: 'Sub' }, 'ValidationError', 'type'],
    ['a type with members, made none', 'Top', { is_type: false }, 'ValidationError', 'is_type'],
  ])('refuse %s', async (_, ref, changes, code, field) => {
    e.create('Record', { name: 'plain' });
    e.create('Record', { name: 'Top', is_type: true });
    e.create('Record', { name: 'Sub', is_type: true, type: 'Top' });
    e.create('Record', { name: 'leaf', type: 'Sub' });
    const before = m.state();
    const error = await refusal(() => e.update('Record', ref, changes));
    expect(error).toMatchObject({ code, details: { field } });
    expect(m.state()).toBe(before);
  });

  it('of one space keep their rows there, as only Postgres does in LaminDB', async () => {
    const ours = e.create('Space', { name: 'ours' });
    e.create('ULabel', { name: 'Kept', is_type: true, _aux: { ss: ours.uid } });
    const row = e.create('ULabel', { name: 'x', type: 'Kept' });
    expect(row.row['space_id']).toBe(ours.id);
    const error = await refusal(() => e.create('ULabel', { name: 'y', type: 'Kept', space: 'all' }));
    expect(error).toMatchObject({ code: 'ValidationError', details: { field: 'space' } });
    const moved = await refusal(() => e.update('ULabel', 'x', { space: 'all' }));
    expect(moved.code).toBe('ValidationError');
  });

  it('names are those of the topmost type; two on one level are ambiguous', async () => {
    e.create('ULabel', { name: 'A', is_type: true });
    e.create('ULabel', { name: 'B', is_type: true, type: 'A' });
    const top = e.create('ULabel', { name: 'x', type: 'A' });
    e.create('ULabel', { name: 'x', type: 'B' });
    e.update('ULabel', 'x', { description: 'topmost' });
    expect(m.value('SELECT description FROM lamindb_ulabel WHERE id = ?', [top.id])).toBe('topmost');
    e.create('ULabel', { name: 'C', is_type: true });
    e.create('ULabel', { name: 'x', type: 'C' });
    const error = await refusal(() => e.update('ULabel', 'x', { description: 'which?' }));
    expect(error).toMatchObject({
      code: 'ValidationError',
      message: expect.stringContaining("Ambiguous match for ULabel 'x': found 2 ulabels at depth 1"),
    });
    e.create('CellType', { name: 'y', ontology_id: 'CL:1' });
    e.create('CellType', { name: 'y', ontology_id: 'CL:2' });
    expect((await refusal(() => e.update('CellType', 'y', {}))).code).toBe('MultipleObjectsReturned');
  });
});

describe('relations', () => {
  it('parents and children are two ends of one tie; a circle is refused', async () => {
    for (const name of ['a', 'b', 'c']) e.create('ULabel', { name });
    e.relate('ULabel', 'a', 'parents', { add: ['b'] });
    e.relate('ULabel', 'c', 'children', { add: ['b'] });
    e.relate('ULabel', 'a', 'parents', { add: ['b'] });
    expect(m.value('SELECT count(*) FROM lamindb_ulabel_parents')).toBe(2);
    for (const [row, parent] of [
      ['c', 'a'],
      ['a', 'a'],
    ] as const) {
      const error = await refusal(() => e.relate('ULabel', row, 'parents', { add: [parent] }));
      expect(error).toMatchObject({ code: 'ValidationError', message: expect.stringContaining('circle') });
    }
    e.relate('ULabel', 'a', 'parents', { remove: ['b'] });
    expect(m.value('SELECT count(*) FROM lamindb_ulabel_parents')).toBe(1);
    expect(lastAct()).toBe('Change parents of ULabel a');
  });

  it('projects have predecessors, references and users in roles; artifacts have labels for a feature', async () => {
    e.create('Project', { name: 'p' });
    e.create('Project', { name: 'q' });
    e.create('Reference', { name: 'r' });
    e.create('ULabel', { name: 'l' });
    e.create('Feature', { name: 'f', dtype: 'cat[ULabel]' });
    const [artifact = ''] = m.artifacts('a.csv');
    e.relate('Project', 'p', 'predecessors', { add: ['q'] });
    e.relate('Project', 'p', 'references', { add: ['r'] });
    e.relate('Project', 'p', 'users', { add: ['anonymous'], role: 'lead' });
    e.relate('Artifact', artifact, 'ulabels', { add: ['l'] });
    e.relate('Artifact', artifact, 'ulabels', { add: ['l'], feature: 'f' });
    e.relate('ULabel', 'l', 'artifacts', { add: [artifact] });
    expect(m.rows('SELECT feature_id FROM lamindb_artifactulabel ORDER BY id')).toEqual([[null], [1]]);
    expect(m.value('SELECT role FROM lamindb_projectuser')).toBe('lead');
    expect((await refusal(() => e.relate('Project', 'p', 'users', { add: ['anonymous'] }))).code).toBe(
      'FieldValidationError',
    );
    expect((await refusal(() => e.relate('Project', 'p', 'nothing', { add: ['q'] }))).code).toBe(
      'FieldError',
    );
    expect((await refusal(() => e.relate('Project', 'p', 'parents', { add: ['nobody'] }))).code).toBe(
      'DoesNotExist',
    );
  });
});

describe('changes', () => {
  it('tell field by field, old and new, and name the act', () => {
    e.create('Project', { name: 'old', status: 'planned' });
    const done = e.update('Project', 'old', { name: 'new', status: 'active', end_date: '2027-01-01' });
    expect(done.changed).toEqual([
      { field: '_status_code', old: '-3', new: '-1' },
      { field: 'name', old: 'old', new: 'new' },
      { field: 'end_date', old: null, new: '2027-01-01' },
    ]);
    expect(lastAct()).toBe('Rename Project old to new');
  });

  it('of a locked row are refused, except unlocking it', async () => {
    const label = e.create('ULabel', { name: 'x' });
    e.create('ULabel', { name: 'p' });
    e.update('ULabel', 'x', { is_locked: true });
    const before = m.state();
    for (const call of [
      () => e.update('ULabel', 'x', { name: 'y' }),
      () => e.update('ULabel', 'x', { is_locked: false, name: 'y' }),
      () => e.create('ULabel', { name: 'x', description: 'z' }),
      () => e.relate('ULabel', 'x', 'parents', { add: ['p'] }),
      () => e.trash('ULabel', ['x']),
      () => e.purge('ULabel', ['x']),
    ]) {
      const error = await refusal(call);
      expect(error).toMatchObject({ code: 'NoWriteAccess', message: expect.stringContaining('is_locked') });
    }
    expect(m.state()).toBe(before);
    e.update('ULabel', { uid: label.uid }, { is_locked: false });
    e.update('ULabel', 'x', { name: 'y' });
  });

  it('that take a unique value are refused in words', async () => {
    e.create('Branch', { name: 'one' });
    e.create('Branch', { name: 'two' });
    e.create('Tissue', { name: 'lung', abbr: 'L' });
    e.create('Tissue', { name: 'liver' });
    for (const call of [
      () => e.update('Branch', 'two', { name: 'ONE' }),
      () => e.update('Tissue', 'liver', { abbr: 'L' }),
      () => e.create('Tissue', { name: 'leg', abbr: 'L' }),
    ]) {
      const error = await refusal(call);
      expect(error).toMatchObject({
        code: 'IntegrityError',
        message: expect.stringContaining('Choose another'),
      });
    }
  });

  it('of built-in rows, of uids and of an artifact’s stored facts are refused', async () => {
    const [artifact = ''] = m.artifacts('a.csv');
    const cases: [() => unknown, string][] = [
      [() => e.update('Branch', 'main', { name: 'master' }), 'ValidationError'],
      [() => e.update('Space', 'all', { name: 'some' }), 'ValidationError'],
      [() => e.update('User', 'anonymous', { uid: 'abcdefgh' }), 'FieldValidationError'],
      [() => e.update('Artifact', artifact, { size: 5 }), 'FieldValidationError'],
      [() => e.update('Artifact', artifact, { key: 'a.parquet' }), 'InvalidArgument'],
      [() => e.update('Artifact', artifact, { key: '../a.csv' }), 'InvalidArgument'],
      [() => e.update('Artifact', artifact, { kind: 'nonsense' }), 'FieldValidationError'],
      [() => e.update('ULabel', 'nobody', { name: 'x' }), 'DoesNotExist'],
      [() => e.purge('Branch', ['main']), 'ValidationError'],
      [() => e.purge('Space', ['all']), 'ValidationError'],
      [() => e.purge('User', ['anonymous']), 'ValidationError'],
      [() => e.purge('Storage', [1]), 'ValidationError'],
    ];
    for (const [call, code] of cases) expect((await refusal(call)).code).toBe(code);
    e.update('Artifact', artifact, { key: 'b.csv', description: 'fine', kind: 'dataset' });
  });

  it('warn where datasets still hold the old name', () => {
    e.create('ULabel', { name: 'lung' });
    e.create('Feature', { name: 'tissue', dtype: 'cat[ULabel]' });
    const [artifact = ''] = m.artifacts('a.csv');
    e.relate('Artifact', artifact, 'ulabels', { add: ['lung'], feature: 'tissue' });
    expect(e.update('ULabel', 'lung', { name: 'lungs' }).warnings).toEqual([
      expect.stringContaining(artifact),
    ]);
  });
});

describe('features of values through', () => {
  it('a field of the record, or another feature read backwards, as LaminDB keeps them', async () => {
    const authors = e.create('Record', { name: 'Authors', is_type: true });
    const books = e.create('Record', { name: 'Books', is_type: true });
    e.create('Feature', { name: 'made', dtype: 'datetime', values_through: 'created_at' });
    const author = e.create('Feature', { name: 'author', dtype: `cat[Record[${authors.uid}]]` });
    const reader = e.create('Feature', {
      name: 'books',
      dtype: `list[cat[Record[${books.uid}]]]`,
      values_through: { uid: author.uid },
    });
    const aux = (uid: string) =>
      JSON.parse(String(m.value('SELECT _aux FROM lamindb_feature WHERE uid = ?', [uid])));
    expect(aux(author.uid)).toEqual({ rf: reader.uid });
    expect(aux(reader.uid)).toEqual({ vf: author.uid });
    expect(m.value("SELECT _aux FROM lamindb_feature WHERE name = 'made'")).toBe('{"sf": "created_at"}');
    for (const fields of [
      { name: 'a', dtype: 'int', values_through: 'created_at' },
      { name: 'b', dtype: 'str', values_through: 'author' },
      { name: 'c', dtype: 'str', values_through: 'run' },
    ])
      expect((await refusal(() => e.create('Feature', fields))).details['field']).toBe('values_through');
    e.update('Feature', 'books', { values_through: null });
    expect(m.value('SELECT _aux FROM lamindb_feature WHERE uid = ?', [author.uid])).toBe(null);
  });

  it('category filters are written as LaminDB writes them', () => {
    const type = e.create('Record', { name: 'Samples', is_type: true });
    const source = m.value("SELECT uid FROM bionty_source WHERE entity = 'bionty.Disease' LIMIT 1");
    const dtype = (fields: object) => e.create('Feature', { ...fields } as never).row['_dtype_str'];
    expect(dtype({ name: 'a', dtype: 'cat[bionty.Disease]', cat_filters: { source: { uid: source } } })).toBe(
      `cat[bionty.Disease[source__uid=${String(source)}]]`,
    );
    expect(dtype({ name: 'b', dtype: `cat[Record[${type.uid}]]`, cat_filters: { is_type: true } })).toBe(
      `cat[Record[${type.uid}, is_type=True]]`,
    );
    expect(dtype({ name: 'c', dtype: 'cat[Record]', cat_filters: { type: { uid: type.uid } } })).toBe(
      `cat[Record[${type.uid}]]`,
    );
  });
});
