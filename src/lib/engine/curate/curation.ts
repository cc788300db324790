// Mending a dataset: what was read of it is held, fixes are applied to that, and the dataset is judged again without the file.
// A fix costs what changed: values that were looked up before are known until something is written, and columns are read
// when a fix first asks for more of them than was read.
import type { EngineContext } from '../context.ts';
import { findArtifact } from '../query/artifact-detail.ts';
import { one } from '../statement.ts';
import { columnsOf, isTransposed, rawAsk } from './asked-columns.ts';
import { changedColumn } from './changed-column.ts';
import type { ValidationResult } from './finding.ts';
import { explained, unexplained } from './explain.ts';
import { fixedIndex, renamedFrame, type Fix, type FixedColumn } from './fixes.ts';
import type { ColumnRead, ColumnWant, DatasetRead, FrameAsk, FrameRead, IndexRead } from './frame.ts';
import { createMemo, type TermMemo } from './memo.ts';
import type { DatasetReader } from './part.ts';
import { planOf, type CurateScope, type SlotPlan } from './plan.ts';
import { sameNames } from './same-names.ts';
import { createSimilar, type Suggestion } from './similar.ts';
import { firstAsks, judge, secondAsks, type JudgedArtifact } from './validate.ts';

export type { Fix, Suggestion };

/** A part of the dataset as the fixes leave it. */
export interface CurationSlot {
  slot: string;
  /** Its names are those of the table's rows (`var.T`). */
  transposed: boolean;
  columns: string[];
  rows: number;
  /** What the schema names, with what each asks. */
  members: { name: string; uid: string; dtype: string; required: boolean; nullable: boolean }[];
  /** Columns of the dataset that a missing one may be, best first. */
  renames: Record<string, Suggestion[]>;
}

export interface CurationCheck {
  result: ValidationResult;
  otype: string | null;
  slots: CurationSlot[];
  /** Whether a whole column can be converted: texts of a text table have no type. */
  casts: boolean;
  /** Milliseconds of judging, reading left out. */
  ms: number;
}

export interface CurationSession {
  /** Throws what the reader throws. */
  check(fixes: readonly Fix[]): Promise<CurationCheck>;
}

/** `textual`: a file of texts, whose types follow from what its cells say. */
export interface CurationSource {
  schema: string;
  /** Whose dataset it is; its own features and suffix count too. */
  artifact: string | null;
  reader: DatasetReader;
  textual: boolean;
}

/** Rows of a table whose texts are read before anybody changes them. */
const mostAhead = 200_000;

export function curationPart(context: EngineContext) {
  const { model, read, readInTurn, writer, clock } = context;
  const author = writer.author;
  const written = (): number => Number(read(one('SELECT total_changes()'))?.[0] ?? 0);

  function openCuration({ schema, artifact, reader, textual }: CurationSource): CurationSession {
    const firsts = new Map<string, DatasetRead>();
    const columns = new Map<string, ColumnRead>();
    const indexes = new Map<string, IndexRead | null>();
    /** Rows by slot; the first look at a text table does not go through them. */
    const rows = new Map<string, number>();
    let memo: TermMemo = createMemo();
    let memoAt = -1;
    /** What is read while nobody waits; asked for once. */
    let ahead: Promise<void> | null = null;

    function judged(): JudgedArtifact | null {
      if (artifact === null) return null;
      const { id } = read(findArtifact(writer.journal.hidden.without, artifact));
      const suffix = read(one('SELECT suffix FROM lamindb_artifact WHERE id = ?', [id]))?.[0] ?? '';
      return { id, suffix: String(suffix) };
    }

    async function firstRead(asks: readonly FrameAsk[]): Promise<DatasetRead> {
      const key = JSON.stringify(asks);
      let known = firsts.get(key);
      if (known === undefined) firsts.set(key, (known = await reader(asks, 0)));
      return known;
    }

    const isText = (read: ColumnRead | undefined): boolean =>
      read !== undefined && /^(object|category|string)$/.test(read.dtype);

    /** What was read of a column and answers the question; of texts all values were told to whoever asked less. */
    function held(slot: string, at: number, want: ColumnWant): ColumnRead | undefined {
      const own = columns.get(columnKey(slot, at, want));
      if (own !== undefined || want !== 'values') return own;
      const less = columns.get(columnKey(slot, at, 'whole'));
      return less?.values && isText(less) ? less : undefined;
    }

    const notRead = (asks: readonly RawAsk[]): FrameAsk[] =>
      asks.flatMap((ask): FrameAsk[] => {
        const missing = ask.columns.filter(({ at, want }) => held(ask.slot, at, want) === undefined);
        const index =
          ask.index !== 'none' && !indexes.has(indexKey(ask.slot, ask.index)) ? ask.index : 'none';
        if (missing.length === 0 && index === 'none' && rows.has(ask.slot)) return [];
        return [{ ...ask, columns: missing, index }];
      });

    /** Reads what is asked for and was not read before. */
    async function fill(asks: readonly RawAsk[]): Promise<void> {
      if (notRead(asks).length > 0) await ahead;
      await readLeft(asks);
    }

    async function readLeft(asks: readonly RawAsk[]): Promise<void> {
      const left = notRead(asks);
      if (left.length === 0) return;
      const found = await reader(left, 0);
      for (const frame of found.frames) {
        rows.set(frame.slot, frame.rows);
        const ask = left.find(({ slot }) => slot === frame.slot);
        for (const { at, want } of ask?.columns ?? []) {
          const column = frame.columns.find((one) => one.at === at);
          if (column) columns.set(columnKey(frame.slot, at, want), column);
        }
        if (ask && ask.index !== 'none') indexes.set(indexKey(frame.slot, ask.index), frame.index);
      }
    }

    return {
      async check(fixes) {
        const scope: CurateScope = { model, author };
        const plan = read(planOf(scope, schema));
        const first = await firstRead(firstAsks(plan));
        const fixed = new Map(
          first.frames.map((frame) => [frame.slot, columnsOf(plan.slots, frame, fixes)] as const),
        );
        const named: DatasetRead = {
          ...first,
          frames: first.frames.map((frame) => renamedFrame(frame, fixed.get(frame.slot) ?? [])),
        };
        const second = read(secondAsks(scope, plan, named));
        const asks = second.asks.map((ask) => rawAsk(ask, fixed.get(ask.slot) ?? [], fixes));
        await fill(asks);
        const began = clock();
        const frames = named.frames.map((frame): FrameRead => {
          const at = asks.findIndex(({ slot }) => slot === frame.slot);
          const [raw, ask] = [asks[at], second.asks[at]];
          if (raw === undefined || ask === undefined) return frame;
          return filled(
            { ...frame, rows: rows.get(frame.slot) ?? frame.rows },
            raw,
            ask,
            fixed.get(frame.slot) ?? [],
            fixes,
          );
        });
        const now = written();
        if (now !== memoAt) memo = createMemo();
        memoAt = now;
        const { result } = await readInTurn(
          judge({ ...scope, memo }, second.plan, { ...named, frames }, judged()),
        );
        await explain(result, second.plan.slots, fixed);
        for (const { slot, names } of first.frames) {
          const now = fixed.get(slot)?.map(({ name }) => name) ?? [];
          const same = isTransposed(plan.slots, slot) ? sameNames(slot, names, now) : null;
          if (same) result.findings.push(same);
          if (same) result.counts.notices++;
        }
        const slots = frames.flatMap((frame) => {
          const own = second.plan.slots.find(({ slot }) => slot === frame.slot);
          return own ? [slotOf(own, frame)] : [];
        });
        const ms = clock() - began;
        if (textual) ahead ??= readAhead(result, asks, fixed);
        return { result, otype: first.otype, slots, casts: !textual, ms };
      },
    };

    /**
     * All values of columns at fault and, of tables that are not large, of other texts, while the verdict is looked at: a text
     * table is gone through as a whole for the first edit of a column, which would then wait for it. What goes wrong is told to
     * whoever asks in earnest.
     */
    async function readAhead(
      { findings, ok }: ValidationResult,
      asks: readonly RawAsk[],
      fixed: ReadonlyMap<string, readonly FixedColumn[]>,
    ): Promise<void> {
      const wanted = asks.map((ask): RawAsk => {
        const { slot } = ask;
        const told = findings.filter((one) => one.slot === slot && one.severity === 'error');
        const faults = new Set(told.map(({ column }) => column));
        const few = (rows.get(slot) ?? Infinity) <= mostAhead;
        const texts = new Set(
          ask.columns.filter(({ at, want }) => few && isText(held(slot, at, want))).map(({ at }) => at),
        );
        const columns = (fixed.get(slot) ?? []).filter(({ name, at }) => faults.has(name) || texts.has(at));
        return { ...ask, columns: columns.map(({ at }) => ({ at, want: 'values' })), index: 'none' };
      });
      // Nothing of a valid table has to be mended.
      if (!ok) await readLeft(wanted).catch(() => {});
    }

    /** Texts among numbers are told value by value. */
    async function explain(
      result: ValidationResult,
      plans: readonly SlotPlan[],
      fixed: ReadonlyMap<string, readonly FixedColumn[]>,
    ): Promise<void> {
      for (const { finding, member } of unexplained(result.findings, plans, textual)) {
        const column = fixed.get(finding.slot)?.find(({ name }) => name === member.name);
        if (!column) continue;
        const ask: RawAsk = {
          slot: finding.slot,
          transposed: false,
          namesOnly: false,
          columns: [{ at: column.at, want: 'values' }],
          index: 'none',
        };
        await fill([ask]);
        const read = held(finding.slot, column.at, 'values');
        if (!read) continue;
        const told = explained(finding, member, changedColumn(read, column.changes, textual), textual);
        result.findings[result.findings.indexOf(finding)] = told;
        result.counts.cells += told.cells ?? 0;
      }
    }

    function filled(
      frame: FrameRead,
      raw: RawAsk,
      ask: FrameAsk,
      names: readonly FixedColumn[],
      fixes: readonly Fix[],
    ): FrameRead {
      const told = ask.columns.flatMap(({ at, want }, i): ColumnRead[] => {
        const from = raw.columns[i];
        const column = names[at];
        const read = from && held(frame.slot, from.at, from.want);
        if (!read || !column) return [];
        const changed = changedColumn(read, column.changes, textual, want);
        return [{ ...changed, at, name: column.name }];
      });
      const index = raw.index === 'none' ? null : (indexes.get(indexKey(frame.slot, raw.index)) ?? null);
      return { ...frame, columns: told, index: index && changedIndex(index, ask, fixes) };
    }

    function changedIndex(index: IndexRead, ask: FrameAsk, fixes: readonly Fix[]): IndexRead {
      const changes = fixedIndex(ask.slot, fixes);
      if (ask.index === 'none' || changes.length === 0 || !isNamed(index)) return index;
      let read = indexColumns.get(index);
      if (read === undefined) indexColumns.set(index, (read = { ...index, at: -1, name: '' }));
      const { at: _at, name: _name, ...changed } = changedColumn(read, changes, textual, ask.index);
      return { ...index, ...changed };
    }
  }

  return { openCuration };
}

/** An index as the column that its changes are made on: one object, by which they are remembered. */
const indexColumns = new WeakMap<IndexRead, ColumnRead>();

/** Plain numbers that are stored nowhere have no names to change, and of several levels none is meant. */
const isNamed = ({ range, levels }: IndexRead): boolean => !range && levels === 1;

/** An ask by the places that columns have in the file. */
type RawAsk = FrameAsk;

const columnKey = (slot: string, at: number, want: ColumnWant): string => `${slot}\0${at}\0${want}`;
const indexKey = (slot: string, want: ColumnWant): string => `${slot}\0${want}`;

function slotOf(plan: SlotPlan, frame: FrameRead): CurationSlot {
  const there = new Set(frame.names);
  const known = new Set(plan.members.map(({ name }) => name));
  const strangers = plan.transposed ? [] : [...new Set(frame.names)].filter((name) => !known.has(name));
  const names = createSimilar(strangers.map((name) => ({ name, synonyms: [] })));
  const missing = plan.members.filter(({ name, required }) => required && !there.has(name));
  return {
    slot: plan.slot,
    transposed: plan.transposed,
    columns: plan.transposed ? [] : [...frame.names],
    rows: frame.rows,
    members: plan.members.map(({ name, uid, dtype, required, nullable }) => ({
      name,
      uid,
      dtype: dtype.text,
      required,
      nullable,
    })),
    renames: Object.fromEntries(missing.map(({ name }) => [name, names.find(name, 3)])),
  };
}
