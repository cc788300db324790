// Mending of datasets as it crosses the worker border. What each does: engine/curate/curation.ts.
import type { CurationCheck, CurationSlot } from '../engine/curate/curation.ts';
import type { Finding, FindingTerms, FindingValue, ValidationResult } from '../engine/curate/finding.ts';
import type { CastTo, Fix } from '../engine/curate/fixes.ts';
import type { ReportFinding, ValidationReport } from '../engine/curate/report.ts';
import type { CurationSchema } from '../engine/curate/schemas.ts';
import type { KeptReport } from '../engine/query/kept-reports.ts';
import type { Suggestion } from '../engine/curate/similar.ts';

export type {
  CastTo,
  CurationCheck,
  CurationSchema,
  CurationSlot,
  Finding,
  FindingTerms,
  FindingValue,
  Fix,
  KeptReport,
  ReportFinding,
  Suggestion,
  ValidationReport,
  ValidationResult,
};

/** A file, or a folder's files with their paths below it. */
export interface FixedDataset {
  file: File | null;
  files: { path: string; file: File }[] | null;
}

export interface CurationApi {
  /** Schemas that ask something of what the artifact is, its own first; and the reports that were kept of it. */
  curationSchemas(uid: string): Promise<{ schemas: CurationSchema[]; reports: KeptReport[] }>;
  /** Schemas that files of these names can be held against before they are saved; what was used last comes first. */
  datasetSchemas(otype: string, names: readonly string[]): Promise<CurationSchema[]>;
  /**
   * An artifact's dataset, with fixes, against a schema. What was read of the file is held, so that another list of fixes
   * is judged at once. Reading tells rows as `view` events under the token.
   */
  checkDataset(uid: string, schema: string, fixes: readonly Fix[], token: string): Promise<CurationCheck>;
  /** Names of the registry that are like the values, best first. */
  suggestTerms(
    terms: FindingTerms,
    texts: readonly string[],
    most?: number,
  ): Promise<Record<string, Suggestion[]>>;
  /** Rows of these names where the values were looked for; one act. Answers how many are new. */
  createTerms(terms: FindingTerms, names: readonly string[]): Promise<number>;
  /** A copy of the artifact's file with fixes applied, not saved yet. */
  fixedCopy(uid: string, fixes: readonly Fix[], token: string): Promise<FixedDataset>;
  /** Makes an artifact the report of the run that it came from. */
  keepReport(report: string): Promise<void>;
}
