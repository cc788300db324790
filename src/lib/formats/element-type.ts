// One element of an array as NumPy names it, whether it lies in HDF5 or Zarr: `int64`, `>f4`, `|S7`, `object`, records.

export interface ElementType {
  kind:
    | 'bool'
    | 'int'
    | 'uint'
    | 'float'
    | 'complex'
    /** Text of fixed length in bytes (`S`) and in UTF-32 (`U`). */
    | 'bytes'
    | 'unicode'
    /** Text of any length: `object` in HDF5, `StringDType()` in Zarr. */
    | 'text'
    | 'record'
    /** A whole array in each element. */
    | 'array'
    /** Dates and durations, with their unit. */
    | 'time'
    /** Bytes without meaning (`V`). */
    | 'void'
    /** References, lists and what else NumPy keeps as Python objects. */
    | 'object';
  /** Bytes of one element where it is stored. */
  size: number;
  littleEndian: boolean;
  /** Records only: fields with their place in the element. */
  fields?: readonly Field[];
  /** Arrays only: what they hold and their shape. */
  of?: ElementType;
  shape?: readonly number[];
  /** Times only, such as `M8[ns]`. */
  unit?: string;
  /** Where the name differs from the rule, as Zarr's `StringDType()`. */
  name?: string;
}

export interface Field {
  name: string;
  offset: number;
  type: ElementType;
}

/** A type for people: int64, float32, bool, str, … */
export function elementWord(type: ElementType): string {
  switch (type.kind) {
    case 'text':
    case 'bytes':
    case 'unicode':
      return 'str';
    case 'int':
    case 'uint':
    case 'float':
    case 'complex':
      return `${type.kind}${type.size * 8}`;
    case 'record':
      return `record of ${type.fields?.length ?? '?'} fields`;
    case 'time':
      return 'datetime';
    default:
      return type.kind;
  }
}

/** Python's text of a NumPy dtype: `str(dtype)`. */
export function numpyName(type: ElementType): string {
  if (type.name !== undefined) return type.name;
  const bits = type.size * 8;
  const swapped = !type.littleEndian && type.size > 1;
  switch (type.kind) {
    case 'bool':
      return 'bool';
    case 'int':
    case 'uint':
    case 'float':
    case 'complex':
      return swapped ? numpyCode(type) : `${type.kind}${bits}`;
    case 'time': {
      const [letter, unit] = [type.unit?.[0], type.unit?.slice(2) ?? ''];
      return swapped ? numpyCode(type) : `${letter === 'm' ? 'timedelta64' : 'datetime64'}${unit}`;
    }
    case 'bytes':
    case 'unicode':
    case 'void':
      return numpyCode(type);
    case 'text':
    case 'object':
      return 'object';
    case 'record':
      return recordName(type);
    case 'array':
      return `('${fieldCode(type.of)}', ${tuple(type.shape ?? [])})`;
  }
}

/** NumPy's short code with byte order: `<i8`, `|S7`, `>f4`. */
export function numpyCode(type: ElementType): string {
  const order = type.littleEndian ? '<' : '>';
  switch (type.kind) {
    case 'bool':
      return '|b1';
    case 'int':
    case 'uint':
      return `${type.size === 1 ? '|' : order}${type.kind === 'int' ? 'i' : 'u'}${type.size}`;
    case 'float':
      return `${order}f${type.size}`;
    case 'complex':
      return `${order}c${type.size}`;
    case 'time':
      return `${order}${type.unit ?? 'M8'}`;
    case 'bytes':
      return `|S${type.size}`;
    case 'unicode':
      return `${order}U${type.size / 4}`;
    case 'void':
      return `|V${type.size}`;
    default:
      return '|O';
  }
}

/** The code inside a record, where NumPy leaves out what needs no byte order: `i1`, `S7`, `?`, `O`. */
function fieldCode(type: ElementType | undefined): string {
  if (type === undefined) return 'O';
  return type.kind === 'bool' ? '?' : numpyCode(type).replace('|', '');
}

function recordName(type: ElementType): string {
  const fields = type.fields ?? [];
  const packed = fields.reduce((at, field) => (at === field.offset ? at + fieldSize(field.type) : NaN), 0);
  if (packed === type.size) {
    const parts = fields.map(({ name, type: of }) =>
      of.kind === 'array'
        ? `(${quoted(name)}, '${fieldCode(of.of)}', ${tuple(of.shape ?? [])})`
        : `(${quoted(name)}, ${formatOf(of)})`,
    );
    return `[${parts.join(', ')}]`;
  }
  const list = (items: string[]): string => `[${items.join(', ')}]`;
  const formats = fields.map(({ type: of }) =>
    of.kind === 'array' ? `('${fieldCode(of.of)}', ${tuple(of.shape ?? [])})` : formatOf(of),
  );
  return `{'names': ${list(fields.map((field) => quoted(field.name)))}, 'formats': ${list(formats)}, 'offsets': ${list(fields.map((field) => String(field.offset)))}, 'itemsize': ${type.size}}`;
}

const formatOf = (type: ElementType): string =>
  type.kind === 'record' ? recordName(type) : `'${fieldCode(type)}'`;

const fieldSize = (type: ElementType): number =>
  type.kind === 'array'
    ? (type.shape ?? []).reduce((size, axis) => size * axis, type.of?.size ?? 0)
    : type.size;

const quoted = (name: string): string =>
  name.includes("'") && !name.includes('"')
    ? `"${name}"`
    : `'${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const tuple = (shape: readonly number[]): string =>
  shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;

/** A shape as Python prints the list of it: `[3, 4]`. */
export const listText = (numbers: readonly number[]): string => `[${numbers.join(', ')}]`;
