// How versions of a note and its live text become one (decision 0042). A version that was saved from a live text carries the
// state of that text; of all others (Python's, the command line's, an undo) the live text takes what changed, as an update
// that every device makes byte by byte alike: its client id is a hash of what it starts from and what it comes to. So it
// does not matter who does it, how often, or whether several do it at once.
import * as Y from 'yjs';
import { hashText } from '../hash.ts';
import { toBase64 } from './base64.ts';
import { isRefusal, readTextUpdate, textName } from './text-update.ts';
import { patch, sizeOf } from './text-patch.ts';

export interface NoteVersion {
  /** The same on every device, whatever uid the row has there: time and content. */
  key: string;
  content: string;
  /** State of the live text that it was saved from; `room` where that is too long to travel with the row. */
  state: Uint8Array | 'room' | null;
  /** It was made on the branch that it is on. Others came by a merge, where somebody chose between texts. */
  ownBranch: boolean;
}

/** What is remembered of a note from one look at its versions to the next. */
export interface NoteMemory {
  /** The version that the live text had taken in last, and the state of the text at it. */
  head: { key: string; state: Uint8Array } | null;
  /** Versions that went away by an undo, with the state after it: a redo starts there. */
  undone: { key: string; state: Uint8Array }[];
  /** Keys of the versions whose states are in the text. */
  taken: string[];
}

export const noMemory: NoteMemory = { head: null, undone: [], taken: [] };
const mostUndone = 20;
/** A version was made from one of so many before it. */
const looksBack = 20;
const emptyState = new Uint8Array([0, 0]);

export const textOf = (doc: Y.Doc): string => doc.getText(textName).toJSON();

export function docOf(state: Uint8Array): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  return doc;
}

/** The update that makes the text at this state into another one, the same wherever it is made. Null: it is that text. */
export function stepFrom(
  state: Uint8Array,
  target: string,
): { update: Uint8Array; state: Uint8Array } | null {
  const doc = docOf(state);
  const text = doc.getText(textName);
  const edits = patch(text.toJSON(), target);
  if (edits.length === 0) return null;
  const before = Y.encodeStateVector(doc);
  doc.clientID = clientOf(state, target);
  doc.transact(() => {
    for (const { at, remove, insert } of edits) {
      if (remove > 0) text.delete(at, remove);
      if (insert !== '') text.insert(at, insert);
    }
  });
  return { update: Y.encodeStateAsUpdate(doc, before), state: Y.encodeStateAsUpdate(doc) };
}

/** 32 bits of a hash: an id that says what it does cannot mean two things. */
function clientOf(state: Uint8Array, target: string): number {
  const hash = hashText(`${toBase64(state)}\n${target}`);
  let id = 2166136261;
  for (let i = 0; i < hash.length; i++) id = Math.imul(id ^ hash.charCodeAt(i), 16777619) >>> 0;
  return id;
}

/** A state from a row is a stranger's, too: what is no text counts as not there. */
export function checkedState(state: NoteVersion['state']): Uint8Array | null {
  if (!state || state === 'room') return null;
  try {
    readTextUpdate(state);
    return state;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

/**
 * Brings a live text to what its versions say, oldest first; what was typed and not saved stays. Applies to `doc` with
 * `origin`, and answers with what is to be remembered.
 */
export function takeVersions(
  doc: Y.Doc,
  versions: readonly NoteVersion[],
  memory: NoteMemory,
  origin: unknown,
): NoteMemory {
  const states: Uint8Array[] = [];
  const taken = new Set(memory.taken);
  const has = (update: Uint8Array) =>
    readTextUpdate(update).added.every(
      ({ client, clock, count }) => Y.getState(doc.store, client) >= clock + count,
    );
  const apply = (update: Uint8Array) => Y.applyUpdate(doc, update, origin);

  versions.forEach((version, i) => {
    const carried = checkedState(version.state);
    if (version.ownBranch && carried) {
      if (!taken.has(version.key)) apply(carried);
      const before = states.at(-1);
      const step = before && putBack(before, carried) ? stepFrom(before, version.content) : null;
      if (step) apply(step.update);
      states.push(step?.state ?? carried);
      return;
    }
    if (version.state === 'room') {
      states.push(states.at(-1) ?? emptyState);
      return;
    }
    // Merged from elsewhere: as it was chosen, on top of what was there.
    const from = version.ownBranch
      ? candidates(versions, states, i)
      : [...states.slice(-looksBack).reverse(), emptyState];
    const steps = from.map((state) => ({ state, step: stepFrom(state, version.content) }));
    const done = steps.find(({ step }) => step && step.update[0] !== 0 && has(step.update));
    if (!done && !version.ownBranch && versions.slice(i + 1).some(isSaved)) {
      // A text that was saved later knows nothing of it: the other side was chosen.
      states.push(states.at(-1) ?? emptyState);
      return;
    }
    const { state, step } = done ?? steps[0] ?? { state: emptyState, step: null };
    if (step) apply(step.update);
    states.push(step?.state ?? state);
  });

  const last = versions.at(-1);
  let state = states.at(-1) ?? emptyState;
  const move = (from: Uint8Array, target: string) => {
    const step = stepFrom(from, target);
    if (!step) return (state = from);
    apply(step.update);
    return (state = step.state);
  };
  // The row was changed in its place after it was saved.
  if (last?.state && last.state !== 'room' && docText(state) !== last.content) move(state, last.content);

  let undone = [...memory.undone];
  const { head } = memory;
  if (head && !versions.some(({ key }) => key === head.key)) {
    move(head.state, last?.content ?? '');
    undone = [...undone.filter(({ key }) => key !== head.key), { key: head.key, state }].slice(-mostUndone);
  }
  const back = undone.find(({ key }) => key === last?.key);
  if (last && back) {
    move(back.state, last.content);
    undone = undone.filter((one) => one !== back);
  }
  return {
    head: last ? { key: last.key, state } : null,
    undone,
    taken: versions
      .filter(({ ownBranch, state: own }) => ownBranch && checkedState(own))
      .map(({ key }) => key),
  };
}

/** An earlier version that was put back carries the state of its day, which says nothing new to the one before it. */
const putBack = (before: Uint8Array, carried: Uint8Array): boolean =>
  docText(Y.mergeUpdates([before, carried])) === docText(before);

const isSaved = ({ ownBranch, state }: NoteVersion): boolean => ownBranch && checkedState(state) !== null;

const docText = (state: Uint8Array): string => textOf(docOf(state));

/** States of the versions that this one may have been made from, the likeliest first. */
function candidates(
  versions: readonly NoteVersion[],
  states: readonly Uint8Array[],
  i: number,
): Uint8Array[] {
  if (i === 0) return [emptyState];
  const content = versions[i]?.content ?? '';
  const from = Math.max(0, i - looksBack);
  return (
    versions
      .slice(from, i)
      .map((base, n) => ({
        state: states[from + n] ?? emptyState,
        size: sizeOf(patch(base.content, content)),
        n,
      }))
      // The same text again was made from another one: it was put back.
      .filter(({ size }) => size > 0)
      .sort((a, b) => a.size - b.size || a.n - b.n)
      .map(({ state }) => state)
  );
}
