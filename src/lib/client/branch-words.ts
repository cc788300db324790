// How branches are told of: their state, how much they have and lack, when they have been left behind, and a name to begin with.
import type { BranchRow, BundleFacts, Received } from '../workers/wire.ts';
import { ago, nameWords, plural } from './words.ts';

/** LaminDB's word for the state of a branch, as people say it. */
export const stateWords: Record<string, string> = {
  standalone: 'open',
  draft: 'draft',
  review: 'in review',
  merged: 'merged',
  closed: 'closed',
};

export const isOpen = ({ status }: Pick<BranchRow, 'status'>): boolean =>
  status !== 'merged' && status !== 'closed';

/** How much a branch has and lacks: "7 changes, 12 behind main". */
export function standing({ ahead, behind, parent }: BranchRow): string {
  const from = parent?.name ?? 'main';
  return `${ahead === 0 ? 'no changes yet' : plural(ahead, 'change')}${behind > 0 ? `, ${behind} behind ${from}` : ''}`;
}

const week = 7 * 86_400_000;

/** A branch that its parent has left behind is told so: "12 behind, forked 3 weeks ago". */
export function staleWords(branch: BranchRow, now: number = Date.now()): string | null {
  if (!isOpen(branch) || branch.behind === 0 || branch.forkedAt === null) return null;
  const age = now - new Date(branch.forkedAt).getTime();
  if (branch.behind < 10 && age < week) return null;
  return `${branch.behind} behind, forked ${age < 2 * week ? ago(branch.forkedAt, now) : `${Math.floor(age / week)} weeks ago`}`;
}

/** A name to begin with that no branch has. */
export function suggestedName(handle: string, taken: readonly string[], now: Date = new Date()): string {
  const day = now.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' }).toLowerCase();
  const who = handle === '' || handle === 'anonymous' ? 'changes' : handle;
  const first = `${who}-${day.replaceAll(' ', '-')}`;
  const has = new Set(taken.map((name) => name.toLowerCase()));
  for (let n = 1; ; n++) {
    const name = n === 1 ? first : `${first}-${n}`;
    if (!has.has(name.toLowerCase())) return name;
  }
}

/** What people call a field of a difference: LaminDB's `readme` is the note of a row. */
export const fieldWords = (field: string): string =>
  field === 'readme' ? 'note' : field.replaceAll('_', ' ');

/** A field, with the key of its object that is meant: "params lr". */
export const fieldName = ({ field, key }: { field: string; key: string | null }): string =>
  key === null ? fieldWords(field) : `${fieldWords(field)} ${key}`;

/** An object, or a field of it, that is talked about. */
export const subjectWords = (row: string, field: string | null): string =>
  field === null ? nameWords(row) : `${nameWords(row)}, ${fieldWords(field)}`;

/** What came of taking in what was held back: what came in, and what still waits for which row. */
export function heldWords({ made, changed, added, taken, held }: Received): [title: string, more: string] {
  const came = made + changed + added + taken;
  const [first] = held;
  return [
    came === 0 ? 'Nothing came in yet' : `${plural(came, 'change')} came in`,
    first
      ? `${plural(held.length, 'change')} still ${held.length === 1 ? 'waits' : 'wait'}: ${nameWords(first.row)} needs ${first.missing}${held.length > 1 ? ', and others' : ''}.`
      : 'Nothing waits any more.',
  ];
}

/** What a file holds of the review of its branch; null where there is nothing. */
export function reviewWords(counts: BundleFacts['review']): string | null {
  const parts = [
    ...(counts.readme ? ['README'] : []),
    ...(counts.comments > 0 ? [plural(counts.comments, 'comment')] : []),
    ...(counts.verdicts > 0 ? [plural(counts.verdicts, 'verdict')] : []),
    ...(counts.reviewers > 0 ? [plural(counts.reviewers, 'reviewer')] : []),
    ...(counts.choices > 0 ? [`${plural(counts.choices, 'conflict')} decided`] : []),
  ];
  return parts.length > 0 ? parts.join(', ') : null;
}
