// Whether a column, as pandas holds it, is what a feature's dtype asks for (lamindb 2.12.1 `check_dtype`, `check_pandera_str`,
// `AnyInt`, `AnyFloat`, and pandera 0.35's own types). The quirks are LaminDB's: an empty column of floats is no date, lists
// from a parquet file are arrays whose whole numbers are not Python's, a category has to be one.
import type { Dtype } from '../features/dtype.ts';
import { unfitForFloat, unfitForInt, unfitForTime, unfitForZonedTime, type Unfit } from './coercion.ts';
import type { LaminCheck } from './finding.ts';
import type { ColumnRead, ColumnWant, ValueRead } from './frame.ts';
import { isDictText } from './python-literal.ts';

export interface DtypeAsk {
  dtype: Dtype;
  nullable: boolean;
  /** The feature's or the schema's. */
  coerce: boolean;
  /** The feature's own, which alone names the zone that times are brought to. */
  ownCoerce: boolean;
}

export interface DtypeFault {
  check: LaminCheck;
  /** The values at fault; empty where the whole column is. */
  values: ValueRead[];
  /** Making the values fit was tried and failed. */
  coerced: boolean;
}

/** What has to be read of a column to judge it. */
export function wantOf(dtype: Dtype, coerce: boolean): ColumnWant {
  if (dtype.categories.length > 0) return 'values';
  if (dtype.list) return 'kinds';
  switch (dtype.simple) {
    case 'dict':
      return 'values';
    case 'int':
    case 'float':
    case 'datetime':
      return coerce ? 'whole' : dtype.zoned ? 'kinds' : 'type';
    case 'date':
      return coerce ? 'whole' : 'kinds';
    case 'str':
    case 'bool':
      return 'kinds';
    default:
      return 'type';
  }
}

const isInteger = (dtype: string): boolean => /^u?int\d+$/i.test(dtype);
const isFloat = (dtype: string): boolean => /^float\d+$/i.test(dtype);
const isBool = (dtype: string): boolean => dtype === 'bool' || dtype === 'boolean';

/** Null where the column will do. */
export function dtypeFault(ask: DtypeAsk, read: ColumnRead): DtypeFault | null {
  const { dtype } = ask;
  // An empty column of a feature that may be empty passes every check that is LaminDB's own.
  const vacant = read.nulls >= read.rows;
  if (dtype.list) return vacant && (ask.nullable || read.dtype === 'object') ? null : listFault(dtype, read);
  if (dtype.categories.length > 0) return categoryFault(ask, read);
  switch (dtype.simple) {
    case 'int':
      return typed(ask, read, vacant || isInteger(read.dtype), () => unfitForInt(read));
    case 'float':
      return typed(ask, read, vacant || isFloat(read.dtype), () => unfitForFloat(read));
    case 'datetime':
      return dtype.zoned ? zonedFault(ask, read) : naiveFault(ask, read);
    case 'date':
      return dateFault(ask, read);
    case 'object':
      return ask.coerce || read.dtype === 'object' ? null : wrong('WRONG_DATATYPE');
    case 'dict':
      return dictFault(ask, read);
    default:
      return vacant && ask.nullable ? null : simpleFault(dtype, read);
  }
}

const wrong = (check: LaminCheck, values: ValueRead[] = [], coerced = false): DtypeFault => ({
  check,
  values,
  coerced,
});

/** A dtype that values can be made of: what fits as it is, or can be made to. */
function typed(ask: DtypeAsk, read: ColumnRead, fits: boolean, unfit: () => Unfit): DtypeFault | null {
  if (fits) return null;
  if (!ask.coerce) return wrong('WRONG_DATATYPE');
  const values = unfit();
  return values !== null && values.length === 0 ? null : wrong('DATATYPE_COERCION', values ?? [], true);
}

function simpleFault(dtype: Dtype, read: ColumnRead): DtypeFault | null {
  const numeric = isInteger(read.dtype) || isFloat(read.dtype) || isBool(read.dtype);
  const isText = read.dtype === 'object' || read.dtype === 'string';
  const fits =
    dtype.simple === 'num'
      ? numeric || read.dtype.startsWith('complex')
      : dtype.simple === 'bool'
        ? isBool(read.dtype) || (read.dtype === 'category' && only(read, 'bool') && read.kinds?.length !== 0)
        : dtype.simple === 'str'
          ? read.rows === read.nulls || read.dtype === 'string' || (hasKinds(read) && only(read, 'str'))
          : isText;
  if (fits) return null;
  const odd = dtype.simple === 'str' && hasKinds(read) ? others(read, 'str') : [];
  return wrong('DATAFRAME_CHECK', odd);
}

const hasKinds = (read: ColumnRead): boolean => read.dtype === 'object' || read.dtype === 'category';
const only = (read: ColumnRead, kind: string): boolean => others(read, kind).length === 0;
const others = (read: ColumnRead, kind: string): ValueRead[] =>
  (read.kinds ?? []).filter((one) => one.kind !== kind);

function categoryFault(ask: DtypeAsk, read: ColumnRead): DtypeFault | null {
  if (read.dtype === 'category') return null;
  if (!ask.coerce) return wrong('WRONG_DATATYPE');
  // What has no hash cannot be a category.
  const unhashable = (read.kinds ?? []).filter(({ kind }) => /^(list|array|dict|set)/.test(kind));
  return unhashable.length === 0 ? null : wrong('DATATYPE_COERCION', unhashable, true);
}

function naiveFault(ask: DtypeAsk, read: ColumnRead): DtypeFault | null {
  const fits = read.dtype.startsWith('datetime64') && !read.dtype.includes(',');
  return typed(ask, read, fits, () => unfitForTime(read, 'datetime'));
}

function zonedFault(ask: DtypeAsk, read: ColumnRead): DtypeFault | null {
  const fits = /^datetime64\[ns, /.test(read.dtype) || (read.rows === 0 && read.dtype === 'object');
  if (ask.coerce && !ask.ownCoerce && !fits) return wrong('DATATYPE_COERCION', [], true);
  return typed(ask, read, fits, () => unfitForZonedTime(read));
}

function dateFault(ask: DtypeAsk, read: ColumnRead): DtypeFault | null {
  const odd = read.dtype === 'object' ? others(read, 'date') : null;
  const fits = odd === null ? read.rows === 0 : odd.length === 0;
  // Days go through times to be made days, which days of long ago do not survive.
  if (ask.coerce) return typed(ask, read, false, () => unfitForTime(read, 'date'));
  if (fits) return null;
  return wrong('WRONG_DATATYPE', odd ?? []);
}

function dictFault(ask: DtypeAsk, read: ColumnRead): DtypeFault | null {
  if (read.dtype !== 'object' && !ask.coerce) return wrong('WRONG_DATATYPE');
  const odd = (read.values ?? []).filter(
    ({ kind, text }) => kind !== 'dict' && !(kind === 'str' && isDictText(text)),
  );
  return odd.length === 0 ? null : wrong('DATAFRAME_CHECK', odd);
}

/** What `isinstance` says of an element: whole numbers of NumPy are no `int`, its 64-bit floats are `float`, bools are `int`. */
const elements: Record<string, string[]> = {
  int: ['int', 'bool'],
  float: ['float', 'float64'],
  bool: ['bool'],
  num: ['int', 'bool', 'float', 'float64'],
  str: ['str'],
  path: ['str'],
  url: ['str'],
};

function listFault(dtype: Dtype, read: ColumnRead): DtypeFault | null {
  if (read.dtype !== 'object') return wrong('DATAFRAME_CHECK');
  const fits = (kind: string): boolean => {
    const item = /^(?:list|array|tuple|set)\[(.*)\]$/.exec(kind)?.[1];
    // Lists of categories have to be sequences, which arrays are not.
    if (dtype.categories.length > 0) return /^(list|tuple)\[/.test(kind);
    const wanted = elements[dtype.simple ?? ''] ?? [];
    if (wanted.length === 0) return false;
    // A dictionary is gone through by its keys.
    if (kind === 'dict') return wanted.includes('str');
    return item !== undefined && (item === '' || item.split('|').every((one) => wanted.includes(one)));
  };
  const odd = (read.kinds ?? []).filter(({ kind }) => !fits(kind));
  return odd.length === 0 ? null : wrong('DATAFRAME_CHECK', odd);
}
