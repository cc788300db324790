// What pandas notes in a parquet file about the table it came from: which columns are the index, and the extension types
// (`Int64`, `boolean`, `string`) that Arrow's types do not tell.
import { JsonNumber, parseJson, type Json } from '../json-text.ts';

export interface PandasNotes {
  /** Columns of the index in order, or a range that is stored nowhere; null where nothing is noted. */
  index: ({ column: string } | { start: bigint; step: bigint; stop: bigint; name: string | null })[] | null;
  /** Names of the index's levels by column; null for a level without a name. */
  levels: Map<string, string | null>;
  /** pandas' extension types by column. */
  extensions: Map<string, string>;
}

export const NO_NOTES: PandasNotes = { index: null, levels: new Map(), extensions: new Map() };

const EXTENSION = /^(U?Int(8|16|32|64)|Float(32|64)|boolean|string(\[\w+\])?)$/;

/** The notes in the text under the key `pandas`; what is no such text is no note. */
export function pandasNotes(text: string | undefined): PandasNotes {
  if (text === undefined) return NO_NOTES;
  let json: Json;
  try {
    json = parseJson(text);
  } catch {
    return NO_NOTES;
  }
  if (!(json instanceof Map)) return NO_NOTES;
  const levels = new Map<string, string | null>();
  const extensions = new Map<string, string>();
  for (const column of list(json.get('columns'))) {
    if (!(column instanceof Map)) continue;
    const [name, field, type] = [column.get('name'), column.get('field_name'), column.get('numpy_type')];
    const stored = typeof field === 'string' ? field : typeof name === 'string' ? name : null;
    if (stored === null) continue;
    levels.set(stored, typeof name === 'string' ? name : null);
    if (typeof type === 'string' && EXTENSION.test(type))
      extensions.set(stored, type.startsWith('string') ? 'string' : type);
  }
  const index: NonNullable<PandasNotes['index']> = [];
  for (const entry of list(json.get('index_columns'))) {
    if (typeof entry === 'string') index.push({ column: entry });
    else if (entry instanceof Map && entry.get('kind') === 'range') {
      const name = entry.get('name');
      index.push({
        start: whole(entry.get('start')),
        stop: whole(entry.get('stop')),
        step: whole(entry.get('step')),
        name: typeof name === 'string' ? name : null,
      });
    }
  }
  return { index, levels, extensions };
}

const list = (json: Json | undefined): Json[] => (Array.isArray(json) ? json : []);
const whole = (json: Json | undefined): bigint =>
  json instanceof JsonNumber && json.isWhole ? BigInt(json.text) : 0n;
