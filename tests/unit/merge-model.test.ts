// Merges held against a naive model that keeps all of history: a map of cells per branch, and the merge of two maps with the one
// they come from, written down as the definition has it.
import { describe, expect, test } from 'vitest';
import { update } from '../../src/lib/engine/write/apply.ts';
import { numbers, worldEngine } from './branch-world.ts';
import type { MemoryEngine } from './memory-engine.ts';

const rounds = process.env['LOAM_LONG'] === '1' ? 400 : 12;
/** Histories follow each other in one database. */
const perEngine = 10;

/* ---------- the model ---------- */

type Cells = Map<string, string | null>;

/** A branch of the model: what it changed, with what it found. Everything else is its parent's. */
interface Fork {
  base: Cells;
  mine: Cells;
}

const edit = (fork: Fork | null, main: Cells, cell: string, value: string | null): void => {
  if (!fork) return void main.set(cell, value);
  if (!fork.mine.has(cell)) fork.base.set(cell, main.get(cell) ?? null);
  fork.mine.set(cell, value);
  // Back at what both have: nothing was changed.
  if (value === fork.base.get(cell) && value === (main.get(cell) ?? null)) fork.mine.delete(cell);
  if (!fork.mine.has(cell)) fork.base.delete(cell);
};

/** Objects are merged key by key; all other cells are one value. */
const keysOf = (cell: string, value: string | null): Map<string, unknown> =>
  cell.endsWith(' _aux')
    ? new Map(Object.entries(JSON.parse(value ?? '{}') as Record<string, unknown>))
    : new Map([['', value]]);

const seenOn = (fork: Fork, main: Cells): Cells => new Map([...main, ...fork.mine]);

/** Cells, and keys of objects, that both sides changed and not to the same. */
const conflictsOf = (fork: Fork, main: Cells): string[] =>
  [...fork.mine]
    .flatMap(([cell, mine]) => {
      const of = (value: string | null) => keysOf(cell, value);
      const [base, theirs, ours] = [
        of(fork.base.get(cell) ?? null),
        of(main.get(cell) ?? null),
        of(mine),
      ] as const;
      return [...new Set([...base.keys(), ...theirs.keys(), ...ours.keys()])]
        .filter((key) => {
          const now = theirs.get(key) ?? null;
          const [before, own] = [base.get(key) ?? null, ours.get(key) ?? null];
          // What was set back to what the branch found was set all the same; in an object nothing says that it was.
          return now !== before && now !== own && (key === '' || own !== before);
        })
        .map((key) => (key === '' ? cell : `${cell}.${key}`));
    })
    .sort();

const merged = (fork: Fork, main: Cells, side: (cell: string) => 'branch' | 'parent'): Cells => {
  const open = new Set(conflictsOf(fork, main));
  const out = new Map(main);
  for (const [cell, mine] of fork.mine) {
    const isObject = cell.endsWith(' _aux');
    const [base, ours] = [keysOf(cell, fork.base.get(cell) ?? null), keysOf(cell, mine)];
    const result = keysOf(cell, main.get(cell) ?? null);
    for (const key of new Set([...base.keys(), ...ours.keys()])) {
      const name = key === '' ? cell : `${cell}.${key}`;
      if (isObject && (ours.get(key) ?? null) === (base.get(key) ?? null)) continue;
      if (open.has(name) && side(name) === 'parent') continue;
      if (isObject && !ours.has(key)) result.delete(key);
      else result.set(key, ours.get(key));
    }
    out.set(cell, isObject ? plain(Object.fromEntries(result)) : ((result.get('') ?? null) as string | null));
  }
  return out;
};

/** One text for equal objects. */
const plain = (value: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))));

/* ---------- the same with the engine ---------- */

const columns = ['name', 'description', 'reference', '_aux'] as const;
const keys = ['lr', 'epochs', 'ünit', 'a.b'];
const rows = 4;

function cellsIn(world: MemoryEngine): Cells {
  const cells: Cells = new Map();
  for (const [uid, ...values] of world.rows(`SELECT uid, ${columns.join()} FROM lamindb_ulabel ORDER BY id`))
    for (const [c, column] of columns.entries())
      cells.set(
        `${String(uid)} ${column}`,
        column === '_aux'
          ? plain(JSON.parse(String(values[c] ?? '{}')) as object)
          : ((values[c] ?? null) as string | null),
      );
  return cells;
}

function write(world: MemoryEngine, cell: string, value: string | null): void {
  const [uid = '', column = ''] = cell.split(' ');
  if (column === '_aux') {
    const id = Number(world.value('SELECT id FROM lamindb_ulabel WHERE uid = ?', [uid]));
    world.engine.writer.act({ kind: 'update', title: 'Set keys' }, (tx) =>
      update(tx, 'lamindb_ulabel', [id], { _aux: value }),
    );
    return;
  }
  world.engine.update('ULabel', { uid }, { [column]: value });
}

async function labels(seed: number): Promise<MemoryEngine> {
  const world = await worldEngine(seed);
  for (let i = 0; i < rows; i++) world.engine.create('ULabel', { name: `label ${i}` });
  return world;
}

/** A random edit of few cells with few values, so that both sides often meet; of an object of one of its keys. */
function edits(
  random: () => number,
  cells: readonly string[],
  count: number,
  seen: () => Cells,
  keyOf: (cell: string) => string = () => keys[Math.floor(random() * keys.length)] ?? '',
): (() => [string, string | null])[] {
  return Array.from({ length: count }, () => () => {
    const cell = cells[Math.floor(random() * cells.length)] ?? '';
    if (cell.endsWith(' _aux')) {
      const object = JSON.parse(seen().get(cell) ?? '{}') as Record<string, unknown>;
      const key = keyOf(cell);
      const others = Object.entries(object).filter(([name]) => name !== key);
      const value = [0.5, 7, true, 'x', '7'][Math.floor(random() * 5)];
      const kept = random() < 0.2 ? others : [...others, [key, value] as const];
      return [cell, plain(Object.fromEntries(kept))];
    }
    const value = cell.endsWith(' name')
      ? `n${Math.floor(random() * 5)} of ${cell.slice(0, 8)}`
      : `v${Math.floor(random() * 3)}`;
    return [cell, random() < 0.15 && !cell.endsWith(' name') ? null : value];
  });
}

describe('[row 62] merges against a naive model', () => {
  test('edits, conflicts, choices and results are the model’s', async () => {
    for (let round = 0; round < rounds; round++) {
      const world = await labels(round);
      const { engine } = world;
      for (let i = 0; i < perEngine; i++) {
        const seed = round * perEngine + i;
        const random = numbers(seed * 31 + 7);
        const name = `try ${seed}`;
        // Written anew, so that equal objects are equal texts: a merge leaves keys in the order in which they came.
        for (const [cell, value] of cellsIn(world)) if (cell.endsWith(' _aux')) write(world, cell, value);
        const main = cellsIn(world);
        const cells = [...main.keys()];
        const fork: Fork = { base: new Map(), mine: new Map() };
        engine.createBranch(name);
        const told: string[] = [];
        for (let turn = 0; turn < 4; turn++) {
          const onBranch = random() < 0.5;
          engine.switchBranch(onBranch ? name : 'main');
          for (const make of edits(random, cells, 1 + Math.floor(random() * 3), () => cellsIn(world))) {
            const [cell, value] = make();
            told.push(`${onBranch ? name : 'main'}: ${cell} = ${String(value)}`);
            write(world, cell, value);
            edit(onBranch ? fork : null, main, cell, value);
          }
          expect(cellsIn(world), told.join('\n')).toEqual(onBranch ? seenOn(fork, main) : main);
        }
        const conflicts = engine.branchConflicts(name);
        const named = conflicts.map(
          (c) => `${c.uid ?? ''} ${c.field ?? ''}${c.key === null ? '' : `.${c.key}`}`,
        );
        const context = `seed ${seed}\n${told.join('\n')}`;
        expect([...named].sort(), context).toEqual(conflictsOf(fork, main));
        const side = (cell: string) => ((cell.charCodeAt(2) + cell.length) % 2 ? 'branch' : 'parent');
        for (const [c, conflict] of conflicts.entries())
          engine.chooseForBranch(name, [conflict.name], { side: side(named[c] ?? '') });
        engine.switchBranch(name);
        expect(
          engine.branchConflicts(name).map((c) => ({ ...c, row: '', choice: null })),
          context,
        ).toEqual(conflicts.map((c) => ({ ...c, row: '' })));
        const before = cellsIn(world);
        engine.switchBranch('main');
        if (i % 3 === 0) {
          // Taking over what main has settles the conflicts; what is merged then is the same.
          engine.updateBranch(name);
          engine.switchBranch('main');
          expect(engine.branchConflicts(name), context).toEqual([]);
        }
        const { act } = engine.mergeBranch(name);
        const after = merged(fork, main, side);
        expect(cellsIn(world), context).toEqual(after);
        if (act !== '' && i % 3 !== 0) {
          // Reverted, all is as before on both, and merged again it is as merged.
          await engine.undoAct(act);
          expect(cellsIn(world), context).toEqual(main);
          engine.switchBranch(name);
          expect(cellsIn(world), context).toEqual(before);
          engine.mergeBranch(name);
          expect(cellsIn(world), context).toEqual(after);
        }
      }
      world.driver.close();
    }
  }, 600_000);

  test('independent edits never conflict, and their order does not matter', async () => {
    for (let round = 0; round < rounds / 4; round++) {
      const results: Cells[] = [];
      for (const order of [
        [0, 1, 2],
        [2, 0, 1],
        [1, 2, 0],
      ]) {
        const world = await labels(round + 5000);
        const { engine } = world;
        const random = numbers(round * 17 + 3);
        const cells = [...cellsIn(world).keys()];
        // Each branch has cells of its own, and keys of its own in objects that all of them change.
        for (let branch = 0; branch < 3; branch++) {
          engine.switchBranch('main');
          engine.createBranch(`b${branch}`, { switch: true });
          const own = cells.filter((cell, i) => cell.endsWith(' _aux') || i % 3 === branch);
          for (const make of edits(
            random,
            own,
            6,
            () => cellsIn(world),
            () => keys[branch] ?? '',
          ))
            write(world, ...make());
        }
        engine.switchBranch('main');
        for (const branch of order) {
          expect(engine.branchConflicts(`b${branch}`)).toEqual([]);
          engine.mergeBranch(`b${branch}`);
        }
        results.push(cellsIn(world));
        world.driver.close();
      }
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    }
  }, 600_000);
});
