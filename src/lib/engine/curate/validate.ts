// A dataset against a schema, in three steps between which its reader looks: what the schema asks (`plan.ts`), what has to be
// read now that names are known, and what is wrong. Every slot is told, also behind one that fails; LaminDB 2.12.1 stops at
// the first, and looks values up only where all columns are right.
import type { Steps } from '../statement.ts';
import { askOf, checkTable, finding, isLaminColumn } from './check-table.ts';
import { checkExternal, externalSlot } from './check-external.ts';
import { checkNames } from './check-names.ts';
import { checkTerms, type FoundRows } from './check-terms.ts';
import type { Finding, LaminCheck, SlotResult, ValidationResult } from './finding.ts';
import { mostDistinct, type ColumnRead, type DatasetRead, type FrameAsk, type FrameRead } from './frame.ts';
import {
  isTable,
  withNames,
  type CurateScope,
  type Member,
  type SlotPlan,
  type ValidationPlan,
} from './plan.ts';
import { sheetRows } from './sheet-links.ts';
import { slotFits, slotsOf } from './slots.ts';

/** What a saved dataset is annotated with, per slot. */
export interface SlotRows {
  plan: SlotPlan;
  /** Rows of the slot's registry that columns (or variables) are named by, in their order; the index first. */
  names: number[];
  /** Distinct values of categorical columns as rows, by the feature's id. */
  terms: { feature: number; rows: FoundRows[] }[];
  /** There was no name to look up. */
  empty: boolean;
}

export interface Validated {
  result: ValidationResult;
  rows: SlotRows[];
}

/** What is read first: names of columns, nothing of their values. */
export const firstAsks = (plan: ValidationPlan): FrameAsk[] =>
  plan.slots
    .filter(readable)
    .map(({ slot, transposed }) => ({ slot, transposed, columns: [], index: 'none', namesOnly: true }));

/** External features are no part of the dataset. */
const readable = ({ slot }: SlotPlan): boolean => slot !== externalSlot;

/** The plan with what a flexible schema takes of this dataset, and what is to be read of it. */
export function* secondAsks(
  scope: CurateScope,
  plan: ValidationPlan,
  read: DatasetRead,
): Steps<{ plan: ValidationPlan; asks: FrameAsk[] }> {
  const slots: SlotPlan[] = [];
  const asks: FrameAsk[] = [];
  for (const slot of plan.slots) {
    const frame = read.frames.find((one) => one.slot === slot.slot);
    if (frame === undefined || frame.missing !== null) {
      slots.push(slot);
      continue;
    }
    const whole = yield* withNames(scope, slot, frame.names);
    slots.push(whole);
    asks.push(askOf(whole, frame.names));
  }
  return { plan: { ...plan, slots }, asks };
}

/** The artifact that the dataset is, or will be: then it has no id yet. */
export interface JudgedArtifact {
  id: number | null;
  suffix: string;
}

export function* judge(
  scope: CurateScope,
  plan: ValidationPlan,
  read: DatasetRead,
  artifact: JudgedArtifact | null = null,
): Steps<Validated> {
  const wrongKind = refuseKind(plan, read);
  const slots: SlotResult[] = [];
  const findings: Finding[] = [...wrongKind];
  const rows: SlotRows[] = [];
  const counts = { errors: 0, notices: 0, cells: 0, terms: 0, validTerms: 0 };
  for (const slot of wrongKind.length > 0 ? [] : plan.slots.filter(readable)) {
    const frame = read.frames.find((one) => one.slot === slot.slot);
    const judged = frame === undefined ? null : yield* judgeSlot(scope, slot, frame);
    if (judged === null) continue;
    findings.push(...judged.findings);
    rows.push(judged.rows);
    counts.terms += judged.asked;
    counts.validTerms += judged.valid;
    const errors = judged.findings.filter((one) => one.severity === 'error').length;
    slots.push({
      slot: slot.slot,
      schemaUid: slot.schemaUid,
      schemaName: slot.schemaName,
      ok: errors === 0,
      rows: frame?.rows ?? 0,
      columns: frame?.names.length ?? 0,
      known: judged.known,
      errors,
      notices: judged.findings.length - errors,
    });
  }
  const external = plan.slots.find(({ slot }) => slot === externalSlot);
  if (external) findings.push(...(yield* checkExternal(scope, external, artifact?.id ?? null)));
  if (artifact !== null) findings.push(...refuseSuffix(plan, artifact));
  for (const one of findings) {
    if (one.severity === 'notice') counts.notices++;
    else {
      counts.errors++;
      counts.cells += one.cells ?? 0;
    }
  }
  const sorted = [
    ...findings.filter((one) => one.severity === 'error'),
    ...findings.filter((one) => one.severity === 'notice'),
  ];
  const result: ValidationResult = {
    ok: counts.errors === 0,
    schema: { uid: plan.schemaUid, name: plan.schemaName },
    slots,
    findings: sorted,
    counts,
  };
  return { result, rows };
}

/** A schema for another kind of dataset is refused before anything is looked at. */
function refuseKind(plan: ValidationPlan, read: DatasetRead): Finding[] {
  const asked = isTable(plan.otype) ? 'DataFrame' : plan.otype;
  const told = (message: string, check: LaminCheck): Finding =>
    finding({ slot: plan.slots[0]?.slot ?? 'columns' }, 'schema', null, check, message);
  if (read.otype === null)
    return [
      told(
        'This file holds no table and no AnnData, MuData or SpatialData, so no schema can be asked.',
        'InvalidArgument',
      ),
    ];
  if (asked !== read.otype) {
    return [
      told(
        `The schema is for ${String(asked)}, but this is ${read.otype}. Choose a schema for ${read.otype}.`,
        'InvalidArgument',
      ),
    ];
  }
  const odd = plan.slots.filter((slot) => readable(slot) && !slotFits(read.otype, slot.slot));
  return odd.map((slot) => ({
    ...told(
      `The slot '${slot.slot}' cannot be validated in ${String(read.otype)}; ${slotsOf(read.otype)} can. Make a schema without it.`,
      'ValueError',
    ),
    slot: slot.slot,
  }));
}

function refuseSuffix(plan: ValidationPlan, { suffix }: JudgedArtifact): Finding[] {
  if (plan.suffix === null || plan.suffix === suffix) return [];
  const message = `The schema is for ${plan.suffix} files, but this one is ${suffix === '' ? 'without a suffix' : suffix}. Save the dataset as ${plan.suffix}, or choose another schema.`;
  return [finding({ slot: plan.slots[0]?.slot ?? 'columns' }, 'schema', null, 'ValidationError', message)];
}

interface SlotJudged {
  findings: Finding[];
  rows: SlotRows;
  known: number;
  asked: number;
  valid: number;
}

function* judgeSlot(scope: CurateScope, plan: SlotPlan, frame: FrameRead): Steps<SlotJudged> {
  const rows: SlotRows = { plan, names: [], terms: [], empty: true };
  if (frame.missing !== null) {
    const { message, available } = frame.missing;
    const there = available.length === 0 ? '' : ` There are: ${available.slice(0, 20).join(', ')}.`;
    const told = finding(plan, 'slot', null, 'InvalidArgument', `${message}${there}`);
    return { findings: [told], rows, known: 0, asked: 0, valid: 0 };
  }
  const findings = checkTable(plan, frame);
  const names = yield* checkNames(scope, plan, frame.names);
  findings.push(...names.findings);
  rows.names = [...(plan.index ? [plan.index.id] : []), ...names.ids.filter((id) => id !== plan.index?.id)];
  rows.empty = frame.names.length === 0 && plan.index === null;
  const sheet = sheetRows(plan, frame);
  let [asked, valid] = [0, 0];
  for (const { member, read, place } of categorical(plan, frame)) {
    if (
      findings.some(
        (one) => one.column === member.name && one.severity === 'error' && one.kind === 'duplicate_column',
      )
    )
      continue;
    if (read.cut) {
      findings.push(tooMany(plan, member, place.kind));
      continue;
    }
    const checked = yield* checkTerms(scope, plan, member, read.values ?? [], place, sheet);
    findings.push(...checked.findings);
    asked += checked.asked;
    valid += checked.valid;
    if (checked.rows.length > 0) rows.terms.push({ feature: member.id, rows: checked.rows });
  }
  return { findings, rows, known: names.known, asked, valid };
}

/** What was not read cannot be called valid. */
function tooMany(plan: SlotPlan, member: Member, kind: 'terms' | 'index'): Finding {
  const message = `'${member.name}' has more than ${mostDistinct.toLocaleString('en')} distinct values, too many to look up. Is ${member.dtype.text} meant? Make it a str, or split the dataset.`;
  return finding(plan, kind, member.name, 'ValidationError', message);
}

/** Columns whose values are looked up, in their order; the index last. */
function categorical(
  plan: SlotPlan,
  frame: FrameRead,
): {
  member: Member;
  read: Pick<ColumnRead, 'values' | 'cut'>;
  place: { kind: 'terms' | 'index'; text: string };
}[] {
  const members = new Map(plan.members.map((member) => [member.name, member]));
  const found = frame.columns.flatMap((read) => {
    const member = members.get(read.name);
    if (!member || member.dtype.categories.length === 0 || isLaminColumn(read.name)) return [];
    return [{ member, read, place: { kind: 'terms' as const, text: `The column '${read.name}'` } }];
  });
  const { index } = plan;
  if (index === null || frame.index === null || index.dtype.categories.length === 0) return found;
  return [
    ...found,
    { member: index, read: frame.index, place: { kind: 'index', text: `The index '${index.name}'` } },
  ];
}
