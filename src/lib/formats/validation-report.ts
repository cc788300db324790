// Reports of validations (JSON, written by client/curation-save.ts) read back for people. The file may be anybody's: each part
// is taken only where it is what it should be, texts are cut, and what is missing is told as missing.
import type {
  ByteSource,
  ReportFinding,
  ReportSlot,
  ReportValue,
  ValidationReport,
  ViewContent,
} from '../engine/ports.ts';
import { isRecord, list, readJson, type JsonRecord } from './json-file.ts';
import { clip } from './summary.ts';

export const REPORT_LIMIT = 64 * 1024 * 1024;
const DEEPEST = 20;
const FINDINGS = 1_000;
const SLOTS = 200;
/** Values of one finding, and of all together; rows of a value. */
const VALUES = 1_000;
const ALL_VALUES = 50_000;
const ROWS = 20;
/** Characters of a name or value, and of a sentence. */
const NAME = 400;
const SENTENCE = 4_000;

const record = (value: unknown): JsonRecord => (isRecord(value) ? value : {});
const textOf = (value: unknown, most = NAME): string | null =>
  typeof value === 'string' ? clip(value, most) : null;
const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
/** Uids become addresses: anything else is none. */
const uidOf = (value: unknown): string | null =>
  typeof value === 'string' && /^[0-9A-Za-z]{8,20}$/.test(value) ? value : null;

export const isReport = (value: unknown): value is JsonRecord =>
  isRecord(value) && value.report === 'validation' && Array.isArray(value.findings);

/** Null where the value is no report of a validation. */
export function asReport(value: unknown): ValidationReport | null {
  if (!isReport(value)) return null;
  const left = { values: ALL_VALUES };
  const all = list(value.findings).filter(isRecord);
  const findings = all.slice(0, FINDINGS).map((finding) => findingOf(finding, left));
  const counts = record(value.counts);
  const artifact = record(value.artifact);
  const schema = record(value.schema);
  return {
    artifact: { uid: uidOf(artifact.uid), key: textOf(artifact.key) },
    schema: { uid: uidOf(schema.uid), name: textOf(schema.name) },
    at: timeOf(value.validated_at),
    // A verdict that its own findings speak against is none.
    ok: value.ok === true && all.every((finding) => finding.severity === 'notice'),
    counts: {
      errors: all.filter(({ severity }) => severity !== 'notice').length,
      notices: all.filter(({ severity }) => severity === 'notice').length,
      cells: numberOf(counts.cells) ?? 0,
      terms: numberOf(counts.terms) ?? 0,
      validTerms: numberOf(counts.validTerms) ?? 0,
    },
    slots: list(value.slots).filter(isRecord).slice(0, SLOTS).map(slotOf),
    findings,
    more: all.length - findings.length,
  };
}

/** Throws where the file is no report or too large to be shown. */
export async function viewReport(source: ByteSource): Promise<ViewContent> {
  const report = asReport(await readJson(source, 'report', { bytes: REPORT_LIMIT, depth: DEEPEST }));
  if (report === null) throw new Error('it is no report of a validation');
  return { kind: 'report', report };
}

function timeOf(value: unknown): string | null {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(value)) return null;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

const slotOf = (slot: JsonRecord): ReportSlot => ({
  slot: textOf(slot.slot) ?? '',
  schema: { uid: uidOf(slot.schemaUid), name: textOf(slot.schemaName) },
  ok: slot.ok === true,
  rows: numberOf(slot.rows) ?? 0,
  columns: numberOf(slot.columns) ?? 0,
  known: numberOf(slot.known) ?? 0,
  errors: numberOf(slot.errors) ?? 0,
  notices: numberOf(slot.notices) ?? 0,
});

function findingOf(finding: JsonRecord, left: { values: number }): ReportFinding {
  const given = list(finding.values).filter(isRecord);
  const values = given.slice(0, Math.min(VALUES, left.values)).map(valueOf);
  left.values -= values.length;
  return {
    severity: finding.severity === 'notice' ? 'notice' : 'error',
    kind: textOf(finding.kind, 40) ?? '',
    slot: textOf(finding.slot) ?? '',
    column: textOf(finding.column),
    message: textOf(finding.message, SENTENCE) ?? 'No reason is given.',
    values,
    valueCount: Math.max(numberOf(finding.value_count) ?? 0, given.length),
    cells: numberOf(finding.cells),
  };
}

const valueOf = (value: JsonRecord): ReportValue => ({
  text: textOf(value.value) ?? '',
  cells: numberOf(value.cells),
  rows: list(value.first_rows)
    .slice(0, ROWS)
    .map(numberOf)
    .filter((row) => row !== null),
  standard: textOf(value.standard),
});
