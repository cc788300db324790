// What type a column's feature may have, best first, by what the column holds: LaminDB's types of pandas' (`lamindb 2.12.1
// Feature.from_dataframe`), and for texts that repeat the registries that know them. A person chooses; nothing is made here.
import { dtypeFault } from './check-dtype.ts';
import type { ColumnRead } from './frame.ts';
import { dtypeMessage } from './words.ts';
import { parseDtype } from '../features/dtype.ts';

export interface DtypeChoice {
  dtype: string;
  /** Texts have to be taken as categories, since the file holds no categories. */
  coerce: boolean;
  /** Why it is offered, in a few words. */
  why: string;
}

/** A registry that knows values of a column. */
export interface KnownIn {
  /** As a dtype names it: `ULabel`, `bionty.CellType`, `Record[4Zx…]`, `bionty.Gene.symbol`. */
  category: string;
  /** Distinct values that are there. */
  found: number;
  /** Called like the column. */
  alike: boolean;
}

/** Texts of more values than this are no categories, unless a registry knows most of them. */
const mostCategories = 100;

export function dtypeChoices(read: Told, known: readonly KnownIn[]): DtypeChoice[] {
  const { dtype } = read;
  const plain = plainDtype(read);
  const textual = isText(read);
  if (!textual && dtype !== 'category') return [plain];
  const distinct = read.values?.length ?? 0;
  const coerce = dtype !== 'category';
  const choice = (category: string, why: string): DtypeChoice => ({ dtype: `cat[${category}]`, coerce, why });
  const most = known
    .filter(({ found }) => distinct > 0 && found * 2 >= distinct)
    .sort((a, b) => b.found - a.found || Number(b.alike) - Number(a.alike))
    .map(({ category, found }) =>
      choice(
        category,
        `${found === distinct ? 'all' : `${found.toLocaleString('en')} of`} ${distinct.toLocaleString('en')} values are there`,
      ),
    );
  const few = dtype === 'category' || repeats(read);
  const alike = known
    .filter(({ alike: named, found }) => named && found * 2 < Math.max(1, distinct))
    .map(({ category }) => choice(category, 'the column is called like it'));
  const label = choice('ULabel', few ? 'few values that repeat' : 'labels of your own');
  const categories = [...most, ...alike, label];
  const ordered = most.length > 0 || few ? [...categories, plain] : [plain, ...categories];
  return ordered.filter((one, at) => ordered.findIndex(({ dtype: other }) => other === one.dtype) === at);
}

/** A column as it was read, without its place. */
export type Told = Omit<ColumnRead, 'at' | 'name'>;

export const isText = ({ dtype, kinds }: Told): boolean =>
  dtype === 'string' ||
  (dtype === 'object' && (kinds ?? []).length > 0 && (kinds ?? []).every(({ kind }) => kind === 'str'));

function repeats({ values, rows, nulls, cut }: Told): boolean {
  const distinct = values?.length ?? 0;
  return !cut && distinct > 0 && distinct <= mostCategories && distinct * 2 <= rows - nulls;
}

/** The type without any registry. */
export function plainDtype(read: Told): DtypeChoice {
  const { dtype, kinds } = read;
  const choice = (name: string, why: string): DtypeChoice => ({ dtype: name, coerce: false, why });
  if (/^u?int\d+$/i.test(dtype)) return choice('int', 'whole numbers');
  if (/^float\d+$/i.test(dtype)) return choice('float', 'numbers');
  if (dtype === 'bool' || dtype === 'boolean') return choice('bool', 'true and false');
  if (/^datetime64\[.*,/.test(dtype)) return choice('datetime64[ns, UTC]', 'times with a zone');
  if (dtype.startsWith('datetime64')) return choice('datetime', 'times');
  const types = [...new Set((kinds ?? []).map(({ kind }) => kind))];
  if (dtype === 'category') return choice('str', 'text');
  const only = (kind: string): boolean => types.length > 0 && types.every((one) => one === kind);
  if (only('date')) return choice('date', 'days');
  if (only('bool')) return choice('bool', 'true and false');
  if (only('dict')) return choice('dict', 'JSON objects');
  const items = types.map((kind) => /^(?:list|array|tuple|set)\[(.*)\]$/.exec(kind)?.[1] ?? null);
  if (types.length > 0 && !items.includes(null))
    return choice(listDtype(items as string[]), 'several values in a cell');
  if (types.length === 0 || only('str')) return choice('str', types.length === 0 ? 'empty' : 'text');
  return choice('object', 'mixed values');
}

function listDtype(items: readonly string[]): string {
  const kinds = new Set(items.flatMap((item) => (item === '' ? [] : item.split('|'))));
  const all = (pattern: RegExp): boolean => kinds.size > 0 && [...kinds].every((kind) => pattern.test(kind));
  if (all(/^u?int\d*$/)) return 'list[int]';
  if (all(/^(u?int|float)\d*$/)) return 'list[float]';
  if (all(/^bool$/)) return 'list[bool]';
  return 'list[str]';
}

/** Why values of the column are not what a feature takes, in words; null where they are. */
export function misfit(
  name: string,
  feature: { dtype: string; nullable: boolean; coerce: boolean },
  read: Told,
): string | null {
  // Whether values can be made to fit is asked when the dataset is validated.
  if (feature.coerce) return null;
  const dtype = parseDtype(feature.dtype);
  const fault = dtypeFault(
    { dtype, nullable: feature.nullable, coerce: false, ownCoerce: false },
    { ...read, at: 0, name },
  );
  if (fault !== null) return dtypeMessage(`The column '${name}'`, feature.dtype, read.dtype, fault, false);
  return feature.nullable || read.nulls === 0
    ? null
    : `The column '${name}' has ${read.nulls.toLocaleString('en')} empty cells, and the feature takes none.`;
}
