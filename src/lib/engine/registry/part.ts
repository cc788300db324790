// The registries as the engine's facade offers them: create, change, tie, trash, restore, delete for good and history for
// every registry of the model, named by class. One act per call, with a title in words; many rows are a job of slices.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import { writeValues } from '../features/host-values.ts';
import type { Table } from '../model/types.ts';
import { one, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import type { HistoryEntry } from '../write/history-types.ts';
import { tableOf } from '../write/journal.ts';
import type { Transaction } from '../write/transaction.ts';
import { behaviourOf } from './behaviours.ts';
import { blockTable, removeBlock, saveBlock, savePage, type BlockInput, type SavedBlock } from './block.ts';
import { membersOf } from './collection.ts';
import { create } from './create.ts';
import { refuseCurrentStorage } from './place.ts';
import { carryOut, describeFall, walkFall } from './purge.ts';
import { keysNamed, removePurged } from './purged-bytes.ts';
import type {
  Created,
  CreateOptions,
  FeatureValues,
  Fields,
  PurgePlan,
  Purged,
  Ref,
  RelationChange,
  Updated,
  ValueAct,
  ValueReading,
} from './registry-types.ts';
import { relate } from './relate.ts';
import { resolveRef, resolveRefs } from './resolve.ts';
import { rowHistory, rowIn } from './row-history.ts';
import { told } from './rows.ts';
import { hasTrash, labelOf, nameOf, registryOf } from './tables.ts';
import { archiveRows, restoreRows, trashRows } from './trash.ts';
import { updateRow } from './update.ts';

/** Up to here a transaction is about as long as a slice would be. */
const atOnce = 200;

export function registryPart(context: EngineContext) {
  const { model, read, act, jobs, writer, blobs, random, storageId, request } = context;
  const scope = { author: writer.author };
  const journal = writer.journal;

  const tableFor = (registry: string): Table => registryOf(model, registry);
  const idOf = (table: Table, ref: Ref): number => read(resolveRef(table, ref, scope));
  const idsOf = (table: Table, refs: readonly Ref[]): number[] => {
    if (!Array.isArray(refs) || refs.length === 0)
      throw new LoamError('InvalidArgument', `Name at least one ${labelOf(table)}.`);
    return read(resolveRefs(table, refs, scope));
  };

  /** "ULabel Batch 1", or "3 ULabel rows". */
  function naming(table: Table, ids: readonly number[]): string {
    if (ids.length !== 1) return `${ids.length} ${labelOf(table)} rows`;
    const row = read(
      one(
        `SELECT "${nameOf(table)}"${table.column.has('uid') ? ', uid' : ', id'} FROM "${table.name}" WHERE id = ?`,
        [ids[0] ?? 0],
      ),
    );
    return `${labelOf(table)} ${short(String(row?.[0] ?? row?.[1] ?? ''))}`;
  }

  /** Few rows are one transaction, many a job; all of it or nothing. */
  async function onMany(
    kind: string,
    title: string,
    ids: readonly number[],
    body: (tx: Transaction, part: readonly number[]) => Steps<unknown>,
  ): Promise<void> {
    const steps = function* (tx: Transaction, part: readonly number[]): Steps<void> {
      yield* body(tx, part);
    };
    if (ids.length <= atOnce) act(kind, title, (tx) => steps(tx, ids));
    else await jobs.run({ uid: request() ?? randomUid(16, random), kind, title }, ids, steps);
  }

  async function storedSizes(): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    for (const { key, size } of await blobs.keys()) {
      sizes.set(key, size);
      // A folder's bytes lie below its key.
      const folder = /^\.lamindb\/[^/]+/.exec(key)?.[0];
      if (folder !== undefined && folder !== key) sizes.set(folder, (sizes.get(folder) ?? 0) + size);
    }
    return sizes;
  }

  async function planFor(table: Table, ids: readonly number[]): Promise<PurgePlan> {
    const fall = read(walkFall(model, table, ids, storageId));
    return read(describeFall(model, table, ids, fall, await storedSizes()));
  }

  async function purge(table: Table, ids: readonly number[]): Promise<Purged> {
    refuseCurrentStorage(table, ids, storageId);
    const sizes = await storedSizes();
    // Rows that have a trash may hold bytes: their end is final. The others come back by an undo.
    const kind = hasTrash(table) ? 'purge' : 'delete';
    const purged = act(kind, `Delete for good: ${naming(table, ids)}`, function* (tx) {
      const refuse = behaviourOf(table).remove;
      if (refuse) yield* refuse(tx, ids);
      const fall = yield* walkFall(model, table, ids, storageId);
      const rows = yield* carryOut(tx, table, ids, fall);
      return { rows, keys: fall.keys };
    });
    const stay = new Set(await removePurged(context.driver, blobs, context.namedElsewhere));
    const { rows, keys } = purged ?? { rows: 0, keys: [] };
    const sizeOf = (some: string[]) => some.reduce((sum, key) => sum + (sizes.get(key) ?? 0), 0);
    return {
      rows,
      bytes: sizeOf(keys.filter((key) => !stay.has(key))),
      kept: sizeOf(keys.filter((key) => stay.has(key))),
    };
  }

  return {
    /** Makes a row, or gives back the one LaminDB would give back. Links are part of the same act. */
    create(registry: string, fields: Fields, options: CreateOptions = {}): Created {
      const table = tableFor(registry);
      const name = fields[nameOf(table)] ?? fields['name'] ?? '';
      const made = act(
        'create',
        `New ${labelOf(table)} ${short(String(name))}`.trim(),
        (tx) => create(tx, registry, fields, options),
        (uid) => madeBy(uid, table),
      );
      return made ?? { ...lost(table), created: false, changed: [], similar: [], message: null };
    },

    /** Changes fields of one row. */
    update(registry: string, ref: Ref, changes: Fields): Updated {
      const table = tableFor(registry);
      const id = idOf(table, ref);
      const fresh = changes[nameOf(table)];
      const title =
        typeof fresh === 'string'
          ? `Rename ${naming(table, [id])} to ${short(fresh)}`
          : `Edit ${naming(table, [id])}`;
      const done = act('update', title, (tx) => updateRow(tx, table, id, changes));
      return done ?? { registry: labelOf(table), uid: read(told(table, id)).uid, changed: [], warnings: [] };
    },

    /** Adds and removes ties of one relation, e.g. parents, projects, artifacts of a collection's label. */
    relate(registry: string, ref: Ref, relation: string, change: RelationChange): void {
      const table = tableFor(registry);
      const id = idOf(table, ref);
      act('relate', `Change ${relation} of ${naming(table, [id])}`, (tx) =>
        relate(tx, table, id, relation, change),
      );
    },

    /**
     * Feature values of artifacts, runs and records: `set` replaces all, `add` adds, `update` replaces those named, `remove`
     * takes away. Answers in words what was to be removed and not there.
     */
    async writeFeatures(
      registry: string,
      refs: readonly Ref[],
      what: ValueAct,
      values: FeatureValues,
      options: ValueReading = {},
    ): Promise<string[]> {
      const table = tableFor(registry);
      const ids = idsOf(table, refs);
      const warnings: string[] = [];
      const verb = { set: 'Set', add: 'Add', update: 'Update', remove: 'Remove' }[what];
      await onMany('features', `${verb} features of ${naming(table, ids)}`, ids, function* (tx, part) {
        warnings.push(...(yield* writeValues(tx, table, part, what, values, options)));
      });
      return warnings;
    },

    /** Moves rows to the trash; a type takes the rows below it along. */
    async trash(registry: string, refs: readonly Ref[]): Promise<void> {
      const table = tableFor(registry);
      const ids = idsOf(table, refs);
      await onMany('trash', `Move to trash: ${naming(table, ids)}`, ids, (tx, part) =>
        trashRows(tx, table, part),
      );
    },
    /** Hides rows without scheduling them for deletion. */
    async archive(registry: string, refs: readonly Ref[]): Promise<void> {
      const table = tableFor(registry);
      const ids = idsOf(table, refs);
      await onMany('archive', `Archive ${naming(table, ids)}`, ids, (tx, part) =>
        archiveRows(tx, table, part),
      );
    },
    /** Brings rows back from trash or archive to the branch each came from. */
    async restore(registry: string, refs: readonly Ref[]): Promise<void> {
      const table = tableFor(registry);
      const ids = idsOf(table, refs);
      await onMany('restore', `Restore ${naming(table, ids)}`, ids, (tx, part) =>
        restoreRows(tx, table, part),
      );
    },

    /** Of these keys of the store of bytes those that an artifact here has its bytes under: asked by another database. */
    keysNamed: (keys: string[]): string[] => read(keysNamed(keys)),
    /** What deleting for good would take; shown before `purge` is called. */
    async purgePlan(registry: string, refs: readonly Ref[]): Promise<PurgePlan> {
      const table = tableFor(registry);
      return planFor(table, idsOf(table, refs));
    },
    /** Deletes rows for good with all that the plan lists, stored bytes included. */
    async purge(registry: string, refs: readonly Ref[]): Promise<Purged> {
      const table = tableFor(registry);
      return purge(table, idsOf(table, refs));
    },

    /** A new version of a collection with more artifacts; the old version keeps its own. */
    appendToCollection(ref: Ref, artifacts: readonly Ref[], options: { run?: Ref } = {}): Created {
      const table = tableFor('Collection');
      const id = idOf(table, ref);
      const made = act(
        'append',
        `Append to ${naming(table, [id])}`,
        function* (tx) {
          const added = yield* resolveRefs(tableFor('Artifact'), artifacts, scope);
          const members = [...(yield* membersOf(id)), ...added].map((artifact) => ({ id: artifact }));
          const run = options.run === undefined ? {} : { run: options.run };
          return yield* create(tx, 'Collection', { artifacts: members, revises: { id }, ...run });
        },
        (uid) => madeBy(uid, table),
      );
      return made ?? { ...lost(table), created: false, changed: [], similar: [], message: null };
    },

    /** Note or comment on a row; without a registry a page of the instance by key (`README.md`). */
    saveBlock(registry: string | null, ref: Ref | null, input: BlockInput): SavedBlock {
      const empty: SavedBlock = { uid: '', created: false, message: null };
      if (registry === null) {
        const key = typeof ref === 'string' ? ref : null;
        return act('note', `Write ${key ?? 'a page'}`, (tx) => savePage(tx, key, input)) ?? empty;
      }
      const table = tableFor(registry);
      const id = idOf(table, ref ?? '');
      const word = input.kind === 'comment' ? 'Comment on' : 'Note on';
      return act('note', `${word} ${naming(table, [id])}`, (tx) => saveBlock(tx, table, id, input)) ?? empty;
    },
    removeBlock(registry: string | null, uid: string): void {
      const blocks =
        registry === null ? tableOf(model, 'lamindb_block') : blockTable(model, tableFor(registry)).blocks;
      act('note', 'Delete a note or comment', (tx) => removeBlock(tx, blocks, uid));
    },

    /** Who changed which field, when, on which branch; entries with `restorable` go back by `restoreFields`. */
    rowHistory(registry: string, ref: Ref): HistoryEntry[] {
      const table = tableFor(registry);
      return read(rowHistory(journal, table, idOf(table, ref)));
    },
  };

  /** What a re-sent request had made. */
  function* madeBy(uid: string, table: Table): Steps<Created | null> {
    const row = yield* rowIn(journal, uid, table.name);
    if (row === null) return null;
    const answer = yield* told(table, row.id);
    return { ...answer, created: row.made, changed: [], similar: [], message: null };
  }

  function lost(table: Table) {
    return { registry: labelOf(table), id: 0, uid: '', row: {} };
  }
}

const short = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);
