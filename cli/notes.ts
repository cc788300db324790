// Markdown notes of records: `topic/note.md` is the readme of record `note` in the type `topic`, and the file remembers its
// record by `lamindb.uid` in its front matter, as lamin-cli 1.21 keeps them.
import { LoamError } from '../src/lib/engine/errors.ts';
import type { Engine } from '../src/lib/engine/index.ts';
import type { Lookups } from '../src/lib/engine/query/query.ts';

export interface NoteTarget {
  /** Names of record types, the topmost first. */
  types: string[];
  name: string;
}

/** What a path below the development directory means; null for what is no note. */
export function noteTarget(path: string): NoteTarget | null {
  const parts = path.trim().replace(/\\/g, '/').split('/');
  const last = parts.pop() ?? '';
  if (last === 'README.md' || [...parts, last].some((part) => ['', '.', '..'].includes(part))) return null;
  const name = last.replace(/\.md$/, '');
  return name === '' || (name === last && parts.length === 0) ? null : { types: parts, name };
}

/** Id of the record; null where there is none. The types must be there. */
export function findNote(
  engine: Engine,
  { types, name }: NoteTarget,
): { id: number | null; type: number | null } {
  let type: number | null = null;
  const below = (parent: number | null): Lookups =>
    parent === null ? { type__isnull: true } : { type_id: parent };
  for (const [i, word] of types.entries()) {
    const filters = [{ name__iexact: word, is_type: true, ...below(type) }];
    const [found]: number[] = engine.queryIds({ registry: 'Record', filters });
    if (found === undefined)
      throw new LoamError(
        'DoesNotExist',
        `There is no record type "${types.slice(0, i + 1).join('/')}". Create it first.`,
        { registry: 'Record', value: word },
      );
    type = found;
  }
  const [id] = engine.queryIds({ registry: 'Record', filters: [{ name, ...below(type) }] });
  return { id: id ?? null, type };
}

const fence = /^---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m;

function split(text: string): { head: string[]; body: string } | null {
  const match = text.startsWith('---') ? fence.exec(text) : null;
  if (!match || match.index !== 0) return null;
  return { head: (match[1] ?? '').split(/\r?\n/).slice(0, -1), body: text.slice(match[0].length) };
}

/** Lines of `lamindb:` in a front matter: where it begins, where it ends, and the line of its uid. */
function own(head: readonly string[]): { start: number; end: number; uid: number } {
  const start = head.findIndex((line) => /^lamindb:\s*$/.test(line));
  if (start < 0) return { start, end: start, uid: -1 };
  const after = head.findIndex((line, i) => i > start && /^[^\s#]/.test(line));
  const end = after < 0 ? head.length : after;
  return { start, end, uid: head.findIndex((line, i) => i > start && i < end && /^\s+uid:/.test(line)) };
}

/** The record that a file says it is the note of. */
export function uidInNote(text: string): string | null {
  const { head } = split(text) ?? { head: [] };
  const line = head[own(head).uid];
  if (line === undefined) return null;
  const uid = line
    .replace(/^\s+uid:\s*/, '')
    .replace(/^(["'])(.*)\1\s*$/, '$2')
    .trim();
  if (uid === '') throw new LoamError('InvalidArgument', 'lamindb.uid in the front matter is empty.');
  return uid;
}

/** The file's text with the uid of its record in the front matter. */
export function noteWithUid(text: string, uid: string): string {
  const { head, body } = split(text) ?? { head: [], body: text };
  const lines = [...head];
  const at = own(lines);
  if (at.uid >= 0) lines[at.uid] = `  uid: ${uid}`;
  else if (at.start >= 0) lines.splice(at.end, 0, `  uid: ${uid}`);
  else lines.push('lamindb:', `  uid: ${uid}`);
  const gap = body === '' || /^\r?\n/.test(body) ? '' : '\n';
  return `---\n${lines.join('\n')}\n---\n${gap}${body}`;
}

/** The text as it is stored: without the uid, and without a front matter that held nothing else. */
export function noteWithoutUid(text: string): string {
  const found = split(text);
  if (!found) return text;
  const { head, body } = found;
  const { start, end, uid } = own(head);
  const kept = head.filter((_, i) => i !== uid && !(i === start && uid >= 0 && end - start === 2));
  if (kept.some((line) => line.trim() !== '')) return `---\n${kept.join('\n')}\n---\n${body}`;
  return body.replace(/^\r?\n/, '');
}
