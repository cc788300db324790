// Which values keep a column from being what a feature asks for. LaminDB tells the column alone; a person who is to mend a file
// needs the cells. In files of texts one odd value makes texts of all; in others it keeps the column from being converted.
import { withValues } from './check-table.ts';
import { unfitForFloat, unfitForInt, unfitForTime } from './coercion.ts';
import type { Finding } from './finding.ts';
import type { ColumnRead, ValueRead } from './frame.ts';
import type { Member, SlotPlan } from './plan.ts';
import { count, listed, rowsText } from './words.ts';

const truth = /^(true|false)$/i;

/** Findings that say of a column of texts only that it is one, with the column that they are about. */
export function unexplained(
  findings: readonly Finding[],
  plans: readonly SlotPlan[],
  textual: boolean,
): { finding: Finding; member: Member }[] {
  // No column of another file is made one of times.
  const asked = ['int', 'float', 'num', 'bool', ...(textual ? ['date', 'datetime'] : [])];
  return findings.flatMap((finding) => {
    if (finding.kind !== 'dtype' || finding.values.length > 0) return [];
    const plan = plans.find(({ slot }) => slot === finding.slot);
    const member = plan?.members.find(({ name }) => name === finding.column);
    if (!member || member.dtype.list || !asked.includes(member.dtype.simple ?? '')) return [];
    return [{ finding, member }];
  });
}

/** The finding with the values at fault; as it was where no value can be blamed. */
export function explained(
  finding: Finding,
  { name, dtype }: Member,
  read: ColumnRead,
  textual: boolean,
): Finding {
  const odd = oddValues(dtype.simple ?? '', read);
  if (odd.length === 0) return finding;
  const cells = odd.reduce((sum, value) => sum + value.count, 0);
  const rows = odd.flatMap((value) => value.rows).sort((a, b) => a - b);
  const is = odd.length === 1 ? 'value is' : 'values are';
  const message = `The column '${name}': ${count(odd.length, is, is)} no ${dtype.text}: ${listed(odd.map(({ text }) => text))}${rowsText(rows, cells)}. ${textual ? `Change them, and the column is read as ${dtype.text}` : 'Change them, then convert the column'}.`;
  return withValues({ ...finding, message }, odd);
}

function oddValues(simple: string, read: ColumnRead): ValueRead[] {
  const { values, dtype } = read;
  if (values === null) return [];
  const texts: ColumnRead = { ...read, dtype: 'object', kinds: [] };
  if (simple === 'bool') return values.filter(({ text }) => !truth.test(text));
  if (dtype === 'object' && (simple === 'float' || simple === 'num')) return unfitForFloat(texts) ?? [];
  if (simple === 'int') return unfitForInt(texts) ?? [];
  if (dtype === 'object' && (simple === 'date' || simple === 'datetime'))
    return unfitForTime(texts, simple) ?? [];
  return [];
}
