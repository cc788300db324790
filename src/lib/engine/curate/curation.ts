// Mending a dataset: what was read of it is held, fixes are applied to that, and the dataset is judged again without the file.
// A fix costs what changed: values that were looked up before are known until something is written, and columns are read
// when a fix first asks for more of them than was read.
import type { EngineContext } from '../context.ts';
import { findArtifact } from '../query/artifact-detail.ts';
import { one } from '../statement.ts';
import type { ValidationResult } from './finding.ts';
import { explained, unexplained } from './explain.ts';
import { changedColumn, fixedColumns, renamedFrame, type Fix, type FixedColumn } from './fixes.ts';
import type { ColumnRead, ColumnWant, DatasetRead, FrameAsk, FrameRead, IndexRead } from './frame.ts';
import { createMemo, type TermMemo } from './memo.ts';
import type { DatasetReader } from './part.ts';
import { planOf, type CurateScope, type SlotPlan } from './plan.ts';
import { createSimilar, type Suggestion } from './similar.ts';
import { firstAsks, judge, secondAsks, type JudgedArtifact } from './validate.ts';

export type { Fix, Suggestion };

/** A part of the dataset as the fixes leave it. */
export interface CurationSlot {
  slot: string;
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

    /** Reads what is asked for and was not read before. */
    async function fill(asks: readonly RawAsk[]): Promise<void> {
      const left = asks.flatMap((ask): FrameAsk[] => {
        const missing = ask.columns.filter(({ at, want }) => !columns.has(columnKey(ask.slot, at, want)));
        const index =
          ask.index !== 'none' && !indexes.has(indexKey(ask.slot, ask.index)) ? ask.index : 'none';
        if (missing.length === 0 && index === 'none' && rows.has(ask.slot)) return [];
        return [{ ...ask, columns: missing, index }];
      });
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
        const asks = second.asks.map((ask) => rawAsk(ask, fixed.get(ask.slot) ?? []));
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
          );
        });
        const now = written();
        if (now !== memoAt) memo = createMemo();
        memoAt = now;
        const { result } = await readInTurn(
          judge({ ...scope, memo }, second.plan, { ...named, frames }, judged()),
        );
        if (textual) await explain(result, second.plan.slots, fixed);
        const slots = frames.flatMap((frame) => {
          const own = second.plan.slots.find(({ slot }) => slot === frame.slot);
          return own ? [slotOf(own, frame)] : [];
        });
        return { result, otype: first.otype, slots, ms: clock() - began };
      },
    };

    /** Texts among numbers are told value by value. */
    async function explain(
      result: ValidationResult,
      plans: readonly SlotPlan[],
      fixed: ReadonlyMap<string, readonly FixedColumn[]>,
    ): Promise<void> {
      for (const { finding, member } of unexplained(result.findings, plans)) {
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
        const held = columns.get(columnKey(finding.slot, column.at, 'values'));
        if (!held) continue;
        const told = explained(finding, member, changedColumn(held, column.changes, textual));
        result.findings[result.findings.indexOf(finding)] = told;
        result.counts.cells += told.cells ?? 0;
      }
    }

    function filled(frame: FrameRead, raw: RawAsk, ask: FrameAsk, names: readonly FixedColumn[]): FrameRead {
      const told = ask.columns.flatMap(({ at, want }, i): ColumnRead[] => {
        const from = raw.columns[i];
        const column = names[at];
        const held = from && columns.get(columnKey(frame.slot, from.at, from.want));
        if (!held || !column) return [];
        const changed = changedColumn(held, column.changes, textual, want);
        return [{ ...changed, at, name: column.name }];
      });
      const index = ask.index === 'none' ? null : (indexes.get(indexKey(frame.slot, ask.index)) ?? null);
      return { ...frame, columns: told, index };
    }
  }

  return { openCuration };
}

/** An ask by the places that columns have in the file. */
type RawAsk = FrameAsk;

const columnKey = (slot: string, at: number, want: ColumnWant): string => `${slot}\0${at}\0${want}`;
const indexKey = (slot: string, want: ColumnWant): string => `${slot}\0${want}`;

/** Names of variables are no columns that could be dropped or renamed. */
function columnsOf(plans: readonly SlotPlan[], frame: FrameRead, fixes: readonly Fix[]): FixedColumn[] {
  const transposed = plans.find(({ slot }) => slot === frame.slot)?.transposed === true;
  return fixedColumns(frame.slot, frame.names, transposed ? [] : fixes);
}

/** Of columns that change all values are needed. */
function rawAsk(ask: FrameAsk, fixed: readonly FixedColumn[]): RawAsk {
  const columns = ask.columns.flatMap(({ at, want }) => {
    const column = fixed[at];
    if (column === undefined) return [];
    return [{ at: column.at, want: column.changes.length > 0 ? ('values' as const) : want }];
  });
  return { ...ask, columns };
}

function slotOf(plan: SlotPlan, frame: FrameRead): CurationSlot {
  const there = new Set(frame.names);
  const known = new Set(plan.members.map(({ name }) => name));
  const strangers = plan.transposed ? [] : [...new Set(frame.names)].filter((name) => !known.has(name));
  const names = createSimilar(strangers.map((name) => ({ name, synonyms: [] })));
  const missing = plan.members.filter(({ name, required }) => required && !there.has(name));
  return {
    slot: plan.slot,
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
