// Acts on a set of artifacts: annotate, trash, restore. Few rows are one transaction, many are a job of short slices;
// either way one act, all of it or nothing.
import type { EngineContext } from '../context.ts';
import { link, linkTerms, projectsByName, ulabelsByName } from '../features/labels.ts';
import { addValues } from '../features/values.ts';
import { someOf, type JobProgress } from '../jobs.ts';
import { artifactIds, type ArtifactSet } from '../query/artifact-set.ts';
import { one, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { tableOf } from '../write/journal.ts';
import { create } from './create.ts';
import type { AnnotateOptions } from './drop-types.ts';
import { restoreRows, trashRows } from './trash.ts';

/** Up to here a transaction is about as long as a slice would be. */
const atOnce = 200;

export function manyPart(context: EngineContext) {
  const { read, readInTurn, random, jobs, request, model, writer } = context;
  const artifacts = tableOf(model, 'lamindb_artifact');

  async function many(
    kind: string,
    verb: string,
    set: ArtifactSet,
    body: (tx: Transaction, ids: readonly number[]) => Steps<void>,
  ): Promise<void> {
    // Taken before anything is awaited: the next request has a uid of its own.
    const uid = request() ?? randomUid(16, random);
    // Other writes wait for this one, so the choice is that of one moment, however long it takes.
    const ids = someOf(
      await readInTurn(artifactIds(model, writer.journal.hidden.without, set, writer.journal)),
    );
    const title = `${verb} ${ids.length === 1 ? nameOf(ids[0] ?? 0) : `${ids.length} artifacts`}`;
    if (ids.length <= atOnce) writer.act({ uid, kind, title }, (tx) => body(tx, ids));
    else await jobs.run({ uid, kind, title }, ids, body);
  }

  const nameOf = (id: number) =>
    String(read(one('SELECT coalesce(key, uid) FROM lamindb_artifact WHERE id = ?', [id]))?.[0]);

  return {
    /** Labels, projects, features and a description for many artifacts as one act; new features are part of it. */
    annotate: (set: ArtifactSet, options: AnnotateOptions): Promise<void> =>
      many('annotate', 'Annotate', set, (tx, ids) => annotate(tx, ids, options)),
    trashArtifacts: (set: ArtifactSet): Promise<void> =>
      many('trash', 'Move to trash:', set, function* (tx, ids) {
        yield* trashRows(tx, artifacts, ids);
      }),
    restoreArtifacts: (set: ArtifactSet): Promise<void> =>
      many('restore', 'Restore', set, function* (tx, ids) {
        yield* restoreRows(tx, artifacts, ids);
      }),
    jobs: (): JobProgress[] => jobs.running(),
    cancelJob: (uid: string): void => jobs.cancel(uid),
  };
}

function* annotate(tx: Transaction, ids: readonly number[], options: AnnotateOptions): Steps<void> {
  const { labels = [], terms = [], projects = [], features = {}, newFeatures = {}, description } = options;
  if (labels.length > 0)
    yield* link(tx, 'lamindb_artifactulabel', 'ulabel_id', ids, yield* ulabelsByName(tx, labels));
  yield* linkTerms(tx, ids, terms);
  if (projects.length > 0)
    yield* link(tx, 'lamindb_artifactproject', 'project_id', ids, yield* projectsByName(tx, projects));
  // Slices after the first find the features of the first.
  for (const [name, dtype] of Object.entries(newFeatures)) yield* create(tx, 'Feature', { name, dtype });
  if (Object.keys(features).length > 0) yield* addValues(tx, ids, features);
  if (description) yield* update(tx, 'lamindb_artifact', ids, { description });
}
