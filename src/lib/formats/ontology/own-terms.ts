// Which of the terms that a file defines are its own: an ontology is often published with terms of others merged in.
// Those of one prefix are taken (`CL:`), as bionty 2.5.2 takes a source's; terms without a name are told and left out.
import type { FindingsBuilder } from './findings.ts';
import {
  noFacts,
  tableBuilder,
  termColumns,
  type PackFacts,
  type RawTerm,
  type TermTable,
} from './term-table.ts';

export interface TermRead {
  /** Facts that the reader of the file knows better than the file. */
  facts: Partial<PackFacts>;
  /** Takes part_of beside is_a, as bionty does for tissues and developmental stages. */
  partOf: boolean;
  /** Ids that begin with one of these are taken; null finds the ontology's own, an empty list takes all. */
  prefixes: readonly string[] | null;
}

interface FileFacts {
  places: (place: number) => string;
  version: string | null;
  /** What the file calls itself: `cl`, or the address of `cl.owl`. */
  source: string | null;
}

const prefixOf = (id: string): string => /^[^:]*:/.exec(id)?.[0] ?? '';

/** `http://purl.obolibrary.org/obo/cl/cl-basic.obo` is cl. */
function sourceIn(name: string | null): string | null {
  const word = /\/obo\/(?:[^/]*\/)*?([A-Za-z]+)(?:-\w+)?(?:\.\w+)?$/.exec(name ?? '')?.[1] ?? name;
  return word
    ? (word
        .toLowerCase()
        .replace(/\.(obo|owl|json)$/, '')
        .split('/')[0] ?? null)
    : null;
}

export function ownTerms(
  terms: readonly { term: RawTerm; place: number }[],
  findings: FindingsBuilder,
  read: TermRead,
  file: FileFacts,
): TermTable {
  const source = read.facts.source ?? sourceIn(file.source);
  const prefixes = read.prefixes ?? ownPrefix(terms, source);
  const own = (id: string | null) =>
    prefixes.length === 0 || prefixes.some((prefix) => id?.startsWith(prefix));
  const known = new Set(terms.flatMap(({ term }) => (term.id !== null && !own(term.id) ? [term.id] : [])));
  const { places } = file;
  const builder = tableBuilder({
    columns: termColumns,
    key: 'ontology_id',
    name: 'name',
    places,
    expected: terms.length,
    known,
  });
  for (const finding of findings.list) builder.findings.add(finding);
  for (const { term, place } of terms) {
    if (!own(term.id)) continue;
    if (term.name !== null) {
      builder.term(term, place);
      continue;
    }
    // Obsolete terms often lose all but their id; children of such a term have none.
    if (term.id !== null) known.add(term.id);
    if (!term.deprecated)
      builder.findings.add({
        kind: 'no name',
        place: places(place),
        term: term.id,
        message: `${term.id} has no name.`,
      });
  }
  const table = builder.finish({ ...noFacts, version: file.version, ...read.facts, source });
  // Kinds are listed up to a number, but counted whole.
  for (const [kind, n] of Object.entries(findings.counts) as [keyof typeof findings.counts, number][]) {
    const more = n - findings.list.filter((finding) => finding.kind === kind).length;
    table.findings.counts[kind] = (table.findings.counts[kind] ?? 0) + more;
    table.findings.total += more;
  }
  return table;
}

/** The prefix that the file's own name says, else the one that most terms have. */
function ownPrefix(terms: readonly { term: RawTerm }[], source: string | null): string[] {
  const counts = new Map<string, number>();
  for (const { term } of terms) {
    const prefix = prefixOf(term.id ?? '');
    if (prefix !== '') counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  }
  const named = [...counts.keys()].find((prefix) => prefix.toLowerCase() === `${source ?? ''}:`);
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return named ? [named] : most ? [most[0]] : [];
}
