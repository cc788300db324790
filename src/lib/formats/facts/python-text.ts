// Values as Python writes them: str() and repr() of numbers, texts and bytes. Facts are compared with those that Python
// readers give, and these are the words they use.

/** repr(float): the shortest digits that give the number back, with an exponent outside of 1e-4 … 1e16. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0.0';
  return withExponent(value, shortest(value.toExponential()));
}

/** str(numpy.float32): as above, with the digits that a 32-bit float needs. */
export function float32Text(value: number): string {
  if (!Number.isFinite(value) || value === 0) return floatText(value);
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return withExponent(value, shortest(text));
  }
  return floatText(value);
}

/** Digits without the point and the exponent of the first of them. */
export interface Digits {
  digits: string;
  exponent: number;
}

export function shortest(exponential: string): Digits {
  const [mantissa = '0', exponent = '0'] = exponential.replace('-', '').startsWith('e')
    ? ['0', '0']
    : exponential.replace(/^-/, '').split('e');
  return { digits: mantissa.replace('.', '').replace(/0+$/, '') || '0', exponent: Number(exponent) };
}

function withExponent(value: number, { digits, exponent }: Digits): string {
  const sign = value < 0 ? '-' : '';
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** What Python shows as it is: everything but control, format and private characters, and spaces other than the usual one. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

/** repr(str). */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const char of text) {
    if (char === quote || char === '\\') out += `\\${char}`;
    else if (char === '\n') out += '\\n';
    else if (char === '\r') out += '\\r';
    else if (char === '\t') out += '\\t';
    else if (char !== ' ' && UNPRINTABLE.test(char)) {
      const code = char.codePointAt(0) ?? 0;
      const hex = code.toString(16);
      out +=
        code < 256
          ? `\\x${hex.padStart(2, '0')}`
          : code < 65_536
            ? `\\u${hex.padStart(4, '0')}`
            : `\\U${hex.padStart(8, '0')}`;
    } else out += char;
  }
  return out + quote;
}

/** repr(bytes). */
export function bytesText(bytes: Uint8Array): string {
  const quote = bytes.includes(39) && !bytes.includes(34) ? '"' : "'";
  let out = `b${quote}`;
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    if (char === quote || char === '\\') out += `\\${char}`;
    else if (byte === 10) out += '\\n';
    else if (byte === 13) out += '\\r';
    else if (byte === 9) out += '\\t';
    else if (byte < 32 || byte > 126) out += `\\x${byte.toString(16).padStart(2, '0')}`;
    else out += char;
  }
  return out + quote;
}

export const boolText = (value: boolean): string => (value ? 'True' : 'False');

/** Characters as Python counts them. */
export function cut(text: string, limit: number): string {
  return text.length <= limit ? text : Array.from(text).slice(0, limit).join('');
}
