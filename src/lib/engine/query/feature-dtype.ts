// What a feature's dtype string says about how its values are kept and compared: a plain JSON value, or labels of a
// registry named by one of its fields. Grammar: lamindb.md §8; unions compare by their first registry, as in LaminDB.
import { LoamError } from '../errors.ts';
import { findRegistry, ownNameField } from '../model/name-field.ts';
import type { Model, Table } from '../model/types.ts';

export interface LabelDtype {
  table: Table;
  /** As the dtype writes the registry: `bionty.CellType`. */
  registry: string;
  field: string;
  /** `cat[Record[<uid>]]`: the type that labels belong to. */
  typeUid: string | null;
}

export const isCategorical = (dtype: string): boolean => /^(list\[)?cat/.test(dtype);

/** Every registry of a categorical dtype; empty for plain ones. */
export function labelDtypes(model: Model, dtype: string): LabelDtype[] {
  const inner = /^list\[(.*)\]$/s.exec(dtype)?.[1] ?? dtype;
  const union = /^cat\[(.*)\]$/s.exec(inner)?.[1];
  if (union === undefined || union === '') return [];
  return union.split('|').map((text) => labelDtype(model, text));
}

function labelDtype(model: Model, text: string): LabelDtype {
  const bracket = text.indexOf('[');
  const head = bracket < 0 ? text : text.slice(0, bracket);
  const close = bracket < 0 ? -1 : closing(text, bracket);
  const inside = bracket < 0 ? '' : text.slice(bracket + 1, close);
  const tail = close < 0 ? '' : text.slice(close + 1).replace(/^\./, '');
  const parts = head.split('.');
  // `bionty.Gene.ensembl_gene_id`, `ULabel.name`: a module is lower case, a registry is not.
  const registry = /^[a-z]/.test(head) ? parts.slice(0, 2).join('.') : (parts[0] ?? '');
  const behind = /^[a-z]/.test(head) ? parts[2] : parts[1];
  const table = findRegistry(model, registry);
  if (!table)
    throw new LoamError(
      'ValidationError',
      `'${registry}' is an invalid dtype, has to be registry, e.g. ULabel or bionty.CellType`,
      {
        dtype: text,
      },
    );
  const [first = ''] = inside.split(',');
  const typed = registry === 'Record' || registry === 'ULabel';
  return {
    table,
    registry,
    field: tail || behind || ownNameField(table) || 'name',
    typeUid: typed && first.trim() !== '' && !first.includes('=') ? first.trim() : null,
  };
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '[') depth++;
    else if (text[i] === ']' && --depth === 0) return i;
  }
  return text.length;
}
