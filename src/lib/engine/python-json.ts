// Values as Python writes them: json.dumps (spaces after separators, escaped non-ASCII), str() and numbers by repr. Equal
// values must be equal bytes on both sides, since LaminDB hashes these texts.

interface PythonStyle {
  sorted?: boolean;
  /** Whole numbers are floats: `1.0`. */
  float?: boolean;
}

/** JSON as Python's json.dumps writes it (spaces after separators), so that equal values are equal bytes in both. */
export function toPythonJson(value: unknown, style: PythonStyle = {}): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return asciiJson(value);
  if (typeof value === 'number') return pythonNumber(value, style.float ?? false);
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((v) => toPythonJson(v, style)).join(', ')}]`;
  const entries = Object.entries(value);
  if (style.sorted) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([k, v]) => `${asciiJson(k)}: ${toPythonJson(v, style)}`).join(', ')}}`;
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Python's repr of a number: exponents from 1e16 on and below 1e-4, of at least two digits. */
function pythonNumber(value: number, float: boolean): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return float ? `${value}.0` : String(value);
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e16) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Python's str(): what LaminDB hashes for every value that is no dict. */
export function pythonText(value: unknown, float: boolean): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return pythonNumber(value, float);
  if (!Array.isArray(value)) return String(value);
  return `[${value.map((v) => (typeof v === 'string' ? pythonQuoted(v) : pythonText(v, float))).join(', ')}]`;
}

/** Single quotes, unless the text has some and no double ones. */
function pythonQuoted(text: string): string {
  const escaped = text
    .replace(/\\/g, '\\\\')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\t/g, '\\t');
  if (text.includes("'") && !text.includes('"')) return `"${escaped}"`;
  return `'${escaped.replace(/'/g, "\\'")}'`;
}
