// OBO 1.4 text: `[Term]` stanzas of `tag: value` lines. EXACT synonyms alone are taken and parents are is_a (and part_of
// where asked for), as bionty 2.5.2 does. A stanza that is broken is told with its line and left out; the rest is read on.
import type { ByteSource } from '../../engine/ports.ts';
import { lines, overBytes } from '../text-lines.ts';
import { ownTerms, type TermRead } from './own-terms.ts';
import type { RawTerm } from './term-table.ts';
import { collectFindings } from './findings.ts';

/** No stanza of a real ontology is near this. */
const longestLine = 8 * 1024 * 1024;

interface Stanza {
  line: number;
  term: RawTerm;
  broken: { line: number; why: string } | null;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', W: ' ' };
const unescaped = (text: string): string => text.replace(/\\(.)/gs, (_, c: string) => escapes[c] ?? c);

/** A value without its trailing `{modifiers}` and `! comment`, both outside of quotes. */
export function bare(value: string): string {
  let end = value.length;
  for (let i = 0; i < value.length; i++) {
    const c = value[i];
    if (c === '\\') i += 1;
    else if (c === '"') {
      const closed = closing(value, i);
      if (closed < 0) break;
      i = closed;
    } else if (c === '!' || c === '{') {
      end = i;
      break;
    }
  }
  return value.slice(0, end).trim();
}

function closing(value: string, quote: number): number {
  for (let i = quote + 1; i < value.length; i++) {
    if (value[i] === '\\') i += 1;
    else if (value[i] === '"') return i;
  }
  return -1;
}

/** The quoted text at the beginning and what follows it; null where the quotes are not closed. */
function quoted(value: string): { text: string; rest: string } | null {
  if (!value.startsWith('"')) return null;
  const end = closing(value, 0);
  return end < 0 ? null : { text: unescaped(value.slice(1, end)), rest: value.slice(end + 1).trim() };
}

export async function readObo(source: ByteSource, read: TermRead, gzip: boolean) {
  const findings = collectFindings();
  const found: { term: RawTerm; place: number }[] = [];
  let version: string | null = null;
  let ontology: string | null = null;
  let stanza: Stanza | null = null;
  /** Within a stanza that is none of a term, or in the head. */
  let kind: 'head' | 'term' | 'other' = 'head';
  let line = 0;
  let held = '';

  const breakAt = (why: string): void => {
    if (stanza) stanza.broken ??= { line, why };
    else if (kind === 'head')
      findings.add({ kind: 'broken stanza', place: `line ${line}`, term: null, message: why });
  };
  function end(): void {
    if (!stanza) return;
    const { term, broken } = stanza;
    if (!broken && term.id === null) stanza.broken = { line: stanza.line, why: 'The stanza has no id.' };
    if (stanza.broken)
      findings.add({
        kind: 'broken stanza',
        place: `line ${stanza.broken.line}`,
        term: term.id,
        message: stanza.broken.why,
      });
    else found.push({ term, place: stanza.line });
    stanza = null;
  }

  function take(tag: string, value: string): void {
    if (kind === 'head') {
      if (tag === 'data-version') version = bare(value);
      if (tag === 'ontology') ontology = bare(value);
      return;
    }
    if (!stanza) return;
    const { term } = stanza;
    switch (tag) {
      case 'id': {
        const id = unescaped(bare(value));
        if (id === '') return breakAt('The id is empty.');
        if (term.id !== null) return breakAt(`The stanza has two ids, ${term.id} and ${id}.`);
        term.id = id;
        return;
      }
      case 'name':
        term.name = unescaped(bare(value)) || null;
        return;
      case 'def': {
        const text = quoted(value);
        if (!text) return breakAt('The definition is not between quotes.');
        term.description = text.text || null;
        return;
      }
      case 'synonym': {
        const text = quoted(value);
        if (!text) return breakAt('A synonym is not between quotes.');
        // Without a scope it is RELATED.
        if (/^EXACT\b/.test(text.rest) && text.text) term.synonyms.push(text.text.replaceAll('|', '/'));
        return;
      }
      case 'is_a': {
        const [id] = bare(value).split(/\s+/);
        if (!id) return breakAt('An is_a names no parent.');
        term.parents.push(unescaped(id));
        return;
      }
      case 'relationship': {
        const [relation, id] = bare(value).split(/\s+/);
        if (!relation || !id) return breakAt('A relationship names no term.');
        if (read.partOf && /^(part_of|BFO:0000050)$/.test(relation)) term.parents.push(unescaped(id));
        return;
      }
      case 'is_obsolete':
        term.deprecated = bare(value) === 'true';
        return;
      case 'replaced_by':
        term.replacedBy ??= unescaped(bare(value)) || null;
    }
  }

  function take1(text: string): void {
    line += 1;
    // A backslash at the end goes on in the next line.
    if (/(^|[^\\])(\\\\)*\\$/.test(text)) {
      held += text.slice(0, -1);
      return;
    }
    const whole = (held + text).trim();
    held = '';
    if (line === 1 && whole.charCodeAt(0) === 0xfeff) return;
    if (whole === '' || whole.startsWith('!')) return;
    if (whole.startsWith('[')) {
      end();
      const header = /^\[([\w-]+)\]/.exec(whole);
      if (header?.[1] === 'Term') {
        kind = 'term';
        const empty = { synonyms: [], description: null, parents: [], deprecated: false, replacedBy: null };
        stanza = { line, term: { id: null, name: null, ...empty }, broken: null };
      } else {
        kind = 'other';
        if (!header)
          findings.add({
            kind: 'broken stanza',
            place: `line ${line}`,
            term: null,
            message: `"${whole.slice(0, 60)}" is no head of a stanza, such as [Term].`,
          });
      }
      return;
    }
    const colon = whole.indexOf(':');
    if (colon <= 0) {
      if (kind !== 'other') breakAt(`"${whole.slice(0, 60)}" is no "tag: value".`);
      return;
    }
    take(whole.slice(0, colon).trim(), whole.slice(colon + 1).trim());
  }

  await overBytes(source, gzip, async (bytes) => {
    for await (const part of lines(bytes, longestLine)) for (const text of part) take1(text);
  });
  end();
  return ownTerms(found, findings, read, {
    places: (place) => `line ${place}`,
    version: versionIn(version),
    source: ontology,
  });
}

/** `releases/2024-01-04` and `cl/releases/2024-01-04/cl.owl` are the version 2024-01-04. */
export function versionIn(text: string | null): string | null {
  if (text === null || text === '') return null;
  return /\d{4}-\d\d-\d\d/.exec(text)?.[0] ?? text.replace(/^.*releases\//, '');
}
