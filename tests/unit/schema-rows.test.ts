// Schemas as rows: hashes equal to LaminDB's, what the same hash and the same name give back, members in order, optional
// ones, the index, components. Hashes were read off lamindb 2.12.1 with these uids; tests/compat runs it again.
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
let e: MemoryEngine['engine'];
const a = { uid: 'IKz7mGNdUZ0P' };
const b = { uid: 'Oz8LuovYhzTa' };
const c = { uid: 'JOvGeHxQLIZJ' };

beforeEach(async () => {
  m?.driver.close();
  m = await memoryEngine();
  e = m.engine;
  e.create('Feature', { uid: a.uid, name: 'fa', dtype: 'int' });
  e.create('Feature', { uid: b.uid, name: 'fb', dtype: 'float' });
  e.create('Feature', { uid: c.uid, name: 'fc', dtype: 'str' });
});

const members = (uid: string) =>
  m
    .rows(
      `SELECT f.name FROM lamindb_schemafeature l JOIN lamindb_feature f ON f.id = l.feature_id
       JOIN lamindb_schema s ON s.id = l.schema_id WHERE s.uid = ? ORDER BY l.id`,
      [uid],
    )
    .map((r) => r[0]);
const schema = (fields: Record<string, unknown>) => e.create('Schema', fields);

describe('a schema', () => {
  it('has the hash LaminDB gives it (run)', () => {
    const plain = schema({ features: [a, b], name: 's1' });
    expect(plain.row).toMatchObject({
      hash: 'Qodg6dy-TIiSvK3ot05TOw',
      itype: 'Feature',
      n_members: 2,
      flexible: 0,
      _dtype_str: null,
      coerce: null,
      _aux: null,
    });
    const ordered = schema({
      features: [b, a],
      ordered_set: true,
      maximal_set: true,
      minimal_set: false,
      coerce: true,
    });
    expect(ordered.row['hash']).toBe('9n1lMRf5_EuMcNOva0YOPA');
    const optional = schema({ features: [b, { feature: a, optional: true }] });
    expect(optional.row).toMatchObject({
      hash: 'uG2kN5MBA21K0tDYYLsFUg',
      _aux: '{"af": {"1": ["IKz7mGNdUZ0P"]}}',
    });
    const indexed = schema({ features: [b], index: c });
    expect(indexed.row).toMatchObject({
      hash: '0c_PI51R74_cO7W7V8QJNQ',
      n_members: 2,
      _aux: '{"af": {"3": "JOvGeHxQLIZJ"}}',
    });
    expect(members(indexed.uid)).toEqual(['fc', 'fb']);
    expect(schema({ features: [a], flexible: true }).row).toMatchObject({
      hash: 'eIaEADUdQzrdBQX37DU-IA',
      flexible: 1,
    });
    expect(schema({ features: [b, c], suffix: '.parquet' }).row['hash']).toBe('UguNsJipFmY0I4pfS1wCOA');
    expect(schema({ slots: { obs: { uid: plain.uid } }, otype: 'AnnData' }).row).toMatchObject({
      hash: 'CGrspyqd1Bf1e0L9F6LurA',
      _dtype_str: 'num',
      itype: null,
      n_members: null,
    });
    expect(schema({ slots: { __external__: { uid: plain.uid } } }).row['hash']).toBe(
      'TJGNHRHYVMaj5i8bUqKq6Q',
    );
    expect(m.rows('SELECT slot FROM lamindb_schemacomponent ORDER BY id')).toEqual([
      ['obs'],
      ['__external__'],
    ]);
  });

  it('of a whole registry is the same in every instance (run)', () => {
    expect(schema({ itype: 'Feature', name: 'flex' })).toMatchObject({
      uid: '0000000000000000',
      row: { hash: 'kMi7B_N88uu-YnbTLDU-DA', flexible: 1, n_members: null, _dtype_str: null },
    });
    expect(schema({ itype: 'bionty.Gene.ensembl_gene_id' })).toMatchObject({
      uid: '0000000000000001',
      row: { hash: '1gocc_TJ1RU2bMwDRK-WUA', _dtype_str: 'num' },
    });
    expect(schema({ itype: 'bionty.Gene', dtype: 'int' }).row['hash']).toBe('GAkRoucecmE-N9lNUBgaGg');
    const type = e.create('Feature', { uid: 'NPdZN7vkK2Gr', name: 'FT', is_type: true });
    expect(schema({ itype: { uid: type.uid } }).row).toMatchObject({
      itype: 'Feature[NPdZN7vkK2Gr]',
      hash: 'fO6oawwTwbjioSW9wzrnxQ',
    });
    expect(schema({ name: 'ST', is_type: true }).row).toMatchObject({
      hash: null,
      _dtype_str: 'num',
      flexible: 1,
    });
  });

  it('holds terms of ontologies in their own table (run)', () => {
    const organism = e.create('bionty.Organism', { name: 'human' });
    e.create('bionty.Gene', {
      uid: '2AaiqkxILUDn3K',
      symbol: 'AA',
      ensembl_gene_id: 'EN1',
      organism: { uid: organism.uid },
    });
    e.create('bionty.Gene', {
      uid: '6BfwEb2st8IKv1',
      symbol: 'BB',
      ensembl_gene_id: 'EN2',
      organism: { uid: organism.uid },
    });
    const genes = schema({ features: ['AA', 'BB'], itype: 'bionty.Gene', dtype: 'float' });
    expect(genes.row).toMatchObject({ hash: 'YZf_Z9qHuM55HZD9DbZBdg', itype: 'bionty.Gene', n_members: 2 });
    const byField = schema({
      features: ['EN1', 'EN2'],
      itype: 'bionty.Gene.ensembl_gene_id',
      dtype: 'float',
    });
    expect(byField.row['hash']).toBe('mcBAhVkU0He8iSsQsM3BWA');
    expect(m.value('SELECT count(*) FROM bionty_schemagene')).toBe(4);
  });

  it('with a known hash is the schema that is there, under its new name (run)', () => {
    const first = schema({ features: [a, b], name: 's1' });
    const again = schema({ features: ['fb', 'fa'], name: 'renamed', description: 'd' });
    expect(again).toMatchObject({
      uid: first.uid,
      created: false,
      message: 'Returning the schema with the same hash. Its name was s1.',
      row: { name: 'renamed', description: 'd' },
    });
    expect(members(first.uid)).toEqual(['fa', 'fb']);
    e.trash('Schema', [{ uid: first.uid }]);
    expect(schema({ features: [a, b], name: 'new' }).created).toBe(true);
  });

  it('with a known name and other features takes those features (run)', () => {
    const first = schema({ features: [a, b], name: 'renamed' });
    const again = schema({ features: [a, c], name: 'renamed' });
    expect(again).toMatchObject({ uid: first.uid, created: false, row: { hash: 'LYqpqAefcssBz-JjAU0IPA' } });
    expect(members(first.uid)).toEqual(['fa', 'fc']);
    const before = m.state();
    schema({ features: [b, c], name: 'other' });
    // The name of one, the content of another: the content decides.
    expect(schema({ features: [b, c], name: 'renamed' })).toMatchObject({
      created: false,
      row: { name: 'renamed' },
    });
    return e
      .undo()
      .then(() => e.undo())
      .then(() => expect(m.state()).toBe(before));
  });

  it('gains optional features and loses members with its hash kept in step (run)', async () => {
    const opt = schema({ features: [b, { feature: a, optional: true }], name: 'opt' });
    const before = m.state();
    e.relate('Schema', { uid: opt.uid }, 'features', { add: ['fc'] });
    const row = () => m.rows('SELECT hash, n_members, _aux FROM lamindb_schema WHERE uid = ?', [opt.uid])[0];
    expect(row()).toEqual(['swB6sqkBmGqcMzRNAHeyag', 3, '{"af": {"1": ["IKz7mGNdUZ0P", "JOvGeHxQLIZJ"]}}']);
    e.relate('Feature', 'fc', 'schemas', { remove: [{ uid: opt.uid }] });
    expect(row()).toEqual(['uG2kN5MBA21K0tDYYLsFUg', 2, '{"af": {"1": ["IKz7mGNdUZ0P"]}}']);
    await e.undo();
    await e.undo();
    expect(m.state()).toBe(before);
    const whole = schema({ features: [b, a], maximal_set: true });
    expect(
      (await refusal(() => e.relate('Schema', { uid: whole.uid }, 'features', { remove: ['fa'] }))).code,
    ).toBe('NotImplementedError');
  });

  it('keeps its hash in step with its fields, and refuses to become another one', async () => {
    const one = schema({ features: [a, b], name: 'one' });
    schema({ features: [a, b], name: 'two', maximal_set: true });
    expect(e.update('Schema', { uid: one.uid }, { name: 'uno' }).changed).toHaveLength(1);
    const clash = await refusal(() => e.update('Schema', { uid: one.uid }, { maximal_set: true }));
    expect(clash.message).toContain('Another schema already has this hash: "two"');
    e.update('Schema', { uid: one.uid }, { coerce: true, optionals: ['fa'] });
    expect(m.value('SELECT hash FROM lamindb_schema WHERE uid = ?', [one.uid])).not.toBe(one.row['hash']);
    expect((await refusal(() => e.update('Schema', { uid: one.uid }, { itype: 'bionty.Gene' }))).code).toBe(
      'FieldValidationError',
    );
    const [key] = m.artifacts('a.csv');
    e.update('Artifact', String(key), { schema: { uid: one.uid } });
    expect(e.update('Schema', { uid: one.uid }, { flexible: true }).warnings[0]).toContain(String(key));
  });

  it.each([
    [{}, 'InvalidArgument', 'Please pass features or slots or itype'],
    [{ name: 'x' }, 'InvalidArgument', 'Please pass features or slots or itype'],
    [{ features: ['nope'] }, 'DoesNotExist', 'no Feature "nope"'],
    [{ features: ['fa'], itype: 'bionty.Gene' }, 'DoesNotExist', 'no Gene "fa"'],
    [{ features: ['fa'], suffix: '.foo' }, 'FieldValidationError', "Invalid suffix '.foo'"],
    [{ features: 'fa' }, 'TypeError', 'has to be a list'],
    [{ itype: 'Nothing' }, 'InvalidArgument', 'no registry "Nothing"'],
    [{ itype: 'bionty.Gene.nope' }, 'InvalidArgument', 'no itype'],
    [{ itype: { uid: 'IKz7mGNdUZ0P' } }, 'ValidationError', 'is no type'],
    [{ itype: 'bionty.Gene', dtype: 'cat[ULabel]' }, 'ValidationError', 'simple one'],
    [{ features: ['fa'], colour: 'red' }, 'FieldValidationError', '"colour" is no field of Schema'],
  ])('is refused for %j', async (fields, code, words) => {
    const before = m.state();
    const error = await refusal(() => schema(fields));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(words)]);
    expect(m.state()).toBe(before);
  });

  it('needs an otype for components', async () => {
    const obs = schema({ features: [a] });
    const error = await refusal(() => schema({ slots: { obs: { uid: obs.uid } } }));
    expect(error.message).toBe('Please pass otype != None for composite schemas.');
  });
});
