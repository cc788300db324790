// Artifacts as plain data: what lists, facets and the artifact page show. Crosses the worker border as it is.
import type { FileSummary } from '../ports.ts';
import type { KeptReport } from './kept-reports.ts';

export interface ArtifactRow {
  id: number;
  uid: string;
  key: string | null;
  description: string | null;
  suffix: string;
  kind: string | null;
  otype: string | null;
  size: number | null;
  hash: string | null;
  nFiles: number | null;
  nObservations: number | null;
  version: number;
  versions: number;
  isLatest: boolean;
  /** ISO 8601 UTC. */
  createdAt: string;
  updatedAt: string;
  createdBy: string;
  run: { uid: string; transform: string } | null;
  labels: { registry: string; uid: string; name: string; feature: string | null }[];
  onlyHere: boolean;
}

export interface ArtifactListSpec {
  search?: string;
  sort?: { by: 'key' | 'size' | 'createdAt' | 'updatedAt' | 'suffix' | 'nObservations'; descending: boolean };
  /** Old versions are hidden unless asked for. */
  allVersions?: boolean;
  trash?: boolean;
  offset: number;
  limit: number;
}

export interface ArtifactPage {
  rows: ArtifactRow[];
  total: number;
}

export interface FeatureValue {
  feature: { uid: string; name: string; dtype: string };
  /** Display values; JSON scalars as text. */
  values: string[];
  /** Raw JSON values, or names of categories. */
  raw: unknown[];
}

export interface ArtifactDetail extends ArtifactRow {
  storageKey: string;
  storageRoot: string;
  storageUid: string;
  /** Its bytes lie elsewhere and are on this device as well, whole, so that it opens without a network. */
  keptHere: boolean;
  hashType: string | null;
  /** Full sha256 from our own table; null until computed in the background. */
  checksum: string | null;
  features: FeatureValue[];
  projects: { uid: string; name: string }[];
  note: { uid: string; content: string; updatedAt: string; by: string } | null;
  summary: FileSummary | null;
  /** The summary is of readers that told less than those of today. */
  lookAgain: boolean;
  /** The one that its dataset belongs to. */
  schema: { uid: string; name: string | null } | null;
  /** Of its last validation. */
  report: KeptReport | null;
  versionList: {
    uid: string;
    version: number;
    size: number | null;
    hash: string | null;
    createdAt: string;
    by: string;
    isLatest: boolean;
    run: string | null;
    changed: string[];
  }[];
  lineage: { inputs: ArtifactRef[]; run: RunInfo | null; outputs: ArtifactRef[]; usedBy: UsingRun[] };
  trashed: boolean;
  archived: boolean;
}

export interface ArtifactRef {
  uid: string;
  key: string | null;
}

/** A run that read an artifact, with what it made. */
export interface UsingRun extends RunInfo {
  /** The first fifty by key. */
  outputs: ArtifactRef[];
  /** All of them. */
  made: number;
}

export interface RunInfo {
  uid: string;
  transform: { uid: string; key: string; kind: string };
  startedAt: string;
  finishedAt: string | null;
  status: string;
  by: string;
  params: Record<string, unknown> | null;
}
