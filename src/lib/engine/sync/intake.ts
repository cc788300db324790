// How what the server sends comes in: an update goes into its log, its records into the tables, and what was refused out of
// them, in one transaction, so that no crash leaves one without the other. What a connection, a bundle and the server's own
// turn call; who may send what is said by their policies (receive.ts).
import type { SqlDriver } from '../ports.ts';
import { runSync, withinTransaction, type Steps } from '../statement.ts';
import type { Writer } from '../write/writer.ts';
import { arrivals, markDone } from './arrivals.ts';
import type { SessionPlaces } from './places.ts';
import { createProjector, type Projected, type Projector } from './project.ts';
import { receiveUpdate, type Received, type ReceivePolicy } from './receive.ts';
import type { Refused } from './voids.ts';

export interface Taken {
  received: Received;
  projected: Projected;
}

export interface Intake {
  readonly projector: Projector;
  /**
   * Takes an update of a log: all of it or nothing. What is no update throws `UpdateRefused` with `why`, as `receive` does.
   * Records are done in the tables, or wait there for what their authors had seen; of those that are refused (`voids` of the
   * policy: by the server) what they did here is taken out again. The feed is told.
   */
  take(doc: string, update: Uint8Array, policy: ReceivePolicy): Taken;
  /** Records that are in the logs and not in the tables (an older version left them there). Null where there are none. */
  resume(): Projected | null;
  /** Records that were refused here, by somebody who refuses what is in the tables already (Postgres did): as in `take`. */
  takeOut(refused: readonly Refused[]): Projected;
}

export interface IntakeDeps {
  driver: SqlDriver;
  writer: Writer;
  /** A transaction runs already, and is committed or rolled back by somebody else, who calls `projector.forget` then. */
  within?: boolean;
  /** Rows that have another uid now. Of artifacts the bytes are to follow: call `followUids` (registry/astray.ts), at open too. */
  onMoved?: (moved: Projected['moved']) => void;
}

export function createIntake({ driver, writer, within = false, onMoved }: IntakeDeps): Intake {
  const { journal, author } = writer;
  const projector = createProjector(journal, author, (placed, record) => markDone(journal, placed, record));
  const whole = <T>(steps: Steps<T>): T => runSync(driver, within ? withinTransaction(steps) : steps);

  function tell(projected: Projected): void {
    for (const { uid, title, changes } of projected.acts) writer.announce({ uid, title }, changes);
    if (projected.moved.length > 0) onMoved?.(projected.moved);
  }

  /** What own records told, and what nobody has any more, the next ones tell again. */
  function retell(refused: readonly Refused[]): void {
    const places = journal.places as SessionPlaces | null;
    for (const { own, client, clock } of refused) if (own) places?.retell(client, clock);
  }

  return {
    projector,
    take(doc, update, policy) {
      let received: Received | null = null;
      function* first(): Steps<Received> {
        received = yield* receiveUpdate(journal, doc, update, policy);
        return received;
      }
      const projected = whole(projector.project([], { first: first() }));
      const done = received as Received | null;
      if (!done) throw new Error('An update was projected before it was received.');
      retell(done.refused);
      tell(projected);
      return { received: done, projected };
    },
    resume() {
      let last: Projected | null = null;
      for (let after = 0; ;) {
        const some = runSync(driver, arrivals(after));
        const newest = some.at(-1);
        if (!newest) return last;
        last = whole(projector.project(some.map(({ placed }) => placed)));
        tell(last);
        after = newest.seq;
      }
    },
    takeOut(refused) {
      const projected = whole(projector.project([], { refused }));
      retell(refused);
      tell(projected);
      return projected;
    },
  };
}
