// What a branch has otherwise, as its page shows it: filtered, and as many objects as were asked for, page by page.
import type { BranchDiff, DiffField, DiffKind, DiffObject, SheetCell, SheetDiff } from '../workers/wire.ts';
import { live } from './live.svelte.ts';
import { session } from './session.svelte.ts';

/** Objects that one more look at the end of the list brings. */
const step = 50;
const largestPage = 500;

export const kindWords: Record<DiffKind, string> = {
  made: 'new',
  changed: 'changed',
  trashed: 'moved to the trash',
  restored: 'restored',
};

/** What is to be decided of an object, or was: of its fields, and of it as a whole. */
export const conflictsIn = ({ conflicts, fields }: DiffObject): number =>
  conflicts.length + fields.filter(({ conflict }) => conflict !== null).length;

/** How a field differs, for its colour and its word. */
export function changeOf({
  base,
  branch,
}: Pick<DiffField, 'base' | 'branch'>): 'added' | 'removed' | 'changed' {
  if (base === null || base === '') return 'added';
  return branch === null || branch === '' ? 'removed' : 'changed';
}

const lines = (text: string | null): boolean => text !== null && (text.includes('\n') || text.length > 300);

/** Texts are told line by line. */
export const isText = ({ what, base, parent, branch }: Omit<DiffField, 'field' | 'conflict'>): boolean =>
  what === 'note' || [base, parent, branch].some(lines);

/* ---------- records of a sheet ---------- */

export type CellChange = 'added' | 'removed' | 'changed' | 'kept';

/** How a cell of a table differs, for its colour, its sign and its word. */
export function cellChange(cell: Pick<SheetCell, 'was' | 'now'> | undefined): CellChange {
  if (!cell || cell.was.length + cell.now.length === 0) return 'kept';
  if (cell.was.length === 0) return 'added';
  return cell.now.length === 0 ? 'removed' : 'changed';
}

const longest = 120;

/** A value in one line. */
export function cellWords(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

const pageRows = 50;

/** The records of one type, a page at a time. Must be called while a component is being created. */
export function sheetDiff(uid: () => string, type: () => string, kind: () => DiffKind | null) {
  /** Where each page begins, but the first. */
  let begins = $state.raw<string[]>([]);
  const asked = live(async (): Promise<{ at: number; page: SheetDiff }> => {
    const only = kind();
    const after = begins.at(-1);
    const page = await session.engine.branchSheet(uid(), type(), {
      ...(only === null ? {} : { kind: only }),
      ...(after === undefined ? {} : { after }),
      limit: pageRows,
    });
    return { at: begins.length, page };
  }, ['']);
  return {
    get value(): SheetDiff | undefined {
      return asked.value?.page;
    },
    get error() {
      return asked.error;
    },
    /** Rows before this page. */
    get first(): number {
      return (asked.value?.at ?? 0) * pageRows;
    },
    get busy(): boolean {
      return asked.value?.at !== begins.length;
    },
    turn(by: 1 | -1): void {
      const next = asked.value?.page.next ?? null;
      if (by < 0) begins = begins.slice(0, -1);
      else if (next !== null) begins = [...begins, next];
    },
  };
}

/** Must be called while a component is being created. */
export function branchDiff(
  uid: () => string,
  filter: () => { registry: string | null; kind: DiffKind | null },
) {
  let wanted = $state(step);
  let began = '';

  async function ask(): Promise<BranchDiff> {
    const { registry, kind } = filter();
    const asked = uid();
    const key = `${asked} ${registry} ${kind}`;
    // Another filter begins at its top; nothing on screen depends on how far the last one was shown.
    const upTo = key === began ? wanted : step;
    const spec = {
      sheets: true,
      ...(registry === null ? {} : { registry }),
      ...(kind === null ? {} : { kind }),
    };
    const objects: DiffObject[] = [];
    let after: string | null = null;
    let answer: BranchDiff;
    do {
      answer = await session.engine.branchDiff(asked, {
        ...spec,
        limit: Math.min(largestPage, upTo - objects.length),
        ...(after === null ? {} : { after }),
      });
      objects.push(...answer.objects);
      after = answer.next;
    } while (after !== null && objects.length < upTo);
    began = key;
    return { ...answer, objects };
  }
  const asked = live(ask, ['']);

  return {
    get value() {
      return asked.value;
    },
    get error() {
      return asked.error;
    },
    more(): void {
      const shown = asked.value?.objects.length ?? 0;
      if (asked.value?.next && wanted <= shown) wanted = shown + step;
    },
    get busy() {
      return asked.value?.next !== null && wanted > (asked.value?.objects.length ?? 0);
    },
  };
}
