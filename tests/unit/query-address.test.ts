// `lamin://` addresses and links to lamin.ai: what they mean in the example database, and what is refused.
import { beforeAll, describe, expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { parseAddress } from '../../src/lib/engine/query/address.ts';
import { createQueries } from '../../src/lib/engine/query/part.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { makeExample } from '../compat/example.ts';

let queries: ReturnType<typeof createQueries>;

beforeAll(async () => {
  const driver = await openMemory();
  makeExample(driver);
  queries = createQueries(driver, model, Date.now);
});

const found = (address: string) => {
  const { registry, id, path } = queries.findAddress(address);
  return [registry, queries.getRow(registry, id, ['uid'])[0], path];
};
const at = 'lamin://ada/example/artifact';

describe('addresses', () => {
  it('by uid: 16 letters mean the latest version, 20 that one; a path goes on behind it', () => {
    expect(found(`${at}/ar000xxxxxxxxxxx`)).toEqual(['Artifact', 'ar000xxxxxxxxxxx0001', null]);
    expect(found(`${at}/ar000xxxxxxxxxxx0000`)).toEqual(['Artifact', 'ar000xxxxxxxxxxx0000', null]);
    expect(found(`${at}/ar006xxxxxxxxxxx/in%20it/a.txt`)).toEqual([
      'Artifact',
      'ar006xxxxxxxxxxx0000',
      'in it/a.txt',
    ]);
    expect(found('lamin://others/instance/artifact/ar003xxxxxxxxxxx')[1]).toBe('ar003xxxxxxxxxxx0000');
  });

  it('by key: the longest one there is, what is behind it inside a folder; space, branch and version narrow it', () => {
    expect(found(`${at}/key/raw/a.csv`)).toEqual(['Artifact', 'ar000xxxxxxxxxxx0001', null]);
    expect(found(`${at}/key/raw/a.csv?version=2`)[1]).toBe('ar000xxxxxxxxxxx0001');
    expect(found(`${at}/key/raw/a.csv?branch=work`)[1]).toBe('ar000xxxxxxxxxxx0002');
    expect(found(`${at}/key/folder/part/1.csv`)).toEqual(['Artifact', 'ar006xxxxxxxxxxx0000', 'part/1.csv']);
    expect(found(`${at}/key/names/%CE%B1%CE%B2%CE%B3%20100%25_%5C.txt`)[0]).toBe('Artifact');
    expect(() => found(`${at}/key/raw/a.csv/inside`)).toThrow(
      /no artifact with the key "raw\/a.csv\/inside"/,
    );
    expect(() => found(`${at}/key/raw/a.csv?space=Lab`)).toThrow(/no artifact with the key/);
    expect(() => found('lamin://ada/elsewhere/artifact/key/raw/a.csv')).toThrow(
      /means the instance ada\/elsewhere/,
    );
  });

  it('as links to lamin.ai name any registry', () => {
    expect(found('https://lamin.ai/ada/example/artifact/ar003xxxxxxxxxxx')[1]).toBe('ar003xxxxxxxxxxx0000');
    expect(found('https://lamin.ai/ada/example/ulabel/ul001xxx')).toEqual(['ULabel', 'ul001xxx', null]);
  });

  it('serve wherever a row is named', () => {
    expect(queries.getRow('Artifact', `${at}/key/Raw/B.csv`, ['description'])).toEqual(['Empty']);
    expect(() => queries.getRow('ULabel', `${at}/key/Raw/B.csv`)).toThrow(/means Artifact, not ULabel/);
    const [answer] = queries.answerSpecs([
      { op: 'get', registry: 'Artifact', uid: `${at}/ar003xxxxxxxxxxx`, values: ['key'] },
    ]);
    expect(answer?.answer).toEqual(['sc/pbmc.h5ad']);
  });

  it.each([
    ['lamin://', /empty|incomplete/],
    ['lamin://ada', /incomplete/],
    ['lamin://ada/example/artifact', /incomplete/],
    ['lamin://ada/example/artifact/key', /no key behind/],
    ['lamin://ada/example/artifact/short', /"short" is no uid/],
    ['lamin://ada/example/run/ar003xxxxxxxxxxx', /only "artifact"/],
    ['lamin://ada/example/artifact/ar003xxxxxxxxxxx?version=1', /Only an address by key/],
    ['lamin://ada/example/artifact/key/a?colour=red', /unknown part "colour"/],
    ['lamin://ada/example/artifact/key/a?version=1&version=2', /one value of "version"/],
    ['lamin://ada/example/artifact/key/a#b', /Fragments/],
    ['lamin://ada/example/artifact/key/a//b', /empty/],
    ['lamin://ada/example/artifact/key/a/../b', /no parts/],
    ['lamin://ada/example/artifact/ar003xxxxxxxxxxx/%2e%2e', /no parts/],
    ['https://lamin.ai/ada/example', /incomplete/],
    ['http://example.org/', /no address/],
  ])('%s is refused', (address, words) => {
    expect(() => parseAddress(address)).toThrow(words);
  });
});
