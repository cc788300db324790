// A field while it is being written: the text as typed or the row as picked, and the value that is handed to the engine. The
// engine checks what it means; here only what is no value at all is refused, in words.
import type { Cell, FieldInfo, RegistryInfo, RowLink } from '../workers/wire.ts';

/** Fields that say most about a row, in the order in which forms and pages show them; others come behind. */
export const usualFields = [
  ...[
    'type',
    'description',
    'abbr',
    'url',
    'dtype',
    'ontology_id',
    'organism',
    'synonyms',
    'unit',
    'kind',
    'status',
  ],
  ...['start_date', 'end_date', 'doi', 'date', 'schema', 'transform', 'params'],
];

export interface FieldDraft {
  text: string;
  row: RowLink | null;
}

export const emptyDraft = (): FieldDraft => ({ text: '', row: null });

export function draftOf(field: FieldInfo, cell: Cell | undefined): FieldDraft {
  if (!cell || 'rows' in cell || 'values' in cell) return emptyDraft();
  if ('row' in cell) return { text: '', row: cell.row };
  const { value } = cell;
  if (value === null) return emptyDraft();
  if (field.type === 'json') return { text: JSON.stringify(value, null, 1), row: null };
  if (field.type === 'datetime' && typeof value === 'string') return { text: value.slice(0, 16), row: null };
  return { text: typeof value === 'string' ? value : String(value), row: null };
}

export const sameDraft = (a: FieldDraft, b: FieldDraft): boolean =>
  a.text === b.text && a.row?.key === b.row?.key;

export class NoValue extends Error {}

/** How a row is named to the engine: by uid or, where its registry has none, by id. */
export const refOf = (registry: RegistryInfo, key: string): { uid: string } | { id: number } =>
  registry.hasUid ? { uid: key } : { id: Number(key) };

/** The value as the engine takes it; null for none. Throws `NoValue`. */
export function writtenValue(field: FieldInfo, draft: FieldDraft, target: RegistryInfo | undefined): unknown {
  if (field.type === 'reference') return draft.row && target ? refOf(target, draft.row.key) : null;
  const typed = draft.text.trim();
  const choice = field.choices?.find((one) => String(one.value) === typed);
  // States are written by their word.
  if (choice && field.writes === 'status') return choice.title;
  if (choice) return choice.value;
  if (typed === '') return null;
  switch (field.type) {
    case 'number': {
      const value = Number(typed.replace(/(?<=\d)[, ](?=\d{3}(\D|$))/g, ''));
      if (!Number.isFinite(value)) throw new NoValue(`“${typed}” is no number.`);
      return value;
    }
    case 'bool':
      return typed === 'true';
    case 'json':
      try {
        return JSON.parse(typed) as unknown;
      } catch {
        throw new NoValue('This is no JSON: texts stand in double quotes, as in {"lane": "2"}.');
      }
    case 'datetime':
      return typed.length === 16 ? `${typed}:00` : typed;
    default:
      return field.long ? draft.text : typed;
  }
}
