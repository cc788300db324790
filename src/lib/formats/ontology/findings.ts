// What is wrong with an ontology, each with its place in the file. A finding stops an import until somebody says that the
// rest is wanted. Then a broken or nameless term, the second term of an id, a parent that is not there and the link that
// closes a circle are left out, and nothing else.

export type FindingKind = 'broken stanza' | 'duplicate id' | 'dangling parent' | 'cycle' | 'no name';

export interface Finding {
  kind: FindingKind;
  /** "line 12", "row 5", "nodes[3]". */
  place: string;
  /** Id of the term, where it has one. */
  term: string | null;
  message: string;
}

export interface Findings {
  /** Of each kind at most `listed`. */
  list: Finding[];
  counts: Partial<Record<FindingKind, number>>;
  total: number;
}

const listed = 50;

export interface FindingsBuilder extends Findings {
  add(finding: Finding): void;
}

export function collectFindings(): FindingsBuilder {
  const found: FindingsBuilder = {
    list: [],
    counts: {},
    total: 0,
    add(finding) {
      const before = found.counts[finding.kind] ?? 0;
      found.counts[finding.kind] = before + 1;
      found.total += 1;
      if (before < listed) found.list.push(finding);
    },
  };
  return found;
}

const plurals: Readonly<Record<FindingKind, string>> = {
  'broken stanza': 'broken stanzas',
  'duplicate id': 'duplicate ids',
  'dangling parent': 'dangling parents',
  cycle: 'cycles',
  'no name': 'terms without a name',
};

/** "2 cycles, 1 duplicate id". */
export const findingWords = ({ counts }: Findings): string =>
  (Object.entries(counts) as [FindingKind, number][])
    .map(([kind, n]) =>
      n === 1 ? `1 ${kind === 'no name' ? 'term without a name' : kind}` : `${n} ${plurals[kind]}`,
    )
    .join(', ');
