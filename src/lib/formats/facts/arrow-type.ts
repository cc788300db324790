// Arrow types as Arrow C++ (pyarrow) names them, from Arrow's own descriptions and, by parquet-schema.ts, from parquet's.
import type { DataType, Field } from 'apache-arrow';
import type * as Arrow from 'apache-arrow';

export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

export type ArrowType =
  | { id: 'null' | 'bool' }
  | { id: 'int' | 'uint'; bits: number }
  | { id: 'float'; bits: 16 | 32 | 64 }
  | { id: 'string' | 'binary'; size?: 'large' | 'view' | undefined }
  | { id: 'fixed'; bytes: number }
  | { id: 'date'; unit: 'day' | 'ms' }
  | { id: 'time'; unit: TimeUnit }
  | { id: 'timestamp'; unit: TimeUnit; zone: string | null }
  | { id: 'duration'; unit: TimeUnit }
  | { id: 'interval'; unit: 'month' | 'day_time' | 'month_day_nano' }
  | { id: 'decimal'; bits: number; precision: number; scale: number }
  | { id: 'list'; size?: 'large' | undefined; item: ArrowField }
  | { id: 'fixed-list'; length: number; item: ArrowField }
  | { id: 'struct'; fields: ArrowField[] }
  | { id: 'map'; key: ArrowField; value: ArrowField; entries: string; sorted: boolean }
  | { id: 'union'; mode: 'sparse' | 'dense'; fields: ArrowField[]; codes: number[] }
  | { id: 'dictionary'; values: ArrowType; indices: ArrowType; ordered: boolean }
  /** A type with a meaning of its own on top of another. */
  | { id: 'extension'; name: string; storage: ArrowType };

export interface ArrowField {
  name: string;
  type: ArrowType;
  nullable: boolean;
}

/** `str(pyarrow.DataType)`. */
export function arrowText(type: ArrowType): string {
  switch (type.id) {
    case 'null':
    case 'bool':
      return type.id;
    case 'int':
    case 'uint':
      return `${type.id}${type.bits}`;
    case 'float':
      return { 16: 'halffloat', 32: 'float', 64: 'double' }[type.bits];
    case 'string':
    case 'binary':
      return type.size === 'large' ? `large_${type.id}` : type.size === 'view' ? `${type.id}_view` : type.id;
    case 'fixed':
      return `fixed_size_binary[${type.bytes}]`;
    case 'date':
      return type.unit === 'day' ? 'date32[day]' : 'date64[ms]';
    case 'time':
      return `time${type.unit === 's' || type.unit === 'ms' ? 32 : 64}[${type.unit}]`;
    case 'timestamp':
      return `timestamp[${type.unit}${type.zone === null ? '' : `, tz=${type.zone}`}]`;
    case 'duration':
      return `duration[${type.unit}]`;
    case 'interval':
      return `${type.unit}_interval`;
    case 'decimal':
      return `decimal${type.bits}(${type.precision}, ${type.scale})`;
    case 'list':
      return `${type.size === 'large' ? 'large_' : ''}list<${fieldText(type.item)}>`;
    case 'fixed-list':
      return `fixed_size_list<${fieldText(type.item)}>[${type.length}]`;
    case 'struct':
      return `struct<${type.fields.map(fieldText).join(', ')}>`;
    case 'map': {
      const named = ({ name, type: of }: ArrowField, usual: string): string =>
        arrowText(of) + (name === usual ? '' : ` ('${name}')`);
      const sorted = type.sorted ? ', keys_sorted' : '';
      const entries = type.entries === 'entries' ? '' : ` ('${type.entries}')`;
      return `map<${named(type.key, 'key')}, ${named(type.value, 'value')}${sorted}${entries}>`;
    }
    case 'union':
      return `${type.mode}_union<${type.fields.map((field, i) => `${fieldText(field)}=${type.codes[i] ?? i}`).join(', ')}>`;
    case 'dictionary':
      return `dictionary<values=${arrowText(type.values)}, indices=${arrowText(type.indices)}, ordered=${Number(type.ordered)}>`;
    case 'extension':
      return `extension<${type.name}>`;
  }
}

const fieldText = ({ name, type, nullable }: ArrowField): string =>
  `${name}: ${arrowText(type)}${nullable ? '' : ' not null'}`;

const UNITS: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns'];

/** Extension types that pyarrow itself knows. */
const KNOWN_EXTENSIONS = new Set(['arrow.uuid', 'arrow.json', 'arrow.bool8', 'arrow.opaque']);

export function fromArrowField(arrow: typeof Arrow, field: Field): ArrowField {
  const type = fromArrow(arrow, field.type as DataType);
  const extension = field.metadata.get('ARROW:extension:name');
  return {
    name: field.name,
    nullable: field.nullable,
    type:
      extension !== undefined && KNOWN_EXTENSIONS.has(extension)
        ? { id: 'extension', name: extension, storage: type }
        : type,
  };
}

function fromArrow(arrow: typeof Arrow, type: DataType): ArrowType {
  const { DataType: is } = arrow;
  const children = (): ArrowField[] => type.children.map((child) => fromArrowField(arrow, child as Field));
  const child = (): ArrowField => {
    const [first] = children();
    if (first === undefined) throw new Error('a nested type without a child');
    return first;
  };
  if (is.isNull(type)) return { id: 'null' };
  if (is.isBool(type)) return { id: 'bool' };
  if (is.isInt(type)) return { id: type.isSigned ? 'int' : 'uint', bits: type.bitWidth };
  if (is.isFloat(type)) return { id: 'float', bits: ([16, 32, 64] as const)[type.precision] ?? 64 };
  if (is.isUtf8(type)) return { id: 'string' };
  if (is.isLargeUtf8(type)) return { id: 'string', size: 'large' };
  if (is.isUtf8View(type)) return { id: 'string', size: 'view' };
  if (is.isBinary(type)) return { id: 'binary' };
  if (is.isLargeBinary(type)) return { id: 'binary', size: 'large' };
  if (is.isBinaryView(type)) return { id: 'binary', size: 'view' };
  if (is.isFixedSizeBinary(type)) return { id: 'fixed', bytes: type.byteWidth };
  if (is.isDecimal(type))
    return { id: 'decimal', bits: type.bitWidth, precision: type.precision, scale: type.scale };
  if (is.isDate(type)) return { id: 'date', unit: type.unit === arrow.DateUnit.DAY ? 'day' : 'ms' };
  if (is.isTime(type)) return { id: 'time', unit: UNITS[type.unit] ?? 'ns' };
  if (is.isTimestamp(type))
    return { id: 'timestamp', unit: UNITS[type.unit] ?? 'ns', zone: type.timezone ?? null };
  if (is.isDuration(type)) return { id: 'duration', unit: UNITS[type.unit] ?? 'ns' };
  if (is.isInterval(type))
    return { id: 'interval', unit: (['month', 'day_time', 'month_day_nano'] as const)[type.unit] ?? 'month' };
  if (is.isList(type)) return { id: 'list', item: child() };
  if (is.isLargeList(type)) return { id: 'list', size: 'large', item: child() };
  if (is.isFixedSizeList(type)) return { id: 'fixed-list', length: type.listSize, item: child() };
  if (is.isStruct(type)) return { id: 'struct', fields: children() };
  if (is.isMap(type)) {
    const entries = child();
    const [key, value] = entries.type.id === 'struct' ? entries.type.fields : [];
    if (key === undefined || value === undefined) throw new Error('a map without keys or values');
    return { id: 'map', key, value, entries: entries.name, sorted: type.keysSorted };
  }
  if (is.isUnion(type))
    return {
      id: 'union',
      mode: type.mode === arrow.UnionMode.Sparse ? 'sparse' : 'dense',
      fields: children(),
      codes: Array.from(type.typeIds),
    };
  if (is.isDictionary(type))
    return {
      id: 'dictionary',
      values: fromArrow(arrow, type.dictionary as DataType),
      indices: fromArrow(arrow, type.indices as DataType),
      ordered: type.isOrdered,
    };
  throw new Error(`the type ${String(type)} is not known`);
}
