// Validation as the engine offers it. Reading is handed in: the engine says what it wants to know of a dataset, twice (names
// first, then what the schema asks of them), and decides on what it was told. Saving a validated artifact is one act.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { findArtifact } from '../query/artifact-detail.ts';
import { one } from '../statement.ts';
import { suffixOf } from '../suffix.ts';
import { builtinOf, ensureBuiltin, findBuiltin } from './builtin.ts';
import type { Finding, ValidationResult } from './finding.ts';
import type { DatasetRead, FrameAsk } from './frame.ts';
import { saveInferred } from './infer.ts';
import { planOf, type CurateScope } from './plan.ts';
import { columnAsks, namedAsks, partAsks, propose, type SchemaProposal } from './propose.ts';
import { firstAsks, judge, secondAsks, type JudgedArtifact, type Validated } from './validate.ts';

export type { Finding, ValidationResult };

/** Looks into a dataset; whoever can. `total` is how many rows are gone through for it, 0 where that is not known. */
export type DatasetReader = (asks: readonly FrameAsk[], total: number) => Promise<DatasetRead>;

export interface SavedValidation {
  result: ValidationResult;
  /** False where the dataset is not valid: then nothing was written. */
  saved: boolean;
}

export function curatePart(context: EngineContext) {
  const { model, read, readInTurn, act, writer } = context;
  const scope: CurateScope = { model, author: writer.author };

  async function validated(
    schemaUid: string,
    reader: DatasetReader,
    artifact: JudgedArtifact | null,
  ): Promise<Validated & { schemaId: number; schemaName: string }> {
    const plan = read(planOf(scope, schemaUid));
    const asks = firstAsks(plan);
    const names = await reader(asks, 0);
    const second = read(secondAsks(scope, plan, names));
    // What is of another kind, or has none of the parts, needs no second look.
    const whole =
      second.asks.length === 0 ? names : merged(names, await reader(second.asks, rowsOf(names, second.asks)));
    const done = await readInTurn(judge(scope, second.plan, whole, artifact));
    return { ...done, schemaId: plan.schemaId, schemaName: plan.schemaName ?? plan.schemaUid };
  }

  function artifactOf(uid: string): { id: number; suffix: string; name: string } {
    const { id } = read(findArtifact(writer.journal.hidden.without, uid));
    const row = read(one('SELECT suffix, coalesce(key, uid) FROM lamindb_artifact WHERE id = ?', [id]));
    return { id, suffix: String(row?.[0] ?? ''), name: String(row?.[1] ?? uid) };
  }

  return {
    /** A dataset against a schema; nothing is written. With an artifact's uid its own features and suffix count too. */
    validateDataset: async (
      schemaUid: string,
      reader: DatasetReader,
      artifact: string | null = null,
    ): Promise<ValidationResult> =>
      (await validated(schemaUid, reader, artifact === null ? null : artifactOf(artifact))).result,

    /** The same of a file that is no artifact yet, as it would be judged once it is one: its suffix counts. */
    validateFile: async (schemaUid: string, reader: DatasetReader, name: string): Promise<ValidationResult> =>
      (await validated(schemaUid, reader, { id: null, suffix: suffixOf(name).canonical })).result,

    /**
     * Validates an artifact's dataset and, where it is valid, notes the schema on the artifact, links what was inferred per
     * slot, and annotates it with the distinct values of categorical columns. One act, one undo.
     */
    async saveValidated(uid: string, schemaUid: string, reader: DatasetReader): Promise<SavedValidation> {
      const request = context.request();
      const { id, suffix, name } = artifactOf(uid);
      const { result, rows, schemaId, schemaName } = await validated(schemaUid, reader, { id, suffix });
      if (!result.ok) return { result, saved: false };
      // The artifact may be gone by now: reading took its time.
      artifactOf(uid);
      writer.act(
        {
          kind: 'validate',
          title: `Validate ${name} against ${schemaName}`,
          ...(request === null ? {} : { uid: request }),
        },
        (tx) => saveInferred(tx, id, schemaId, rows),
      );
      return { result, saved: true };
    },

    /** What a schema of the dataset may ask: columns with their features, or types for new ones. Nothing is made. */
    async proposeSchema(reader: DatasetReader): Promise<SchemaProposal> {
      const { otype } = await reader([], 0);
      const first = await reader(partAsks(otype), 0);
      const further = namedAsks(first);
      const names =
        further.length === 0
          ? first
          : { ...first, frames: [...first.frames, ...(await reader(further, 0)).frames] };
      const asks = columnAsks(names);
      return readInTurn(propose(scope, names, await reader(asks, rowsOf(names, asks))));
    },

    /** One of LaminDB's built-in schemas, made when it is first asked for. */
    builtinSchema(name: string): { uid: string } {
      const known = builtinOf(name);
      const there = read(findBuiltin(known));
      if (there) return { uid: there.uid };
      const made = act(
        'create',
        `New Schema ${known}`,
        (tx) => ensureBuiltin(tx, known),
        () => findBuiltin(known),
      );
      if (made === null)
        throw new LoamError('DoesNotExist', `The schema ${known} was made and is gone again.`);
      return { uid: made.uid };
    },
  };
}

function rowsOf({ frames }: DatasetRead, asks: readonly FrameAsk[]): number {
  return asks.reduce((sum, { slot, columns, index }) => {
    const frame = frames.find((one) => one.slot === slot);
    return sum + (frame?.rows ?? 0) * (columns.length + (index === 'none' ? 0 : 1));
  }, 0);
}

/** Parts that are missing were not asked for again. */
function merged(first: DatasetRead, second: DatasetRead): DatasetRead {
  const frames = first.frames.map((frame) => second.frames.find(({ slot }) => slot === frame.slot) ?? frame);
  const bytes = [first.bytesRead, second.bytesRead].filter((one) => one !== null);
  return {
    otype: second.otype ?? first.otype,
    frames,
    bytesRead: bytes.length === 0 ? null : bytes.reduce((sum, one) => sum + one, 0),
  };
}
