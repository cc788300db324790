// Any sequence of creations, changes, ties and deletions over all registries, undone to the last, leaves the database as it
// was; redone, as it had become.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;

/** A database of its own for each sequence, so that one that fails can be made smaller. */
async function start(): Promise<string> {
  (m as MemoryEngine | undefined)?.driver.close();
  m = await memoryEngine();
  m.engine.create('Organism', { name: 'human' });
  m.artifacts('a.csv', 'b.csv');
  return m.state();
}

const registries: [string, Record<string, unknown>][] = [
  ['ULabel', {}],
  ['Project', {}],
  ['Reference', {}],
  ['Record', {}],
  ['Feature', { dtype: 'str' }],
  ['Branch', {}],
  ['Space', {}],
  ['CellType', {}],
  ['Gene', { organism: 'human' }],
  ['CellMarker', { organism: 'human' }],
  ['Source', { entity: 'bionty.CellType', organism: 'all', version: '1' }],
  ['Storage', {}],
];
const nameField = (registry: string) => ({ Gene: 'symbol', Storage: 'root' })[registry] ?? 'name';

// Few registries in one sequence, so that its steps meet each other's rows.
const index = fc.nat(2);
const name = fc.constantFrom('a', 'b', 'c', 'T cell');
const step = fc.oneof(
  { withCrossShrink: true },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      at: index,
      name,
      type: fc.boolean(),
      under: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      at: index,
      name,
      to: name,
      text: fc.string({ maxLength: 20 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('trash' as const, 'restore' as const, 'archive' as const),
      at: index,
      name,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('relate' as const),
      at: index,
      name,
      to: name,
      remove: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), at: index, name }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('note' as const),
      at: index,
      name,
      text: fc.string({ maxLength: 20 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('lock' as const), at: index, name, on: fc.boolean() }),
  },
);

const sequence = fc.record({
  chosen: fc.uniqueArray(fc.nat(registries.length - 1), { minLength: 3, maxLength: 3 }),
  steps: fc.array(step, { minLength: 5, maxLength: 25 }),
});

async function run(
  s: typeof step extends fc.Arbitrary<infer T> ? T : never,
  chosen: number[],
): Promise<void> {
  const { engine } = m;
  const [registry, more] = registries[chosen[s.at] ?? 0] as (typeof registries)[number];
  const field = nameField(registry);
  const typed = ['ULabel', 'Project', 'Reference', 'Record', 'Feature'].includes(registry);
  switch (s.kind) {
    case 'create':
      engine.create(registry, {
        ...more,
        [field]: s.name,
        ...(typed && s.type ? { is_type: true } : {}),
        ...(typed && s.under ? { type: 'T cell' } : {}),
      });
      return;
    case 'update':
      engine.update(registry, s.name, { [field]: s.to, description: s.text });
      return;
    case 'relate': {
      const relation =
        registry === 'ULabel' || registry === 'Project' || registry === 'CellType' ? 'parents' : 'artifacts';
      const other = relation === 'parents' ? s.to : 'a.csv';
      engine.relate(registry, s.name, relation, s.remove ? { remove: [other] } : { add: [other] });
      return;
    }
    case 'delete':
      // What goes to the trash is purged for good; the others come back.
      if (['Branch', 'Space', 'Storage'].includes(registry)) await engine.purge(registry, [s.name]);
      return;
    case 'note':
      engine.saveBlock(registry, s.name, { kind: 'readme', content: s.text });
      return;
    case 'lock':
      engine.update(registry, s.name, { is_locked: s.on });
      return;
    default:
      await engine[s.kind](registry, [s.name]);
  }
}

it('undoing everything restores everything, redoing it brings it back', async () => {
  await fc.assert(
    fc.asyncProperty(sequence, async ({ chosen, steps }) => {
      const initial = await start();
      const before = Number(m.value('SELECT coalesce(max(id), 0) FROM loam_act WHERE root = id'));
      for (const s of steps) {
        try {
          await run(s, chosen);
        } catch (error) {
          // Refusals are part of it: they change nothing.
          if (!isLoamError(error) || error.code === 'InternalError' || error.code === 'SqlError') throw error;
        }
      }
      const acts = Number(
        m.value('SELECT count(*) FROM loam_act WHERE root = id AND undone IS NULL AND id > ?', [before]),
      );
      const final = m.state();
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < acts; i++) expect((await m.engine.undo())?.skippedCount).toBe(0);
        expect(m.state()).toBe(initial);
        if (round > 0) return;
        for (let i = 0; i < acts; i++) expect((await m.engine.redo())?.skippedCount).toBe(0);
        expect(m.state()).toBe(final);
      }
    }),
    { numRuns: process.env.LOAM_LONG ? 400 : 20 },
  );
}, 120_000);
