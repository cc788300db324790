// A filter read back as a sentence: negations as people say them, no brackets that say nothing.
import { beforeAll, describe, expect, it } from 'vitest';
import { nodeWords, type FilterWords } from '../../src/lib/client/filter-words.ts';
import { typeOf } from '../../src/lib/client/words.ts';
import type { FilterNode } from '../../src/lib/engine/view/view.ts';
import { test } from '../fixtures/view-lab.ts';
import { memoryEngine } from './memory-engine.ts';

let words: FilterWords;
beforeAll(async () => {
  const registries = (await memoryEngine()).engine.registries();
  const registry = registries.find(({ name }) => name === 'Artifact');
  if (!registry) throw new Error('no registry of artifacts');
  words = { registries, registry };
});

const size = test('size', 'exact', 1_000_000);
const label = test('ulabels__name', 'exact', 'batch 7');
const kind = test('kind', 'exact', 'dataset');
const group = (mode: 'all' | 'any', items: FilterNode[], not = false): FilterNode => ({
  kind: mode,
  items,
  not,
});

describe('the sentence of a filter', () => {
  it.each<[string, FilterNode, string]>([
    ['none of two', group('any', [size, label], true), 'neither size is 1 MB nor labels is “batch 7”'],
    [
      'a group within a negated group of its own',
      group('any', [group('any', [size, label])], true),
      'neither size is 1 MB nor labels is “batch 7”',
    ],
    ['none of one is its opposite', group('any', [kind], true), 'kind is not dataset'],
    [
      'a negation of a negation',
      group('all', [group('any', [size, kind], true)], true),
      'size is 1 MB or kind is dataset',
    ],
    ['not all', group('all', [size, kind], true), 'not (size is 1 MB and kind is dataset)'],
    [
      'among others',
      group('all', [kind, group('any', [size, label], true)]),
      'kind is dataset and (neither size is 1 MB nor labels is “batch 7”)',
    ],
  ])('%s', (_name, node, sentence) => {
    expect(nodeWords(words, node)).toBe(sentence);
  });
});

describe('the word for a type', () => {
  it('is the ending of the key where LaminDB stores no suffix; folders are folders', () => {
    const row = { otype: null, suffix: '', nFiles: null };
    expect(typeOf({ ...row, key: 'reads/fastqs.fq' }).word).toBe('fq');
    expect(typeOf({ ...row, key: 'README' }).word).toBe('file');
    expect(typeOf({ ...row, key: 'a.b/README' }).word).toBe('file');
    expect(typeOf({ ...row, key: 'a.csv', suffix: '.csv' }).word).toBe('csv');
    expect(typeOf({ ...row, key: 'run.2022_07' }).word).toBe('file');
    expect(typeOf({ ...row, key: 'filtered.v2', nFiles: 3 }).word).toBe('folder');
  });
});
