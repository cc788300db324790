// Merges held against a naive model that keeps all of history: a map of cells per branch, and the merge of two maps with the one
// they come from, written down as the definition has it.
import { describe, expect, test } from 'vitest';
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

const seenOn = (fork: Fork, main: Cells): Cells => new Map([...main, ...fork.mine]);

const conflictsOf = (fork: Fork, main: Cells): string[] =>
  [...fork.mine]
    .filter(([cell, mine]) => {
      const now = main.get(cell) ?? null;
      return now !== fork.base.get(cell) && now !== mine;
    })
    .map(([cell]) => cell)
    .sort();

const merged = (fork: Fork, main: Cells, side: (cell: string) => 'branch' | 'parent'): Cells => {
  const open = new Set(conflictsOf(fork, main));
  const out = new Map(main);
  for (const [cell, mine] of fork.mine) if (!open.has(cell) || side(cell) === 'branch') out.set(cell, mine);
  return out;
};

/* ---------- the same with the engine ---------- */

const columns = ['name', 'description', 'reference'] as const;
const rows = 4;

function cellsIn(world: MemoryEngine): Cells {
  const cells: Cells = new Map();
  for (const [uid, ...values] of world.rows(`SELECT uid, ${columns.join()} FROM lamindb_ulabel ORDER BY id`))
    for (const [c, column] of columns.entries())
      cells.set(`${String(uid)} ${column}`, (values[c] ?? null) as string | null);
  return cells;
}

function write(world: MemoryEngine, cell: string, value: string | null): void {
  const [uid = '', column = ''] = cell.split(' ');
  world.engine.update('ULabel', { uid }, { [column]: value });
}

async function labels(seed: number): Promise<MemoryEngine> {
  const world = await worldEngine(seed);
  for (let i = 0; i < rows; i++) world.engine.create('ULabel', { name: `label ${i}` });
  return world;
}

/** Random edits of few cells with few values, so that both sides often meet. */
function edits(random: () => number, cells: readonly string[], count: number): [string, string | null][] {
  return Array.from({ length: count }, () => {
    const cell = cells[Math.floor(random() * cells.length)] ?? '';
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
        let main = cellsIn(world);
        const cells = [...main.keys()];
        const fork: Fork = { base: new Map(), mine: new Map() };
        engine.createBranch(name);
        const told: string[] = [];
        for (let turn = 0; turn < 4; turn++) {
          const onBranch = random() < 0.5;
          engine.switchBranch(onBranch ? name : 'main');
          for (const [cell, value] of edits(random, cells, 1 + Math.floor(random() * 3))) {
            told.push(`${onBranch ? name : 'main'}: ${cell} = ${String(value)}`);
            write(world, cell, value);
            edit(onBranch ? fork : null, main, cell, value);
          }
          expect(cellsIn(world), told.join('\n')).toEqual(onBranch ? seenOn(fork, main) : main);
        }
        const conflicts = engine.branchConflicts(name);
        const named = conflicts.map((c) => `${c.uid ?? ''} ${c.field ?? ''}`);
        const context = `seed ${seed}\n${told.join('\n')}`;
        expect([...named].sort(), context).toEqual(conflictsOf(fork, main));
        const side = (cell: string) => ((cell.charCodeAt(2) + cell.length) % 2 ? 'branch' : 'parent');
        for (const [c, conflict] of conflicts.entries())
          engine.chooseForBranch(name, [conflict.name], { side: side(named[c] ?? '') });
        engine.mergeBranch(name);
        main = merged(fork, main, side);
        expect(cellsIn(world), context).toEqual(main);
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
        // Each branch has cells of its own.
        for (let branch = 0; branch < 3; branch++) {
          engine.switchBranch('main');
          engine.createBranch(`b${branch}`, { switch: true });
          const own = cells.filter((_, i) => i % 3 === branch);
          for (const [cell, value] of edits(random, own, 4)) write(world, cell, value);
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
