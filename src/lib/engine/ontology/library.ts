// What the engine needs of where packs are: a list of them, one opened to be imported, and look-ups without importing. The
// browser gives a worker over packs beside the app, Node a folder; neither the network nor a file is known here.
import type { TermFeed } from './types.ts';

/** One entry of `packs.json`. */
export interface PackEntry {
  pack: string;
  /** bionty's registry with its module; null where bionty has none. */
  entity: string | null;
  source: string;
  version: string;
  organism: string;
  licence: string | null;
  note: string | null;
  rows: number;
  bytes: number;
}

/** Given beside a file that does not say them. */
export interface PackFactsGiven {
  registry?: string;
  source?: string;
  version?: string;
  organism?: string;
}

/** A pack of the list, a file (whatever the platform holds of it), or an address. */
export type PackChoice = { pack: string } | { file: unknown; name: string } | { url: string };

export interface PackFinding {
  kind: string;
  place: string;
  term: string | null;
  message: string;
}

export interface OpenPack {
  facts: {
    entity: string | null;
    source: string | null;
    version: string | null;
    organism: string | null;
    licence: string | null;
  };
  rows: number;
  key: string;
  findings: { list: PackFinding[]; total: number; words: string };
  /** Rows for a registry; `ids` takes those and all above them, null all. */
  feed(spec: { registry: string; organism: string; ids: readonly string[] | null }): Promise<TermFeed>;
  close(): void;
}

export interface PackTermHit {
  pack: string;
  /** What names the term outside: its ontology id, Ensembl id …; a marker's name. */
  id: string;
  name: string;
  /** A synonym or the id, where it was found by that. */
  matched: string | null;
  rank: number;
  description: string | null;
  deprecated: boolean;
  /** The term to be used instead. */
  replacedBy: { id: string; name: string | null } | null;
}

/** A term with all that is said of it. */
export interface PackTermDetail extends PackTermHit {
  synonyms: string[];
  /** One way from the top down to the term, without the term. */
  path: { id: string; name: string }[];
  parents: { id: string; name: string }[];
  /** At most a hundred, and how many. */
  children: { id: string; name: string }[];
  childCount: number;
  /** The other columns that have a value. */
  more: Record<string, string>;
}

export interface PackLibrary {
  list(): Promise<PackEntry[]>;
  /** Rejects with `Cancelled` once the signal says so. */
  open(choice: PackChoice, given: PackFactsGiven, signal: { readonly aborted: boolean }): Promise<OpenPack>;
  /** `wait` answers once all packs are read, else those that are not are named in `loading`. */
  find(
    text: string,
    packs: readonly string[],
    options: { most: number; exact: boolean; wait: boolean },
  ): Promise<{ hits: PackTermHit[]; loading: string[]; problems: string[] }>;
  term(pack: string, id: string): Promise<PackTermDetail | null>;
  roots(pack: string, most: number): Promise<{ terms: { id: string; name: string }[]; count: number }>;
}
