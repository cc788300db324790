// What a request selects: names of fields and relations, relations with what is wanted of them in brackets, as in
// `run(transform(uid,key))`; `run.transform.uid` says the same.
import { LoamError } from '../../src/lib/engine/errors.ts';

/** Names with what is wanted below each; null: whatever it has of its own. */
export type Selection = ReadonlyMap<string, Selection | null>;

const maxDepth = 5;
const maxNames = 200;

const refuse = (message: string): never => {
  throw new LoamError('ValidationError', message, { field: 'select' });
};

/** Throws `ValidationError` in words. No names: an empty selection. */
export function parseSelect(select: readonly string[] | null | undefined): Selection {
  const root = new Map<string, Map<string, unknown> | null>();
  let names = 0;
  for (const item of select ?? []) {
    const text = item.trim();
    let at = 0;
    readList(root, 0);
    if (at < text.length) refuse(`The bracket in “${text.slice(0, 80)}” was never opened.`);

    function readList(into: Map<string, unknown>, depth: number): void {
      for (;;) {
        readItem(into, depth);
        if (text[at] !== ',') return;
        at += 1;
      }
    }

    function readItem(into: Map<string, unknown>, depth: number): void {
      if (depth >= maxDepth) refuse(`“${text.slice(0, 80)}” goes more than ${maxDepth} relations deep.`);
      if ((names += 1) > maxNames) refuse(`More than ${maxNames} names are selected.`);
      const found = /^\s*([A-Za-z_][A-Za-z0-9_]{0,99})\s*/.exec(text.slice(at, at + 120));
      const name = found?.[1];
      if (name === undefined)
        return refuse(`There is no name of a field at character ${at + 1} of “${text.slice(0, 80)}”.`);
      at += found?.[0].length ?? 0;
      if (text[at] !== '(' && text[at] !== '.') {
        if (!into.has(name)) into.set(name, null);
        return;
      }
      const below = (into.get(name) as Map<string, unknown> | null | undefined) ?? new Map<string, unknown>();
      into.set(name, below);
      const opened = text[at] === '(';
      at += 1;
      if (!opened) return readItem(below, depth + 1);
      readList(below, depth + 1);
      if (text[at] !== ')') refuse(`A bracket in “${text.slice(0, 80)}” is not closed.`);
      at += 1;
      while (text[at] === ' ') at += 1;
    }
  }
  return root as Selection;
}
