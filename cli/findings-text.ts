// What a validation found, to be read in a terminal: the verdict, a line for each slot, then what is wrong as a table with
// its values below. Long lists are cut here; `--json` has them whole.
import type {
  Finding,
  FindingValue,
  SlotResult,
  ValidationResult,
} from '../src/lib/engine/curate/finding.ts';

const shownValues = 10;

export function findingsText(file: string, result: ValidationResult): string {
  const { schema, counts, slots, findings } = result;
  const name = schema.name === null ? schema.uid : `"${schema.name}"`;
  const told = [
    counts.errors > 0 ? amount(counts.errors, 'problem') : '',
    counts.notices > 0 ? amount(counts.notices, 'notice') : '',
  ].filter((text) => text !== '');
  const verdict = result.ok ? `valid for schema ${name}` : `not valid for schema ${name}`;
  return [
    `${file}: ${verdict}${told.length > 0 ? ` (${told.join(', ')})` : ''}`,
    ...slots.map(slotText),
    ...(findings.length > 0 ? ['', ...findingLines(findings, slots.length > 1)] : []),
  ].join('\n');
}

function slotText({ slot, ok, rows, columns, known }: SlotResult): string {
  const size = `${amount(rows, 'row')}, ${amount(columns, 'column')}, ${known.toLocaleString('en')} known`;
  return `  ${slot}: ${ok ? 'valid' : 'not valid'}, ${size}`;
}

function findingLines(findings: readonly Finding[], withSlots: boolean): string[] {
  const places = findings.map(({ slot, column }) =>
    oneLine(withSlots && column !== null ? `${slot}: ${column}` : (column ?? slot)),
  );
  const width = Math.min(30, Math.max(...places.map((place) => [...place].length)));
  return findings.flatMap((one, i) => {
    const word = one.severity === 'error' ? 'problem' : 'notice ';
    const place = places[i] ?? '';
    const gap = ' '.repeat(Math.max(0, width - [...place].length));
    return [`${word}  ${place}${gap}  ${oneLine(one.message)}`, ...valueLines(one)];
  });
}

/** Values that the sentence does not tell already with all that is known of them. */
function valueLines({ values, valueCount }: Finding): string[] {
  if (
    !values.some(({ standard, suggestions }) => standard !== null || suggestions.length > 0) &&
    valueCount <= 5
  )
    return [];
  const lines = values.slice(0, shownValues).map((value) => `           ${valueText(value)}`);
  const more = valueCount - lines.length;
  return more > 0
    ? [...lines, `           and ${more.toLocaleString('en')} more (--json lists them)`]
    : lines;
}

function valueText({ text, count, standard, suggestions }: FindingValue): string {
  const cells = count === null ? '' : ` (${amount(count, 'cell')})`;
  const hint =
    standard !== null
      ? ` → '${oneLine(standard)}'`
      : suggestions.length > 0
        ? `, like ${suggestions.map((one) => `'${oneLine(one)}'`).join(', ')}`
        : '';
  return `'${oneLine(text)}'${cells}${hint}`;
}

const amount = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

/** What a file holds stays on its line and moves no cursor. */
const oneLine = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- hostile names of columns
  text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
