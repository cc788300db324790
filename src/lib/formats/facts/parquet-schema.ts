// Parquet's schema as Arrow types, by the rules of Arrow C++ (parquet/arrow/schema.cc): annotations of lists and maps in
// their new and old forms, logical types before converted ones, and what the writer's own Arrow schema adds to that.
// Beside the types it gives the tree by which values are put together: levels and leaves.
import type { SchemaTree } from 'hyparquet';
import type { ArrowField, ArrowType, TimeUnit } from './arrow-type.ts';

/** How a field's values are stored. `def` is the definition level from which on a value is there at all. */
export type ParquetNode = {
  field: ArrowField;
  def: number;
} & (
  | { shape: 'leaf'; leaf: Leaf }
  | { shape: 'struct'; fields: ParquetNode[] }
  /** `filled` is the level from which on the list has an element, `rep` the level of its further elements. */
  | { shape: 'list'; filled: number; rep: number; item: ParquetNode }
  | { shape: 'map'; filled: number; rep: number; key: ParquetNode; value: ParquetNode }
);

/** One stored column. */
export interface Leaf {
  /** Its place among all stored columns. */
  index: number;
  physical: string;
  typeLength: number | undefined;
  /** From the root to the leaf, as the page reader wants it. */
  path: SchemaTree[];
  maxDef: number;
  maxRep: number;
}

interface Levels {
  def: number;
  rep: number;
  path: SchemaTree[];
}

/** The top-level fields. Throws where annotations contradict the tree. */
export function parquetFields(root: SchemaTree): ParquetNode[] {
  let leaves = 0;

  function node(tree: SchemaTree, above: Levels): ParquetNode {
    const { element } = tree;
    const repeated = element.repetition_type === 'REPEATED';
    const levels = below(tree, above);
    if (repeated) {
      // Without an annotation a repeated field is a list whose elements are always there.
      const item = content(tree, levels, false);
      return listOf(element.name, false, above.def, levels, item);
    }
    return content(tree, levels, element.repetition_type === 'OPTIONAL');
  }

  /** A field of which the levels are known: leaf, list, map or struct. */
  function content(tree: SchemaTree, levels: Levels, nullable: boolean): ParquetNode {
    const { element, children } = tree;
    const field = (type: ArrowType): ArrowField => ({ name: element.name, type, nullable });
    if (children.length === 0 && element.num_children === undefined) {
      const leaf: Leaf = {
        index: leaves++,
        physical: element.type ?? '',
        typeLength: element.type_length,
        path: levels.path,
        maxDef: levels.def,
        maxRep: levels.rep,
      };
      return { shape: 'leaf', field: field(leafType(element)), def: levels.def, leaf };
    }
    const annotation = annotationOf(element);
    const [only] = children;
    if (annotation === 'map' && only?.element.repetition_type === 'REPEATED' && only.children.length === 2)
      return mapOf(tree, only, levels, nullable);
    if (annotation !== null && children.length === 1 && only?.element.repetition_type === 'REPEATED')
      return annotatedList(tree, only, levels, nullable);
    const fields = children.map((child) => node(child, levels));
    return {
      shape: 'struct',
      field: field({ id: 'struct', fields: fields.map((one) => one.field) }),
      def: levels.def,
      fields,
    };
  }

  function annotatedList(
    tree: SchemaTree,
    repeated: SchemaTree,
    levels: Levels,
    nullable: boolean,
  ): ParquetNode {
    const inner = below(repeated, levels);
    const { name } = repeated.element;
    const [only] = repeated.children;
    const wrapper = repeated.children.length === 1 && name !== 'array' && !name.endsWith('_tuple');
    const item = wrapper && only !== undefined ? node(only, inner) : content(repeated, inner, false);
    return listOf(tree.element.name, nullable, levels.def, inner, item);
  }

  function listOf(
    name: string,
    nullable: boolean,
    def: number,
    inner: Levels,
    item: ParquetNode,
  ): ParquetNode {
    return {
      shape: 'list',
      field: { name, nullable, type: { id: 'list', item: item.field } },
      def,
      filled: inner.def,
      rep: inner.rep,
      item,
    };
  }

  function mapOf(tree: SchemaTree, entries: SchemaTree, levels: Levels, nullable: boolean): ParquetNode {
    const inner = below(entries, levels);
    const [key, value] = entries.children.map((child) => node(child, inner));
    if (key === undefined || value === undefined) throw new Error('a map without keys or values');
    const { name } = tree.element;
    const type: ArrowType = { id: 'map', key: key.field, value: value.field, entries: name, sorted: false };
    return {
      shape: 'map',
      field: { name, nullable, type },
      def: levels.def,
      filled: inner.def,
      rep: inner.rep,
      key,
      value,
    };
  }

  const start: Levels = { def: 0, rep: 0, path: [root] };
  return root.children.map((child) => node(child, start));
}

function below(tree: SchemaTree, { def, rep, path }: Levels): Levels {
  const kind = tree.element.repetition_type;
  return {
    def: def + Number(kind !== 'REQUIRED'),
    rep: rep + Number(kind === 'REPEATED'),
    path: [...path, tree],
  };
}

type Element = SchemaTree['element'];

function annotationOf({ logical_type: logical, converted_type: converted }: Element): 'list' | 'map' | null {
  if (logical?.type === 'LIST' || converted === 'LIST') return 'list';
  if (logical?.type === 'MAP' || converted === 'MAP' || converted === 'MAP_KEY_VALUE') return 'map';
  return null;
}

const UNITS: Record<string, TimeUnit> = { MILLIS: 'ms', MICROS: 'us', NANOS: 'ns' };

function leafType(element: Element): ArrowType {
  const { type, logical_type: logical, converted_type: converted } = element;
  switch (logical?.type) {
    case 'STRING':
      return { id: 'string' };
    case 'NULL':
      return { id: 'null' };
    case 'INTEGER':
      return { id: logical.isSigned ? 'int' : 'uint', bits: logical.bitWidth };
    case 'DATE':
      return { id: 'date', unit: 'day' };
    case 'TIME':
      return { id: 'time', unit: UNITS[logical.unit] ?? 'us' };
    case 'TIMESTAMP':
      return {
        id: 'timestamp',
        unit: UNITS[logical.unit] ?? 'us',
        zone: logical.isAdjustedToUTC ? 'UTC' : null,
      };
    case 'DECIMAL':
      return decimal(logical.precision, logical.scale);
    case 'FLOAT16':
      return { id: 'float', bits: 16 };
    case 'JSON':
      return { id: 'extension', name: 'arrow.json', storage: { id: 'string' } };
    case 'UUID':
      return { id: 'extension', name: 'arrow.uuid', storage: { id: 'fixed', bytes: 16 } };
  }
  const number = /^(U?)INT_(\d+)$/.exec(converted ?? '');
  if (number) return { id: number[1] ? 'uint' : 'int', bits: Number(number[2]) };
  switch (converted) {
    case 'UTF8':
      return { id: 'string' };
    case 'JSON':
      return { id: 'extension', name: 'arrow.json', storage: { id: 'string' } };
    case 'DATE':
      return { id: 'date', unit: 'day' };
    case 'TIME_MILLIS':
      return { id: 'time', unit: 'ms' };
    case 'TIME_MICROS':
      return { id: 'time', unit: 'us' };
    case 'TIMESTAMP_MILLIS':
      return { id: 'timestamp', unit: 'ms', zone: 'UTC' };
    case 'TIMESTAMP_MICROS':
      return { id: 'timestamp', unit: 'us', zone: 'UTC' };
    case 'DECIMAL':
      return decimal(element.precision ?? 0, element.scale ?? 0);
  }
  switch (type) {
    case 'BOOLEAN':
      return { id: 'bool' };
    case 'INT32':
      return { id: 'int', bits: 32 };
    case 'INT64':
      return { id: 'int', bits: 64 };
    case 'INT96':
      return { id: 'timestamp', unit: 'ns', zone: null };
    case 'FLOAT':
      return { id: 'float', bits: 32 };
    case 'DOUBLE':
      return { id: 'float', bits: 64 };
    case 'BYTE_ARRAY':
      return { id: 'binary' };
    case 'FIXED_LEN_BYTE_ARRAY':
      return { id: 'fixed', bytes: element.type_length ?? 0 };
    default:
      throw new Error(`the stored type ${type ?? 'unknown'} is not known`);
  }
}

const decimal = (precision: number, scale: number): ArrowType => ({
  id: 'decimal',
  bits: precision > 38 ? 256 : 128,
  precision,
  scale,
});

/**
 * What an Arrow writer noted about a field, where parquet can hold it: categories, time zones, durations, large and
 * fixed-size forms, extensions. Names inside stay those of the file.
 */
export function withOrigin(type: ArrowType, origin: ArrowType): ArrowType {
  if (origin.id === 'extension')
    return { ...origin, storage: withOrigin(type.id === 'extension' ? type.storage : type, origin.storage) };
  const inner = type.id === 'extension' ? type.storage : type;
  if (origin.id === 'dictionary' && (inner.id === 'string' || inner.id === 'binary'))
    return {
      id: 'dictionary',
      values: withOrigin(inner, origin.values),
      indices: origin.indices,
      ordered: origin.ordered,
    };
  if (type.id === 'extension') return inner.id === origin.id ? withOrigin(inner, origin) : type;
  const item = (field: ArrowField, from: ArrowField): ArrowField => ({
    ...field,
    type: withOrigin(field.type, from.type),
  });
  if (type.id === 'list' && origin.id === 'list')
    return { ...type, size: origin.size, item: item(type.item, origin.item) };
  if (type.id === 'list' && origin.id === 'fixed-list')
    return { id: 'fixed-list', length: origin.length, item: item(type.item, origin.item) };
  if (type.id === 'struct' && origin.id === 'struct' && type.fields.length === origin.fields.length)
    return { ...type, fields: type.fields.map((field, i) => item(field, origin.fields[i] ?? field)) };
  if (type.id === 'map' && origin.id === 'map')
    return { ...type, key: item(type.key, origin.key), value: item(type.value, origin.value) };
  if (type.id === 'timestamp' && origin.id === 'timestamp')
    return type.zone !== null && origin.zone !== null ? { ...type, zone: origin.zone } : type;
  if ((type.id === 'string' || type.id === 'binary') && type.id === origin.id)
    return { ...type, size: origin.size };
  if (type.id === 'int' && origin.id === 'duration') return origin;
  if (type.id === 'fixed' && origin.id === 'fixed') return type;
  if (type.id === 'decimal' && origin.id === 'decimal') return { ...type, bits: origin.bits };
  return type;
}
