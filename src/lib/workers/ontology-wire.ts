// Public ontologies as they cross the worker border. What each does: engine/ontology/desk.ts.
import type { FindTerms, FoundTerm, FoundTerms, ImportAsk, PackState } from '../engine/ontology/desk.ts';
import type { PackTermDetail } from '../engine/ontology/library.ts';
import type { SourceDiff } from '../engine/ontology/compare.ts';
import type { Known } from '../engine/ontology/known-terms.ts';
import type { ImportedTerms } from '../engine/ontology/types.ts';

export type { FindTerms, FoundTerm, FoundTerms, ImportAsk, ImportedTerms, PackState, SourceDiff };

/** A pack beside the app, a file, or an address. Files travel as handles, not as bytes. */
export type OntologyChoice = { pack: string } | { file: File; name: string } | { url: string };

export interface PublicTerm extends PackTermDetail {
  registry: string | null;
  organism: string;
  source: string;
  version: string;
  here: Known | null;
}

export interface OntologiesApi {
  /** Packs served beside the app; none where none were built. */
  ontologyPacks(): Promise<PackState[]>;
  /** Terms of packs that need not be imported, best first, with the row that each is here. */
  findTerms(text: string, options?: FindTerms): Promise<FoundTerms>;
  publicTerm(pack: string, id: string): Promise<PublicTerm | null>;
  /** Terms of a pack that have none above them. */
  publicRoots(pack: string): Promise<{ terms: { id: string; name: string }[]; count: number }>;
  /**
   * Terms of a source as rows, all or some with what is above them. One act, which others' edits do not wait for; told by
   * `job` events under `act`. What is wrong with an ontology is a ValidationError with `findings`, until `accept` says so.
   */
  importOntology(choice: OntologyChoice, ask: ImportAsk & { act: string }): Promise<ImportedTerms>;
  /** What taking a version would change; nothing is written. */
  compareOntology(choice: OntologyChoice, ask?: ImportAsk): Promise<SourceDiff>;
}
