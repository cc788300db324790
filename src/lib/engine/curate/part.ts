// Validation as the engine offers it. Reading is handed in: the engine says what it wants to know of a dataset, twice (names
// first, then what the schema asks of them), and decides on what it was told.
import type { EngineContext } from '../context.ts';
import type { Finding, ValidationResult } from './finding.ts';
import type { DatasetRead, FrameAsk } from './frame.ts';
import { planOf, type CurateScope } from './plan.ts';
import { firstAsks, judge, secondAsks, type Validated } from './validate.ts';

export type { Finding, ValidationResult };

/** Looks into a dataset; whoever can. */
export type DatasetReader = (asks: readonly FrameAsk[]) => Promise<DatasetRead>;

export function curatePart(context: EngineContext) {
  const { model, read, readInTurn, writer } = context;
  const scope: CurateScope = { model, author: writer.author };

  async function validated(schemaUid: string, reader: DatasetReader): Promise<Validated> {
    const plan = read(planOf(scope, schemaUid));
    const names = await reader(firstAsks(plan));
    const second = read(secondAsks(scope, plan, names));
    // What is of another kind, or has none of the parts, needs no second look.
    const whole = second.asks.length === 0 ? names : merged(names, await reader(second.asks));
    return readInTurn(judge(scope, second.plan, whole));
  }

  return {
    /** A dataset against a schema; nothing is written. */
    validateDataset: async (schemaUid: string, reader: DatasetReader): Promise<ValidationResult> =>
      (await validated(schemaUid, reader)).result,
  };
}

/** Parts that are missing were not asked for again. */
function merged(first: DatasetRead, second: DatasetRead): DatasetRead {
  const frames = first.frames.map((frame) => second.frames.find(({ slot }) => slot === frame.slot) ?? frame);
  const bytes = [first.bytesRead, second.bytesRead].filter((one) => one !== null);
  return {
    otype: second.otype ?? first.otype,
    frames,
    bytesRead: bytes.length === 0 ? null : Math.max(...bytes),
  };
}
