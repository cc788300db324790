// Timelines as the engine's facade offers them: of any row, a page at a time, and the way back to any state on them.
import type { EngineContext } from '../context.ts';
import { one } from '../statement.ts';
import type { HistoryAsk, HistoryPage, RestoreLine } from '../write/history-types.ts';
import type { Ref } from './registry-types.ts';
import { resolveRef } from './resolve.ts';
import { restorePlan, restoreState, type Restored } from './restore-state.ts';
import { timeline } from './row-history.ts';
import { labelOf, nameOf, registryOf } from './tables.ts';

export function historyPart({ model, read, act, writer }: EngineContext) {
  const { journal, author } = writer;
  function found(registry: string, ref: Ref) {
    const table = registryOf(model, registry);
    return { table, id: read(resolveRef(table, ref, { author })) };
  }

  return {
    /** Newest first; `before` of the answer is where the next page begins. */
    timeline(registry: string, ref: Ref, ask: HistoryAsk = {}): HistoryPage {
      const { table, id } = found(registry, ref);
      return read(timeline(journal, author, table, id, ask));
    },
    /** What putting the row back to how it was after a record would change, all of it or some parts. */
    restorePlan(registry: string, ref: Ref, record: number, parts: string[] | null = null): RestoreLine[] {
      const { table, id } = found(registry, ref);
      return read(restorePlan(journal, author, table, id, record, parts));
    },
    /** Does that as one act. What is in the way stays and is told. */
    restoreState(registry: string, ref: Ref, record: number, parts: string[] | null = null): Restored {
      const { table, id } = found(registry, ref);
      const [name] = read(one(`SELECT "${nameOf(table)}" FROM "${table.name}" WHERE id = ?`, [id])) ?? [];
      const what = parts?.length === 1 ? 'an earlier value of' : 'an earlier state of';
      const title = `Put back ${what} ${labelOf(table)} ${String(name ?? id).slice(0, 80)}`;
      return (
        act('restore', title, (tx) => restoreState(tx, table, id, record, parts)) ?? { done: 0, left: [] }
      );
    },
  };
}
