// Records as they travel: what goes in comes out, from the bytes that the history keeps as from whole records; and bytes of
// anybody are refused in words, within time and memory.
import { deflateSync, strToU8 } from 'fflate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import {
  contentOf,
  decodeRecord,
  encodeHead,
  encodeRecord,
  mostBodyText,
  signedBytes,
  type SyncOperation,
  type SyncRecord,
} from '../../src/lib/engine/sync/record.ts';
import { encode } from '../../src/lib/engine/write/operation.ts';
import { numbers } from '../fixtures/numbers.ts';
import { mutated } from './mutated.ts';

const schema = '0123456789abcdef0123456789abcdef';
const record = (changed: Partial<SyncRecord> = {}): SyncRecord => ({
  at: 1_764_294_000_123_456,
  author: '00000000',
  branch: 'mmmmmmmmmmmm',
  act: {
    uid: 'AbCdEfGhIjKlMnOp',
    kind: 'update',
    message: 'Rename π',
    root: null,
    sign: 1,
    part: 0,
    parts: 1,
  },
  schema,
  seen: [],
  operations: [{ k: 'u', t: 'lamindb_ulabel', n: 1, r: ['aaaaaaaa'], v: { name: ['π'] } }],
  signature: null,
  ...changed,
});

function why(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isLoamError(error, 'UpdateRefused')) return String(error.details['why']);
    throw error;
  }
  return 'taken';
}

const name = fc.stringMatching(/^[!-~]{1,40}$/);
const value = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((one) => !Object.is(one, -0)),
  fc.array(fc.oneof(fc.constant(null), name, fc.array(name, { minLength: 1, maxLength: 3 })), {
    minLength: 1,
    maxLength: 4,
  }),
);
const column = fc
  .stringMatching(/^[a-z_]{1,20}$/)
  .filter((one) => !['__proto__', 'constructor', 'prototype'].includes(one));
const operation: fc.Arbitrary<SyncOperation> = fc.oneof(
  fc.record({
    k: fc.constant('i' as const),
    t: fc.constant('lamindb_artifact'),
    n: fc.constant(2),
    c: fc.dictionary(column, value, { noNullPrototype: true }),
    v: fc.dictionary(column, fc.tuple(value, value), { noNullPrototype: true }),
  }),
  fc.record({
    k: fc.constant('u' as const),
    t: fc.constant('lamindb_artifact'),
    n: fc.constant(2),
    r: fc.tuple(value, value),
    v: fc.dictionary(column, fc.tuple(value, value), { noNullPrototype: true }),
  }),
  fc.record({ k: fc.constant('d' as const), t: column, n: fc.constant(1), r: fc.tuple(value) }),
  fc.record({
    k: fc.constantFrom('d' as const, 'i' as const),
    t: column,
    n: fc.constant(2),
    w: fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.nat(2000)),
    p: fc.constantFrom([0, 1], [5, 1999]),
  }),
) as fc.Arbitrary<SyncOperation>;
const anyRecord: fc.Arbitrary<SyncRecord> = fc.record({
  at: fc.maxSafeNat(),
  author: name,
  branch: name,
  act: fc
    .record({
      uid: name,
      kind: name,
      message: fc.option(fc.string({ unit: 'grapheme', maxLength: 400 })),
      root: fc.option(name),
      sign: fc.constantFrom(1 as const, -1 as const),
      part: fc.nat(5),
      parts: fc.integer({ min: 6, max: 9 }),
    })
    .filter(({ message }) => message === null || (message.length <= 500 && message.isWellFormed())),
  schema: fc.stringMatching(/^[0-9a-f]{32}$/),
  seen: fc
    .uniqueArray(fc.tuple(fc.nat(), fc.maxSafeNat()), { selector: ([client]) => client, maxLength: 30 })
    .map((list) => list.sort(([a], [b]) => a - b)),
  operations: fc.array(operation, { minLength: 1, maxLength: 5 }),
  signature: fc.option(fc.uint8Array({ minLength: 64, maxLength: 64 })),
});

describe('records as they travel', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(anyRecord, (given) => {
        expect(decodeRecord(encodeRecord(given))).toEqual(given);
      }),
      { numRuns: process.env['LOAM_LONG'] === '1' ? 5000 : 300 },
    );
  });

  it('are the bytes of the history behind a head', () => {
    const given = record();
    const body = encode({ f: 1, u: '00000000', b: 'mmmmmmmmmmmm', k: 'update', o: given.operations });
    expect(contentOf(encodeHead(given), body)).toEqual(encodeRecord(given));
  });

  it('keep whole numbers beyond 2^53 and bytes', () => {
    const odd = [12_345_678_901_234_567_890n, new Uint8Array([0, 255, 7])] as unknown as string[];
    const given = record({ operations: [{ k: 'u', t: 'x', n: 2, r: ['a', 'b'], v: { size: odd } }] });
    expect(decodeRecord(encodeRecord(given))).toEqual(given);
  });

  it('cut a title that nobody reads to its end, between characters', () => {
    const long = record({ act: { ...record().act, message: `${'x'.repeat(498)}😀 and more` } });
    expect(decodeRecord(encodeRecord(long)).act.message).toBe(`${'x'.repeat(498)}…`);
  });

  it('are signed with their place, and without their signature', () => {
    const place = { doc: 'b/mmmmmmmmmmmm/1', client: 5, clock: 9 };
    const bare = encodeRecord(record());
    const signed = encodeRecord(record({ signature: new Uint8Array(64).fill(3) }));
    expect(signedBytes(place, signed)).toEqual(signedBytes(place, bare));
    expect(signedBytes({ ...place, clock: 10 }, bare)).not.toEqual(signedBytes(place, bare));
    expect(signedBytes(place, encodeRecord(record({ at: 5 })))).not.toEqual(signedBytes(place, bare));
  });
});

describe('records of anybody', () => {
  const head = encodeHead(record());
  const body = (o: unknown, more: object = {}) =>
    Uint8Array.from([0, ...strToU8(JSON.stringify({ f: 1, u: 'u', b: 'b', k: 'k', o, ...more }))]);
  const one = { k: 'u', t: 'x', n: 1, r: ['a'], v: { name: ['b'] } };

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['a format of 0', Uint8Array.from([0])],
    ['a head alone', contentOf(head, new Uint8Array())],
    ['no JSON', contentOf(head, Uint8Array.from([0, 123]))],
    ['no deflated bytes', contentOf(head, Uint8Array.from([1, 7, 7, 7]))],
    ['no operations', contentOf(head, body([]))],
    ['unknown fields', contentOf(head, body([one], { x: 1 }))],
    ['an unknown field of an operation', contentOf(head, body([{ ...one, z: 1 }]))],
    ['an unknown operation', contentOf(head, body([{ ...one, k: 'x' }]))],
    ['no rows', contentOf(head, body([{ ...one, n: 0, r: [], v: { name: [] } }]))],
    ['too many rows', contentOf(head, body([{ ...one, n: 2001 }]))],
    ['fewer values than rows', contentOf(head, body([{ ...one, n: 2, r: ['a', 'b'] }]))],
    ['an update of no rows by name', contentOf(head, body([{ k: 'u', t: 'x', n: 1, v: { name: ['b'] } }]))],
    ['an insert with row keys', contentOf(head, body([{ ...one, k: 'i' }]))],
    [
      'a delete that names rows twice',
      contentOf(head, body([{ k: 'd', t: 'x', n: 1, r: ['a'], w: [1, 2, 3] }])),
    ],
    ['a row of an insert twice', contentOf(head, body([{ k: 'd', t: 'x', n: 2, w: [1, 2, 3], p: [4, 4] }]))],
    ['truth as a value', contentOf(head, body([{ ...one, v: { name: [true] } }]))],
    ['an object as a value', contentOf(head, body([{ ...one, v: { name: [{ a: 1 }] } }]))],
    [
      'a number that takes long to read',
      contentOf(head, body([{ ...one, v: { a: [{ $bigint: '9'.repeat(5000) }] } }])),
    ],
    ['keys within keys within keys', contentOf(head, body([{ ...one, r: [[[[[[[[['a']]]]]]]]] }]))],
    [
      'a column that every object has',
      contentOf(
        head,
        Uint8Array.from([
          0,
          ...strToU8(
            '{"f":1,"u":"u","b":"b","k":"k","o":[{"k":"u","t":"x","n":1,"r":["a"],"v":{"__proto__":["b"]}}]}',
          ),
        ]),
      ),
    ],
    ['JSON of a million levels', contentOf(head, Uint8Array.from([0, ...strToU8('['.repeat(500_000))]))],
    ['a part behind the last', encodeRecord(record({ act: { ...record().act, part: 1 } }))],
    ['an act of a billion parts', encodeRecord(record({ act: { ...record().act, parts: 1e9 } }))],
    [
      'clients in no order',
      encodeRecord(
        record({
          seen: [
            [5, 1],
            [5, 2],
          ],
        }),
      ),
    ],
    ['bytes behind the head', contentOf(Uint8Array.from([...head, 0]), body([one]))],
  ])('%s', (_, content) => {
    expect(why(() => decodeRecord(content))).toBe('malformed');
  });

  it('a newer format is told as such', () => {
    expect(why(() => decodeRecord(Uint8Array.from([2])))).toBe('newer');
    expect(why(() => decodeRecord(contentOf(head, body([one], { f: 2 }))))).toBe('newer');
  });

  const rounds = process.env['LOAM_LONG'] === '1' ? 50_000 : 3_000;
  it(`${rounds} mutated records and bodies: read, or refused in words`, { timeout: 600_000 }, () => {
    const next = numbers(7);
    const texts = fc.sample(anyRecord, { numRuns: 40, seed: 7 });
    const whole = texts.map(encodeRecord);
    const bodies = texts.map(({ operations }) =>
      strToU8(JSON.stringify({ f: 1, u: 'u', b: 'b', k: 'k', o: operations })),
    );
    let taken = 0;
    let slowest = 0;
    for (let round = 0; round < rounds; round++) {
      const content =
        round % 2 === 0
          ? mutated(whole[round % whole.length] as Uint8Array, next)
          : contentOf(
              head,
              Uint8Array.from([0, ...mutated(bodies[round % bodies.length] as Uint8Array, next)]),
            );
      const before = performance.now();
      const outcome = why(() => {
        const read = decodeRecord(content);
        expect(decodeRecord(encodeRecord(read))).toEqual(read);
        taken++;
      });
      slowest = Math.max(slowest, performance.now() - before);
      expect(['taken', 'malformed', 'newer', 'too large']).toContain(outcome);
    }
    expect(taken).toBeGreaterThan(rounds / 100);
    expect(slowest).toBeLessThan(1_000);
  });

  it('a bomb stops within its bound', () => {
    const bomb = deflateSync(new Uint8Array(300_000_000).fill(32), { level: 1 });
    expect(bomb.length).toBeGreaterThan(mostBodyText / 1032);
    const content = contentOf(head, Uint8Array.from([1, ...bomb.subarray(0, 900_000)]));
    const before = performance.now();
    expect(why(() => decodeRecord(content))).toBe('too large');
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});
