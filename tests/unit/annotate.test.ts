// Annotating as a person does it: what a typed value looks like, what of a form can be applied, how a refused value is told,
// and new features as part of the act that needs them.
import { beforeEach, describe, expect, it } from 'vitest';
import {
  aboutOf,
  keepEntries,
  keptEntries,
  noEntries,
  optionsOf,
  unfinished,
} from '../../src/lib/client/annotation-entries.ts';
import { controlOf, guessDtype, valueWords, wrongValues } from '../../src/lib/client/feature-values.ts';
import { toWire, type WireError } from '../../src/lib/engine/errors.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

const entry = (name: string, value: string, dtype: string | null = null) => ({ name, value, dtype });

describe('typed values', () => {
  it.each([
    ['42', 'int'],
    ['-3', 'int'],
    ['4.2', 'float'],
    ['1e-3', 'float'],
    ['2026-01-02', 'date'],
    ['2026-01-02 10:30', 'datetime'],
    ['true', 'bool'],
    ['False', 'bool'],
    ['D1', 'str'],
    ['007', 'str'],
    ['2026-02-30', 'str'],
    ['1.2.3', 'str'],
    ['12345678901234567890', 'str'],
  ])('%s looks like %s', (text, dtype) => expect(guessDtype(text)).toBe(dtype));

  it('a date has a date control, unless what is typed is none', () => {
    expect([controlOf('date'), controlOf('date', '2026-01-02'), controlOf('date', 'soon')]).toEqual([
      'date',
      'date',
      'text',
    ]);
    expect([controlOf('bool'), controlOf('int'), controlOf(null)]).toEqual(['choice', 'text', 'text']);
  });
});

describe('what is filled in', () => {
  it('half a feature, a value without a name and a name twice are told with their place', () => {
    expect(unfinished([entry('', ''), entry('age', '4')])).toBeNull();
    expect(unfinished([entry('age', ' ')])).toMatchObject({ at: 0, part: 'value' });
    expect(unfinished([entry('age', '4'), entry('', 'D1')])).toMatchObject({ at: 1, part: 'name' });
    expect(unfinished([entry('age', '4'), entry('age ', '5')])).toMatchObject({ at: 1, part: 'name' });
  });

  it('texts not yet chips count, and only features that are not there are new', () => {
    const given = {
      ...noEntries(),
      labels: ['T cell'],
      label: 'fresh, T cell',
      features: [entry('age', '4'), entry(' donor ', 'D1'), entry('site', 'x', 'cat[ULabel]')],
    };
    const age = { uid: 'u', name: 'age', dtype: 'int', count: 0, description: null };
    expect(optionsOf(given, [age])).toEqual({
      labels: ['T cell', 'fresh'],
      projects: [],
      features: { age: '4', donor: 'D1', site: 'x' },
      newFeatures: { donor: 'str', site: 'cat[ULabel]' },
    });
  });

  it('entries are kept for the same artifacts in any order, and empty ones are not', () => {
    keepEntries(aboutOf(['b', 'a']), { ...noEntries(), description: 'kept' });
    expect(keptEntries(aboutOf(['a', 'b']))?.description).toBe('kept');
    expect(keptEntries(aboutOf(['a']))).toBeUndefined();
    keepEntries(aboutOf(['a', 'b']), noEntries());
    expect(keptEntries(aboutOf(['a', 'b']))).toBeUndefined();
  });
});

describe('the act', () => {
  let lab: MemoryEngine;
  let uids: string[] = [];
  beforeEach(async () => {
    lab = await memoryEngine();
    uids = lab.artifacts('a.txt', 'b.txt');
  });
  const features = () => lab.rows('SELECT name, _dtype_str FROM lamindb_feature ORDER BY name');
  async function refusal(act: Promise<void>): Promise<WireError> {
    try {
      await act;
    } catch (error) {
      return toWire(error);
    }
    throw new Error('nothing was refused');
  }

  it('makes its new features, and one undo takes them back with the values', async () => {
    const before = lab.state();
    const options = {
      features: { donor: 'D1', passage: '3' },
      newFeatures: { donor: 'str', passage: 'int' },
    };
    await lab.engine.annotate(uids, options);
    expect(features()).toEqual([
      ['donor', 'str'],
      ['passage', 'int'],
    ]);
    expect(lab.value('SELECT count(*) FROM lamindb_artifactjsonvalue')).toBe(4);
    expect(lab.engine.acts(1)).toMatchObject([{ title: 'Annotate 2 artifacts' }]);
    await lab.engine.undo();
    expect(lab.state()).toBe(before);
    // Again, for files that arrive later: the features are there.
    await lab.engine.redo();
    await lab.engine.annotate(uids.slice(0, 1), options);
    expect(features()).toHaveLength(2);
  });

  it('[row 91] labels with terms of any registry that artifacts are linked to, in the same act', async () => {
    const cell = lab.engine.create('CellType', { name: 'T cell' });
    const tissue = lab.engine.create('Tissue', { name: 'lung' });
    const before = lab.state();
    const terms = [
      { registry: 'bionty.CellType', uid: cell.uid },
      { registry: 'bionty.Tissue', uid: tissue.uid },
    ];
    await lab.engine.annotate(uids, { labels: ['pending'], terms });
    await lab.engine.annotate(uids.slice(0, 1), { terms });
    const links = (table: string) => lab.value(`SELECT count(*) FROM ${table}`);
    expect([
      links('bionty_artifactcelltype'),
      links('bionty_artifacttissue'),
      links('lamindb_artifactulabel'),
    ]).toEqual([2, 2, 2]);
    const told = () =>
      lab.engine.artifact(uids[0] ?? '').labels.map(({ registry, name }) => [registry, name]);
    expect(told()).toEqual([
      ['ULabel', 'pending'],
      ['CellType', 'T cell'],
      ['Tissue', 'lung'],
    ]);
    lab.engine.removeLabel(uids[0] ?? '', 'Tissue', tissue.uid);
    expect(told()).toHaveLength(2);
    await lab.engine.undo();
    // The second found all links there and is no act.
    await lab.engine.undo();
    expect(lab.state()).toBe(before);
    const wrong = await refusal(lab.engine.annotate(uids, { terms: [{ registry: 'Schema', uid: 'x' }] }));
    expect(wrong.message).toBe('Artifacts are not labelled with Schema rows.');
    const gone = { registry: 'bionty.Tissue', uid: 'N0thing0' };
    expect((await refusal(lab.engine.annotate(uids, { terms: [gone] }))).code).toBe('DoesNotExist');
    expect(lab.state()).toBe(before);
  });

  it('a refused value makes no feature, and each one is told in words', async () => {
    lab.engine.createFeature('age', 'int');
    lab.engine.createFeature('treated', 'bool');
    const error = await refusal(
      lab.engine.annotate(uids, {
        features: { age: 'old', treated: 'maybe', donor: 'D1' },
        newFeatures: { donor: 'str' },
      }),
    );
    expect(features()).toHaveLength(2);
    expect(error.code).toBe('ValidationError');
    expect(error.message).toContain('Expected dtype for "age" is "int", got "old".');
    expect([...wrongValues(error)]).toEqual([
      ['age', 'age takes a whole number; “old” is none.'],
      ['treated', 'treated takes true or false; “maybe” is neither.'],
    ]);
    const one = await refusal(lab.engine.annotate(uids, { features: { age: 'old' } }));
    expect(valueWords(one)).toBe('age takes a whole number; “old” is none.');
    // What is no matter of a value keeps its own words.
    const unknown = await refusal(lab.engine.annotate(uids, { features: { nothere: '1' } }));
    expect(valueWords(unknown)).toBe(unknown.message);
  });
});
