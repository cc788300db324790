// Dtypes as people read them and put them together: which registries a category may come from, several of them, several values
// in a cell. What a dtype means is the engine's; here its text is made and taken apart.
import { dtypeChoices } from './feature-values.ts';

/** A dtype of categories, taken apart: `list[cat[bionty.Tissue|Record[4Zx…]]]`. */
export interface Categories {
  several: boolean;
  /** As they stand between the bars: `ULabel`, `bionty.Gene.symbol`, `Record[4Zx…]`. */
  of: string[];
}

export function categoriesOf(dtype: string): Categories | null {
  const several = dtype.startsWith('list[') && dtype.endsWith(']');
  const inner = several ? dtype.slice(5, -1) : dtype;
  if (!inner.startsWith('cat[') || !inner.endsWith(']')) return null;
  return { several, of: outside(inner.slice(4, -1)) };
}

export const dtypeOf = ({ several, of }: Categories): string => {
  if (of.length === 0) return '';
  const cat = `cat[${of.join('|')}]`;
  return several ? `list[${cat}]` : cat;
};

/** Parts between bars that stand outside of brackets. */
function outside(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const c of text) {
    if (c === '[') depth++;
    if (c === ']') depth--;
    if (c === '|' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += c;
  }
  return [...parts, part].filter((one) => one !== '');
}

/** `cat[bionty.CellType]` as "category (cell type)"; what has no words of its own as it is. */
export function dtypeWords(dtype: string, titleOf: (registry: string) => string | null): string {
  const usual = dtypeChoices.find((one) => one.dtype === dtype);
  if (usual) return usual.words;
  const cat = categoriesOf(dtype);
  if (!cat) return otherWords[dtype] ?? dtype;
  const names = cat.of.map((one) => {
    const registry = /^(?:[a-z]\w*\.)?[A-Z]\w*/.exec(one)?.[0] ?? one;
    return titleOf(registry)?.toLowerCase() ?? registry;
  });
  return `${cat.several ? 'several categories' : 'category'} (${[...new Set(names)].join(' or ')})`;
}

const otherWords: Record<string, string> = {
  num: 'number of any kind',
  url: 'web address',
  path: 'path of a file',
  object: 'anything',
  'list[str]': 'several texts',
  'list[int]': 'several whole numbers',
  'list[float]': 'several numbers',
  'list[bool]': 'several true or false',
  'datetime64[ns, UTC]': 'date and time with a zone',
};
