// What is to be decided on a branch, as its page handles it: conflicts by object, the one that is pointed at, choices by field,
// by object and for all. Choices are kept by the engine on the branch, so they outlive a reload and another tab sees them.
/* eslint-disable svelte/prefer-svelte-reactivity -- maps are made anew with each change, never changed */
import type { BranchRow, CellName, Choice, FieldInfo, ToldConflict } from '../workers/wire.ts';
import { isOpen } from './branch-words.ts';
import { mergeLines } from './line-merge.ts';
import { live } from './live.svelte.ts';
import { attempt } from './notices.svelte.ts';
import { registries } from './registries.svelte.ts';
import { session } from './session.svelte.ts';

export interface ConflictObject {
  key: string;
  registry: string;
  row: string;
  uid: string | null;
  conflicts: ToldConflict[];
}

export const keyOf = ({ name }: Pick<ToldConflict, 'name'>): string =>
  `${name.tab} ${name.id} ${name.column}`;

/** What can be chosen where the sides differ in this way. */
export type Side = Choice['side'];

const written = new Set(['text', 'number', 'date', 'datetime']);

/** The field of the registry that is in question. */
export function fieldIn({ registry, name: { column }, field }: ToldConflict): FieldInfo | undefined {
  const fields = registries.byName(registry)?.fields ?? [];
  return fields.find(({ name, writes }) => name === column || writes === column || name === field);
}

/** How another value is typed or picked; null where only one of the sides can be taken. */
export function inputOf(conflict: ToldConflict): 'text' | 'number' | 'long' | 'json' | 'row' | null {
  if (conflict.key !== null) return 'json';
  if (conflict.kind === 'name') return 'text';
  // A note of which both wrote a version.
  if (conflict.kind === 'version' && conflict.field !== null) return 'long';
  if (conflict.kind !== 'changed') return null;
  const { column } = conflict.name;
  const field = fieldIn(conflict);
  if (field?.type === 'reference') return field.target === null ? null : 'row';
  const texts = [conflict.base, conflict.parent, conflict.branch];
  if (field && (!written.has(field.type) || field.choices)) return null;
  if (!field && (column.endsWith('_id') || column.startsWith('_'))) return null;
  if (field?.type === 'number') return 'number';
  return texts.some((text) => (text ?? '').includes('\n')) ? 'long' : 'text';
}

export const sidesOf = (conflict: ToldConflict): Side[] => {
  if (conflict.kind === 'gone') return ['parent'];
  return inputOf(conflict) === null ? ['parent', 'branch'] : ['parent', 'branch', 'edit'];
};

/** What stands in the field to begin with: what was typed before, else both sides brought together as far as that goes. */
export function draftFor(conflict: ToldConflict, names: { parent: string; branch: string }): string {
  if (conflict.choice?.side === 'edit') return conflict.chosen ?? '';
  if (conflict.kind === 'name') return `${conflict.row} (${names.branch})`;
  const { base, parent, branch } = conflict;
  if (inputOf(conflict) !== 'long') return branch ?? '';
  return mergeLines(base ?? '', parent ?? '', branch ?? '', names).text;
}

/** Must be called while a component is being created. */
export function branchReview(branch: () => BranchRow | undefined) {
  const asked = live(async () => {
    const row = branch();
    return row && !row.main && isOpen(row) ? await session.engine.branchConflicts(row.uid) : [];
  }, ['']);
  let pointed = $state<string | null>(null);
  let editing = $state<string | null>(null);
  /** Chosen here and on its way to the engine. */
  let sent = $state.raw<ReadonlyMap<string, { choice: Choice | null; chosen: string | null }>>(new Map());

  const conflicts = $derived(
    (asked.value ?? []).map((one) => {
      const mine = sent.get(keyOf(one));
      return mine === undefined ? one : { ...one, ...mine };
    }),
  );
  const objects = $derived.by(() => {
    const found = new Map<string, ConflictObject>();
    for (const conflict of conflicts) {
      const key = `${conflict.registry} ${conflict.id}`;
      const known = found.get(key);
      if (known) known.conflicts.push(conflict);
      else {
        const { registry, row, uid } = conflict;
        found.set(key, { key, registry, row, uid, conflicts: [conflict] });
      }
    }
    return [...found.values()];
  });
  /** In the order in which they stand on the page. */
  const order = $derived(objects.flatMap((object) => object.conflicts));
  const open = $derived(conflicts.filter(({ choice }) => choice === null).length);
  const current = $derived(order.find((one) => keyOf(one) === pointed) ?? null);

  /** `words` are how another value is read, until the engine tells. */
  async function choose(
    which: readonly ToldConflict[],
    choice: Choice | null,
    words: string | null = null,
  ): Promise<void> {
    const row = branch();
    if (!row || which.length === 0) return;
    editing = null;
    const mine = new Map(which.map((one) => [keyOf(one), { choice, chosen: words }]));
    sent = new Map([...sent, ...mine]);
    const names: CellName[] = which.map(({ name }) => name);
    await attempt('Could not keep the choice', () => session.engine.chooseForBranch(row.uid, names, choice));
    // The engine's answer counts from here on, also where it refused.
    asked.reload();
  }
  // A choice that the engine tells is told by the engine alone.
  $effect(() => {
    const told = asked.value;
    if (told) sent = new Map();
  });

  function step(by: number): ToldConflict | null {
    const at = order.findIndex((one) => keyOf(one) === pointed);
    const next = at < 0 ? (by > 0 ? 0 : order.length - 1) : Math.min(order.length - 1, Math.max(0, at + by));
    const found = order[next] ?? null;
    pointed = found ? keyOf(found) : null;
    return found;
  }

  return {
    get error() {
      return asked.error;
    },
    get ready() {
      return asked.value !== undefined;
    },
    get conflicts() {
      return conflicts;
    },
    get objects() {
      return objects;
    },
    get open() {
      return open;
    },
    get current() {
      return current;
    },
    get editing() {
      return editing;
    },
    set editing(key: string | null) {
      editing = key;
    },
    point(conflict: ToldConflict): void {
      pointed = keyOf(conflict);
    },
    step,
    choose,
    /** Takes a side for one, and goes on to the next that is open. */
    async take(conflict: ToldConflict, side: 'branch' | 'parent', goOn: boolean): Promise<void> {
      if (!sidesOf(conflict).includes(side)) return;
      const done = choose([conflict], { side, value: null });
      if (goOn) {
        const at = order.findIndex((one) => keyOf(one) === keyOf(conflict));
        const left = [...order.slice(at + 1), ...order.slice(0, at)].find(({ choice }) => choice === null);
        if (left) pointed = keyOf(left);
      }
      await done;
    },
    /** Those of an object, or all, that can be decided this way. */
    async takeAll(which: readonly ToldConflict[], side: 'branch' | 'parent'): Promise<void> {
      await choose(
        which.filter((one) => sidesOf(one).includes(side)),
        { side, value: null },
      );
    },
    back: (which: readonly ToldConflict[]): Promise<void> => choose(which, null),
  };
}

export type BranchReview = ReturnType<typeof branchReview>;
