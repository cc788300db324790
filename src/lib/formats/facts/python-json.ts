// JSON values as Python prints the objects it makes of them.
import { JsonNumber, type Json } from '../json-text.ts';
import { boolText, floatText, quoted } from './python-text.ts';

/** repr() of the parsed value. */
export function jsonRepr(json: Json): string {
  if (json === null) return 'None';
  if (typeof json === 'boolean') return boolText(json);
  if (typeof json === 'string') return quoted(json);
  if (json instanceof JsonNumber) return json.isWhole ? String(BigInt(json.text)) : floatText(json.value);
  if (Array.isArray(json)) return `[${json.map(jsonRepr).join(', ')}]`;
  return `{${[...json].map(([key, value]) => `${quoted(key)}: ${jsonRepr(value)}`).join(', ')}}`;
}

/** str() of the parsed value: texts stand without quotes. */
export const jsonText = (json: Json): string => (typeof json === 'string' ? json : jsonRepr(json));
