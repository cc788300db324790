// The report of a validation as a file; formats/validation-report.ts reads it back for people.
import type { ValidationResult } from '../workers/curation-wire.ts';
import type { ArtifactDetail } from '../workers/wire.ts';

export interface SchemaNamed {
  uid: string;
  name: string;
}

/** What a validation found, as a file that people and programs read. */
export function reportOf(
  artifact: Pick<ArtifactDetail, 'uid' | 'key'>,
  schema: SchemaNamed,
  result: ValidationResult,
  at: Date,
): string {
  const { findings, ...rest } = result;
  return `${JSON.stringify(
    {
      report: 'validation',
      artifact: { uid: artifact.uid, key: artifact.key },
      validated_at: at.toISOString(),
      ...rest,
      schema,
      findings: findings.map(({ values, valueCount, ...finding }) => ({
        ...finding,
        value_count: valueCount,
        // As the table has them: rows from 1, the header is none.
        values: values.map(({ text, count, rows, standard }) => ({
          value: text,
          cells: count,
          first_rows: rows.map((row) => row + 1),
          ...(standard === null ? {} : { standard }),
        })),
      })),
    },
    null,
    2,
  )}\n`;
}
