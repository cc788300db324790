// uns of AnnData, attrs of SpatialData and of tables, as tables of one row, as `pandas.DataFrame([dict])` holds them (lamindb 2.12.1
// `_handle_dict_slots`). Only the keys of the level asked for are looked at; of arrays their type alone.
import { clip } from '../summary.ts';
import { sparseFormat } from '../facts/matrix-facts.ts';
import { textAttr, type TreeNode } from '../tree.ts';
import type { RowsTable } from './rows-frame.ts';
import { Missing, Opaque } from './opaque.ts';

export async function unsTable(root: TreeNode, keys: readonly string[], slot: string): Promise<RowsTable> {
  let node = await root.get('uns');
  let path = 'uns';
  for (const key of keys) {
    const names = node?.kind === 'group' ? await node.keys() : [];
    const next: TreeNode | null = names.includes(key) ? ((await node?.get(key)) ?? null) : null;
    if (next === null) throw noKey(slot, path, key, names);
    [node, path] = [next, `${path}:${key}`];
  }
  if (node === null) return { columns: [] };
  if (!isMapping(node))
    throw new Missing(`'${clip(path, 80)}' is no dictionary, so it has no keys to validate.`, []);
  const columns: RowsTable['columns'] = [];
  for (const name of await node.keys()) {
    const child = await node.get(name);
    columns.push({ name, values: [child === null ? null : await valueOf(child)] });
  }
  return { columns };
}

export function attrsTable(attrs: Record<string, unknown>, keys: readonly string[], slot: string): RowsTable {
  let value: unknown = attrs;
  let path = 'attrs';
  for (const key of keys) {
    const names =
      value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value) : [];
    if (!names.includes(key)) throw noKey(slot, path, key, names);
    [value, path] = [(value as Record<string, unknown>)[key], `${path}:${key}`];
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Missing(`'${clip(path, 80)}' is no dictionary, so it has no keys to validate.`, []);
  return { columns: Object.entries(value).map(([name, one]) => ({ name, values: [one as unknown] })) };
}

const noKey = (slot: string, path: string, key: string, names: string[]): Missing =>
  new Missing(
    `The slot '${clip(slot, 60)}' asks for the key '${clip(key, 60)}', which is not in '${clip(path, 80)}'.`,
    names,
  );

function isMapping(node: TreeNode): boolean {
  const encoding = textAttr(node, 'encoding-type') ?? '';
  return node.kind === 'group' && (encoding === '' || encoding === 'dict') && sparseFormat(node) === null;
}

async function valueOf(node: TreeNode): Promise<unknown> {
  if (isMapping(node)) return new Opaque('dict', '{…}');
  if (node.kind === 'group') return new Opaque('other', textAttr(node, 'encoding-type') ?? 'object');
  if (textAttr(node, 'encoding-type') === 'null') return null;
  const type = node.element?.kind;
  const text = type === 'text' || type === 'bytes' || type === 'unicode';
  if (node.shape.length > 0) {
    const item = text ? 'str' : type === 'bool' ? 'bool8' : node.type;
    return new Opaque(
      node.shape[0] === 0 ? 'array[]' : `array[${item}]`,
      `an array of ${node.shape.join(' × ')}`,
    );
  }
  const [value] = await node.read(1);
  if (type === 'bool') return Boolean(value);
  if (text || value === null) return value === null ? null : String(value);
  if (type === 'float') return new Opaque('float', String(Number(value)));
  return typeof value === 'bigint' ? value : BigInt(Number(value));
}
