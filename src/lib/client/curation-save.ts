// What mending ends in: the fixed copy as a new version with a Run that tells what was done to which file, and the report of a
// validation, kept as the report of the Run that made it (features rows 44 and 51).
import type { Fix, FixedDataset, ValidationResult } from '../workers/curation-wire.ts';
import type { ArtifactDetail } from '../workers/wire.ts';
import { besideItem, dropSaved } from './drop-saved.ts';
import { reportOf, type SchemaNamed } from './report-file.ts';
import { session } from './session.svelte.ts';
import { splitKey } from './words.ts';

const curateCode =
  '# Loam, curate: the fixes of params.fixes, applied in their order to the input. Cells that no fix names stay as they are.\n';
const validateCode =
  '# Loam, validate: the input against the schema of params.schema. What was found is the report of the run.\n';

/** The new version's uid, and what is to be known about it: what stays with the old one, or that its content was there already. */
export async function saveCopy(
  artifact: ArtifactDetail,
  { file, files }: FixedDataset,
  fixes: readonly Fix[],
  schema: SchemaNamed,
  signal: AbortSignal,
): Promise<{ uid: string; message: string | null; made: boolean }> {
  const key = artifact.key ?? `curated/${file?.name ?? artifact.uid}`;
  const { drop } = await session.engine.drop([{ id: 'fixed', key, file, files }], {
    made: {
      key: 'loam/curate',
      kind: 'function',
      code: curateCode,
      description: 'Fixes of a dataset made on the Curate screen',
      params: { schema: schema.uid, fixes },
      inputs: [artifact.uid],
    },
    // The same content may be another artifact's: the fixed dataset is this one's next version all the same.
    sameContent: 'existing',
  });
  const { artifact: saved, message, verdict } = await dropSaved(drop, signal);
  const made = verdict === 'new' || verdict === 'version';
  return { uid: saved?.uid ?? artifact.uid, message, made };
}

/**
 * The report of a verdict. Where that is valid the artifact is noted as validated first, with what its columns are and the
 * terms in them; the report then tells what was found at that moment.
 */
export async function keepVerdict(
  artifact: Pick<ArtifactDetail, 'uid' | 'key'>,
  schema: SchemaNamed,
  told: ValidationResult,
  signal: AbortSignal,
  token?: string,
): Promise<{ report: string; ok: boolean }> {
  const { result } = told.ok
    ? await session.engine.saveValidated(artifact.uid, schema.uid, token)
    : { result: told };
  return { report: await keepReport(artifact, schema, result, signal), ok: result.ok };
}

/** Keeps the report as an artifact that the Run of this validation names as its own; answers its uid. */
export async function keepReport(
  artifact: Pick<ArtifactDetail, 'uid' | 'key'>,
  schema: SchemaNamed,
  result: ValidationResult,
  signal: AbortSignal,
): Promise<string> {
  const at = new Date();
  const text = reportOf(artifact, schema, result, at);
  const name = `${splitKey(artifact.key ?? artifact.uid).name}.validation.json`;
  const file = new File([text], name, { type: 'application/json' });
  const { ok, counts } = result;
  const { drop } = await session.engine.drop(
    [{ id: besideItem, key: `reports/${artifact.uid}/${at.getTime()}-${name}`, file, files: null }],
    {
      description: `Validation of ${artifact.key ?? artifact.uid} against ${schema.name}`,
      made: {
        key: 'loam/validate',
        kind: 'function',
        code: validateCode,
        description: 'Validations on the Curate screen',
        params: {
          schema: schema.name,
          schema_uid: schema.uid,
          ok,
          errors: counts.errors,
          notices: counts.notices,
        },
        inputs: [artifact.uid],
      },
    },
  );
  const saved = await dropSaved(drop, signal);
  const uid = saved.artifact?.uid ?? '';
  await session.engine.keepReport(uid);
  return uid;
}
