// Bytes of sync logs beside those of a stock Yjs: the same updates, the same state vectors, any order of arrival, refused
// records with and without its garbage collection. And what no log holds, which is refused.
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import {
  clientLimit,
  decodeStateVector,
  decodeUpdate,
  encodeStateVector,
  encodeUpdate,
  mostUpdateBytes,
  type LogItem,
} from '../../src/lib/engine/sync/item.ts';
import { numbers } from '../fixtures/numbers.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (length: number, next: () => number) =>
  Uint8Array.from({ length }, () => Math.floor(next() * 256));
const some = (client: number, n: number, seed: number): LogItem[] => {
  const next = numbers(seed);
  return Array.from({ length: n }, (_, clock) => ({
    client,
    clock,
    content: bytesOf(Math.floor(next() * 300), next),
  }));
};

/** What Yjs itself makes of the same records: each client pushes in a document of its own, then all meet. */
function pushed(items: readonly LogItem[]): Y.Doc {
  const whole = new Y.Doc({ gc: false });
  const docs = new Map<number, Y.Doc>();
  for (const { client, content } of items) {
    let doc = docs.get(client);
    if (!doc) docs.set(client, (doc = new Y.Doc({ gc: false })));
    doc.clientID = client;
    doc.getArray('log').push([content as Uint8Array]);
  }
  for (const doc of docs.values()) Y.applyUpdate(whole, Y.encodeStateAsUpdate(doc));
  return whole;
}

const contents = (doc: Y.Doc): string[] =>
  doc
    .getArray('log')
    .toArray()
    .map((one) => hex(one as Uint8Array));

function refused(bytes: Uint8Array): string {
  try {
    decodeUpdate(bytes);
  } catch (error) {
    if (isLoamError(error, 'UpdateRefused')) return String(error.details['why']);
    throw error;
  }
  return 'taken';
}

const three = [...some(7, 5, 1), ...some(clientLimit - 1, 40, 2), ...some(2 ** 32 + 5, 3, 3)];

describe('logs as Yjs has them', () => {
  it('writes what Yjs writes for the same pushes, to the byte', () => {
    const doc = pushed(three);
    expect(hex(encodeUpdate(three))).toBe(hex(Y.encodeStateAsUpdate(doc)));
    const long = some(2 ** 47 + 99, 1000, 4);
    expect(hex(encodeUpdate(long))).toBe(hex(Y.encodeStateAsUpdate(pushed(long))));
    expect(hex(encodeUpdate([]))).toBe(hex(Y.encodeStateAsUpdate(new Y.Doc())));
  });

  it('writes what Yjs writes for the rest since a state vector', () => {
    const doc = pushed(three);
    const vector = new Map([
      [7, 2],
      [clientLimit - 1, 39],
    ]);
    const rest = three.filter(({ client, clock }) => clock >= (vector.get(client) ?? 0));
    const update = Y.encodeStateAsUpdate(doc, encodeStateVector(vector));
    expect(hex(encodeUpdate(rest))).toBe(hex(update));
    expect(hex(encodeUpdate(rest))).toBe(hex(Y.diffUpdate(encodeUpdate(three), encodeStateVector(vector))));
    expect(decodeUpdate(update).items).toEqual(
      [...rest].sort((a, b) => b.client - a.client || a.clock - b.clock),
    );
  });

  it('has the state vectors of Yjs', () => {
    const doc = pushed(three);
    const vector = Y.encodeStateVector(doc);
    expect(new Map([...decodeStateVector(vector)].sort())).toEqual(
      new Map(
        [
          [7, 5],
          [clientLimit - 1, 40],
          [2 ** 32 + 5, 3],
        ].sort() as [number, number][],
      ),
    );
    expect(hex(encodeStateVector(decodeStateVector(vector)))).toBe(hex(vector));
  });

  it('loads in a stock document in any order, merged or not', () => {
    const whole = contents(pushed(three));
    const next = numbers(5);
    for (let round = 0; round < 20; round++) {
      const shuffled = three.map((item) => ({ item, at: next() })).sort((a, b) => a.at - b.at);
      const doc = new Y.Doc({ gc: round % 2 === 0 });
      for (const { item } of shuffled) Y.applyUpdate(doc, encodeUpdate([item]));
      expect(contents(doc)).toEqual(whole);
      expect(hex(Y.encodeStateAsUpdate(doc))).toBe(hex(encodeUpdate(three)));
      const merged = Y.mergeUpdates(shuffled.map(({ item }) => encodeUpdate([item])));
      expect(hex(merged)).toBe(hex(encodeUpdate(three)));
    }
  });

  it('gives plain byte arrays, the only ones that Yjs takes', () => {
    const [item] = decodeUpdate(encodeUpdate(some(3, 1, 9))).items;
    expect(Object.getPrototypeOf(encodeUpdate(three))).toBe(Uint8Array.prototype);
    expect(Object.getPrototypeOf(item?.content)).toBe(Uint8Array.prototype);
    // Of a Buffer too, as a socket in Node gives it.
    const read = decodeUpdate(Buffer.from(encodeUpdate(three)));
    expect(hex(encodeUpdate(read.items, read.deleted))).toBe(hex(encodeUpdate(three)));
    for (const { content } of read.items) new Y.Doc().getArray('log').push([content as Uint8Array]);
  });
});

describe('refused records', () => {
  const client = 2 ** 40 + 1;
  const all = some(client, 12, 11);
  const gone = new Set([0, 4, 5, 6, 11]);
  const voided = all.map((item) => (gone.has(item.clock) ? { ...item, content: null } : item));
  const runs = [0, 4, 5, 6, 11].map((clock) => ({ client, clock, count: 1 }));

  it.each([true, false])('stays a deleted item for every later one (gc %s)', (gc) => {
    const left = all.filter(({ clock }) => !gone.has(clock)).map(({ content }) => hex(content as Uint8Array));
    // A peer that never had the content.
    const fresh = new Y.Doc({ gc });
    Y.applyUpdate(fresh, encodeUpdate(voided, runs));
    expect(contents(fresh)).toEqual(left);
    // The author, who had all of it, gets what is deleted alone.
    const author = new Y.Doc({ gc });
    Y.applyUpdate(author, encodeUpdate(all));
    Y.applyUpdate(author, encodeUpdate([], runs));
    expect(contents(author)).toEqual(left);
    // From either, whichever comes first, nobody loses a later record.
    const next = numbers(gc ? 21 : 22);
    for (let round = 0; round < 20; round++) {
      const parts = [
        encodeUpdate(voided, runs),
        Y.encodeStateAsUpdate(author),
        Y.encodeStateAsUpdate(fresh),
        ...voided.map((item) =>
          encodeUpdate([item], item.content ? [] : [{ client, clock: item.clock, count: 1 }]),
        ),
      ];
      const shuffled = parts.map((part) => ({ part, at: next() })).sort((a, b) => a.at - b.at);
      const doc = new Y.Doc({ gc: round % 2 === 0 });
      for (const { part } of shuffled) Y.applyUpdate(doc, part);
      expect(contents(doc)).toEqual(left);
      const merged = new Y.Doc({ gc });
      Y.applyUpdate(merged, Y.mergeUpdates(shuffled.map(({ part }) => part)));
      expect(contents(merged)).toEqual(left);
    }
  });

  it('is written as Yjs writes it, neighbours as one', () => {
    const fresh = new Y.Doc();
    Y.applyUpdate(fresh, encodeUpdate(voided, runs));
    expect(hex(encodeUpdate(voided, runs))).toBe(hex(Y.encodeStateAsUpdate(fresh)));
    const read = decodeUpdate(Y.encodeStateAsUpdate(fresh));
    expect(read.items).toEqual(voided);
    expect(hex(encodeUpdate(read.items, read.deleted))).toBe(hex(Y.encodeStateAsUpdate(fresh)));
    // An author whose Yjs threw the contents away says the same.
    const author = new Y.Doc({ gc: true });
    Y.applyUpdate(author, encodeUpdate(all));
    Y.applyUpdate(author, encodeUpdate([], runs));
    expect(hex(Y.encodeStateAsUpdate(author))).toBe(hex(encodeUpdate(voided, runs)));
  });
});

describe('what no log holds', () => {
  const doc = (change: (doc: Y.Doc) => void): Uint8Array => {
    const made = new Y.Doc({ gc: false });
    made.clientID = 9;
    change(made);
    return Y.encodeStateAsUpdate(made);
  };
  const one = new Uint8Array([1, 2, 3]);

  it.each<[string, Uint8Array]>([
    ['another list', doc((d) => d.getArray('other').push([one]))],
    ['a map', doc((d) => d.getMap('log').set('a', one))],
    ['text', doc((d) => d.getText('log').insert(0, 'abc'))],
    ['JSON', doc((d) => d.getArray('log').push([1]))],
    ['a type in the list', doc((d) => d.getArray('log').push([new Y.Map()]))],
    ['a document in the list', doc((d) => d.getArray('log').push([new Y.Doc()]))],
    [
      'something put before another',
      doc((d) => {
        d.getArray('log').push([one]);
        d.getArray('log').insert(0, [one]);
      }),
    ],
    [
      'an item behind that of another client',
      doc((d) => {
        Y.applyUpdate(d, encodeUpdate(some(5, 1, 1)));
        d.getArray('log').push([one]);
      }),
    ],
    [
      'a hole',
      Y.mergeUpdates([encodeUpdate(some(5, 3, 1).slice(0, 1)), encodeUpdate(some(5, 3, 1).slice(2))]),
    ],
    ['a client of 53 bits', doc((d) => void ((d.clientID = 2 ** 50), d.getArray('log').push([one])))],
    ['bytes behind the end', Uint8Array.from([...encodeUpdate(three), 0])],
    ['an update cut off', encodeUpdate(three).subarray(0, 700)],
    ['nothing at all', new Uint8Array()],
    // GC structs: all later items would go with them.
    ['a garbage collected item', Uint8Array.from([1, 1, 9, 0, 0, 1, 0])],
  ])('%s', (_, bytes) => {
    expect(refused(bytes)).toBe('malformed');
  });

  it('more than an update may have', () => {
    expect(refused(new Uint8Array(mostUpdateBytes + 1))).toBe('too large');
    const huge = { client: 1, clock: 0, content: new Uint8Array(1024 * 1024 + 1) };
    expect(refused(encodeUpdate([huge]))).toBe('too large');
  });

  it('numbers that promise more than there is: no time, no memory', () => {
    const most = [255, 255, 255, 255, 255, 255, 255, 15];
    for (const bytes of [
      most,
      [1, ...most],
      [1, 1, ...most, 0],
      [1, 1, 9, 0, 1, 1, 3, 108, 111, 103, ...most],
      [0, 1, 9, ...most],
      [1, 1, 9, ...most, 131, 9, ...most, 1, 0, 0],
    ]) {
      const before = performance.now();
      expect(refused(Uint8Array.from(bytes))).toBe('malformed');
      expect(performance.now() - before).toBeLessThan(250);
    }
  });

  it('the bytes that hang mergeUpdatesV2 of Yjs (yjs issue 687)', () => {
    const bytes = Buffer.from('00010000000001000100010200001602000001fdffffffff7f0000', 'hex');
    expect(bytes.length).toBe(27);
    expect(refused(bytes)).toBe('malformed');
  });
});
