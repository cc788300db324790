// Whether an account may do what a record says: every row of every operation is judged by `mayWrite`, with the spaces and
// branches that it leaves and enters. Old ones are read from the replica, nothing is believed of the record but its author.
import type { Model } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { seedIds } from '../../src/lib/engine/schema/seed.ts';
import { mayWrite, type Access } from '../../src/lib/engine/sync/access.ts';
import type { PlacedRecord, SyncOperation } from '../../src/lib/engine/sync/record.ts';
import { createStandings, type Standing } from './standing.ts';

export interface Judge {
  /** What is wrong with the record, in words; null where its account may do all of it. `proven`: the server made it itself. */
  judge(access: Access, placed: PlacedRecord, proven: boolean): string | null;
  /** What was judged so far is in the tables, or was given up. */
  forget(): void;
}

const nowhere: Standing = { space: null, branch: null };

export function createJudge(driver: SqlDriver, model: Model, instance: string): Judge {
  const standings = createStandings(driver, model);

  function judgeOperation(
    access: Access,
    placed: PlacedRecord,
    operation: SyncOperation,
    proven: boolean,
  ): string | null {
    const { record } = placed;
    const table = model.tables.get(operation.t);
    const asked = {
      ...{ instance, author: record.author, kind: record.act.kind, proven, branch: record.branch },
      ...{ table: operation.t, change: operation.k },
    };
    const ask = (
      space: { old: string | null; new: string | null },
      rowBranch = { old: null, new: null } as typeof space,
    ) => {
      const verdict = mayWrite(access, { ...asked, space, rowBranch });
      return verdict.may ? null : verdict.message;
    };
    const none = { old: null, new: null };
    // Of a table that a newer version has nothing is done here; what is known of it is its author and its branch.
    if (!table) return ask(none);
    const rows = standings.rowsOf(operation);
    // It brings back, or takes back, what is not here: that has no effect, and is judged as far as it can be.
    if (rows === null) return ask(none);
    /** Rows that stand alike are judged once. */
    const judged = new Set<string>();
    for (const { key, value } of rows) {
      // Of an insert too: one whose key there is already would change that row.
      const before = standings.of(table, key);
      const fresh = operation.k === 'i' ? standings.ofNew(table, value, record.branch) : nowhere;
      for (const old of before.length > 0 ? before : [nowhere]) {
        const next = operation.k === 'i' ? fresh : operation.k === 'd' ? nowhere : afterUpdate(old, value);
        if (operation.k !== 'd') standings.say(table, key, next);
        const branches = placesOf(record.branch, operation.k, old.branch, next.branch);
        const text = `${old.space} ${next.space} ${branches.old} ${branches.new}`;
        if (judged.has(text)) continue;
        judged.add(text);
        const wrong = ask({ old: old.space, new: next.space }, branches);
        if (wrong !== null) return wrong;
      }
    }
    return null;
  }

  return {
    judge(access, placed, proven) {
      for (const operation of placed.record.operations) {
        const wrong = judgeOperation(access, placed, operation, proven);
        if (wrong !== null) return wrong;
      }
      return null;
    },
    forget: () => standings.forget(),
  };
}

function afterUpdate(old: Standing, value: (column: string) => unknown): Standing {
  const [space, branch] = [value('space_id'), value('branch_id')];
  return {
    space: typeof space === 'string' ? space : old.space,
    branch: typeof branch === 'string' ? branch : old.branch,
  };
}

/**
 * The branches that a row leaves and enters. A record of a branch changes a row of another one only in what its own branch
 * has otherwise (0033), so that the branch of the record alone decides; one of main reaches every row in the tables.
 */
function placesOf(
  of: string,
  change: 'i' | 'u' | 'd',
  old: string | null,
  next: string | null,
): { old: string | null; new: string | null } {
  if (change !== 'i' && of !== seedIds.main.uid && old !== of && next === old)
    return { old: null, new: null };
  // Equal ones are no move: `mayWrite` asks of them only where it is another branch than the record's.
  if (old !== null && old === next && old !== of) return { old, new: null };
  return { old, new: next };
}
