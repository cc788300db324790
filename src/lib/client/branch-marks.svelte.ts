// What the branch that is checked out has otherwise of the one object that a page shows, so that its fields can be marked.
import { getContext, setContext } from 'svelte';
import type { DiffField, DiffObject } from '../workers/wire.ts';
import { branches } from './branches.svelte.ts';
import { live } from './live.svelte.ts';
import { session } from './session.svelte.ts';

export interface BranchMarks {
  /** Null where no branch is checked out, or it has this object as its parent has it. */
  readonly object: DiffObject | null;
  /** Name of the parent. */
  readonly parent: string;
  readonly branch: { uid: string; name: string } | null;
  /** The change of one field, by its name on the page. */
  of(field: string): DiffField | null;
}

const key = Symbol('branch marks');

/** `_status_code`, `type_id` and `Status code` are one field. */
const plain = (field: string): string =>
  field
    .replace(/^_(?!aux)/, '')
    .replace(/_id$/, '')
    .toLowerCase();

/** Keys of an object as one change of its field: "lr: 0.1, epochs: 5". */
function together(keys: readonly DiffField[]): DiffField {
  const told = (side: 'base' | 'parent' | 'branch') =>
    keys.map((one) => `${one.key ?? ''}: ${one[side] ?? 'none'}`).join(', ');
  const conflict = keys.find((one) => one.conflict)?.conflict ?? null;
  return {
    ...{ field: keys[0]?.field ?? '', feature: false, key: null, what: 'cell', conflict },
    ...{ base: told('base'), parent: told('parent'), branch: told('branch') },
  };
}

/** Must be called while the page's component is being created; its parts ask `pageMarks`. */
export function markPage(registry: () => string | undefined, uid: () => string): void {
  const asked = live(async () => {
    const branch = session.looking ? null : branches.current;
    const [name, row] = [registry(), uid()];
    if (!branch || name === undefined) return null;
    const { objects } = await session.engine.branchDiff(branch.uid, { registry: name, uid: row, limit: 1 });
    const [object] = objects;
    // Most pages have nothing to mark. The list counts what every branch has, so it is not asked for them at each act.
    if (!object) return null;
    const list = await session.engine.branches();
    const parent = list.find((one) => one.uid === branch.uid)?.parent?.name ?? 'main';
    return { branch, parent, row, object };
  }, ['']);
  /** What was asked of another branch or row says nothing here. */
  const answer = $derived(
    asked.value && asked.value.branch.uid === branches.current?.uid && asked.value.row === uid()
      ? asked.value
      : null,
  );
  const marks: BranchMarks = {
    get object() {
      return answer?.object ?? null;
    },
    get parent() {
      return answer?.parent ?? 'main';
    },
    get branch() {
      return answer?.branch ?? null;
    },
    of(field) {
      const found = (answer?.object.fields ?? []).filter(
        (one) => one.what !== 'note' && plain(one.field) === plain(field),
      );
      const [first] = found;
      return first && first.key !== null ? together(found) : (first ?? null);
    },
  };
  setContext(key, marks);
}

export const pageMarks = (): BranchMarks | undefined => getContext<BranchMarks | undefined>(key);
