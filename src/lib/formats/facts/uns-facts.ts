// uns of AnnData: nested names with a word on each value, in Python's way: `str: seurat`, `ndarray[10]:float32`,
// `int: 15`; below three levels only `dict[2]`.
import { listText, numpyName, type ElementType } from '../element-type.ts';
import { listAttr, textAttr, type TreeNode, type Values, Unsupported } from '../tree.ts';
import { record } from './facts-types.ts';
import { isNull, matrixShape, sparseFormat } from './matrix-facts.ts';
import type { Problems } from './problems.ts';
import { boolText, cut, float32Text, floatText } from './python-text.ts';

const DEPTH = 3;
/** Characters of a value. */
const TEXT = 200;

/** Names that anndata takes away while reading old files. */
interface Taken {
  used: ReadonlySet<string>;
  moved: ReadonlySet<string>;
}

export async function unsFacts(
  uns: TreeNode,
  taken: Taken,
  what: string,
  problems: Problems,
): Promise<Record<string, unknown>> {
  const members = async (node: TreeNode, path: readonly string[]): Promise<string[]> =>
    (await node.keys()).filter((name) =>
      path.length === 0
        ? !taken.used.has(name)
        : !(path.length === 1 && path[0] === 'neighbors' && taken.moved.has(name)),
    );
  const tell = async (node: TreeNode, path: readonly string[]): Promise<unknown> => {
    try {
      if (!isMapping(node)) return await valueWord(node);
      const names = await members(node, path);
      if (path.length >= DEPTH) return `dict[${names.length}]`;
      const entries: [string, unknown][] = [];
      for (const name of names) {
        const child = await node.get(name);
        entries.push([name, child === null ? 'unknown' : await tell(child, [...path, name])]);
      }
      return record(entries);
    } catch (error) {
      return `unreadable: ${problems.note([what, ...path].join('/'), error)}`;
    }
  };
  const told = await tell(uns, []);
  return typeof told === 'object' && told !== null ? (told as Record<string, unknown>) : { '': told };
}

function isMapping(node: TreeNode): boolean {
  const encoding = textAttr(node, 'encoding-type') ?? '';
  return node.kind === 'group' && (encoding === '' || encoding === 'dict') && sparseFormat(node) === null;
}

/** Rows and columns of what stands in obsm and its like. */
export async function memberShape(node: TreeNode): Promise<number[]> {
  const shape = matrixShape(node);
  if (shape !== null) return shape;
  if (textAttr(node, 'encoding-type') === 'dataframe') {
    const index = await node.get(textAttr(node, '_index') ?? '_index');
    const values = index?.kind === 'group' ? await index.get('values') : index;
    return [values?.shape[0] ?? 0, (listAttr(node, 'column-order') ?? []).length];
  }
  throw new Unsupported(`its type ${textAttr(node, 'encoding-type') ?? 'unknown'} is not known`);
}

async function valueWord(node: TreeNode): Promise<string> {
  const encoding = textAttr(node, 'encoding-type') ?? '';
  if (isNull(node)) return 'NoneType: None';
  if (node.kind === 'array') return arrayWord(node, encoding);
  const format = sparseFormat(node);
  if (format !== null) {
    const data = await node.get('data');
    return `${format}_matrix${listText(matrixShape(node) ?? [])}:${data?.element ? numpyName(data.element) : 'unknown'}`;
  }
  if (encoding === 'dataframe') return `DataFrame${listText(await memberShape(node))}`;
  if (encoding === 'categorical') {
    const [codes, categories] = [await node.get('codes'), await node.get('categories')];
    return `Categorical${listText(codes?.shape ?? [])}:${categories?.shape[0] ?? 0} categories`;
  }
  if (encoding.startsWith('nullable-')) {
    const values = await node.get('values');
    return `${encoding}${listText(values?.shape ?? [])}`;
  }
  return `${encoding}[${(await node.keys()).length}]`;
}

async function arrayWord(node: TreeNode, encoding: string): Promise<string> {
  const { element, shape } = node;
  if (element === null) return 'unknown';
  const legacy = encoding === '';
  if (shape.length === 0) return scalarWord(await first(node), element, encoding);
  // Old files keep single texts as arrays of one; anndata gives them back as NumPy's text.
  if (legacy && element.kind === 'bytes' && shape.length === 1 && shape[0] === 1)
    return `str_: ${cut(String(await first(node)), TEXT)}`;
  return `ndarray${listText(shape)}:${numpyName(asRead(element, legacy))}`;
}

/** The type that anndata gives: texts of fixed length become text. */
function asRead(element: ElementType, legacy: boolean): ElementType {
  if (element.kind === 'bytes' && legacy)
    return { ...element, kind: 'unicode', size: element.size * 4, littleEndian: true };
  if (element.kind !== 'record') return element;
  // The itemsize grows with the texts, so that the fields stand side by side again.
  let offset = 0;
  const fields = (element.fields ?? []).map((field) => {
    const type: ElementType =
      field.type.kind === 'bytes'
        ? { ...field.type, kind: 'unicode', size: field.type.size * 4, littleEndian: true }
        : field.type;
    const placed = { ...field, type, offset };
    offset +=
      type.kind === 'array' ? (type.shape ?? []).reduce((a, b) => a * b, type.of?.size ?? 0) : type.size;
    return placed;
  });
  return { ...element, fields, size: offset };
}

async function first(node: TreeNode): Promise<string | number | bigint | undefined> {
  for await (const values of node.scan()) return (values as Exclude<Values, string[]>)[0];
  return undefined;
}

function scalarWord(
  value: string | number | bigint | undefined,
  element: ElementType,
  encoding: string,
): string {
  // Scalars with an encoding come as Python's own types, others as NumPy's.
  const python = encoding === 'numeric-scalar';
  switch (element.kind) {
    case 'bool':
      return `bool: ${boolText(Boolean(value))}`;
    case 'int':
    case 'uint':
      return `${python ? 'int' : numpyName(element)}: ${String(value)}`;
    case 'float':
      if (python) return `float: ${floatText(Number(value))}`;
      return `${numpyName(element)}: ${element.size < 8 ? float32Text(Number(value)) : floatText(Number(value))}`;
    case 'bytes':
      return `str_: ${cut(String(value), TEXT)}`;
    case 'text':
    case 'unicode':
      return `str: ${cut(String(value), TEXT)}`;
    default:
      throw new Unsupported(`a value of type ${numpyName(element)} is not read here`);
  }
}
