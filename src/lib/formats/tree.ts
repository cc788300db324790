// One view of hierarchical stores, so that AnnData is described by the same code whether it lies in HDF5 or Zarr.

import type { ArrayValues } from '../engine/ports.ts';
import type { ElementType } from './element-type.ts';
import { cellText, clip, count, type SummaryMember } from './summary.ts';

/** Values of an array in C order; bools are 0 and 1. */
export type Values = ArrayValues;

/** The part may be whole, but there is no reader for it here; other errors of a reader mean damage. */
export class Unsupported extends Error {}

export interface TreeNode {
  kind: 'group' | 'array';
  attrs: Record<string, unknown>;
  /** Names of the members of a group, at most 20,000. */
  keys(): Promise<string[]>;
  /** A member, or null where there is none or it cannot be understood. */
  get(name: string): Promise<TreeNode | null>;
  /** Arrays only. */
  shape: number[];
  /** int64, float32, bool, str, … */
  type: string;
  /** Fields of a table kept as one array, else null. */
  fields: { name: string; type: string }[] | null;
  /** How values are packed, for people. */
  packing: string | null;
  /** Set where values must not be read, with the reason as the end of a sentence. */
  blocked: string | null;
  /** The first `limit` values along the first axis. */
  read(limit: number): Promise<unknown[]>;
  /** Arrays only: NumPy's type of one element. */
  element: ElementType | null;
  /** Arrays only: chunks and packing in the words of h5py and zarr, such as `chunks=[10] filters=[1]`. */
  layout: string;
  /** Arrays only: the shape of the pieces that are always unpacked whole; null where values lie one after the other. */
  chunks: readonly number[] | null;
  /** Values of a box (a start and a length on each axis) in C order. Boxes that need too much are refused. */
  box(start: readonly number[], count: readonly number[]): Promise<Values>;
  /** False for an array that holds nothing, not even a single value (HDF5's null space). */
  filled: boolean;
  /** Whether a member of this group is only a link to somewhere else. */
  isLink(name: string): boolean;
  /** All values in C order, in pieces of whole rows that fit into memory; of records one field. */
  scan(field?: string): AsyncGenerator<Values, void>;
}

/** What is no array has of an array's members. */
export const NO_ARRAY = {
  shape: [],
  type: 'group',
  fields: null,
  packing: null,
  blocked: null,
  read: () => Promise.resolve([]),
  element: null,
  layout: '',
  filled: false,
  chunks: null,
  box: () => Promise.reject(new Error('a group has no values')),

  scan: async function* (): AsyncGenerator<Values, void> {
    throw new Error('a group has no values');
  },
} satisfies Partial<TreeNode>;

/** Values that lie one after the other are read by pages of this many bytes. */
const PAGE = 64 * 1024;

/** Bytes, unpacked, that reading a box of an array touches. */
export function boxBytes(
  { shape, chunks, element }: Pick<TreeNode, 'shape' | 'chunks' | 'element'>,
  start: readonly number[],
  count: readonly number[],
): number {
  const size = Math.max(1, element?.size ?? 1);
  const product = (axes: readonly number[]): number => axes.reduce((all, axis) => all * axis, 1);
  if (count.some((axis) => axis <= 0)) return 0;
  if (chunks !== null) {
    const pieces = shape.map((_, axis) => {
      const [first, chunk] = [start[axis] ?? 0, Math.max(1, chunks[axis] ?? 1)];
      return Math.floor((first + (count[axis] ?? 1) - 1) / chunk) - Math.floor(first / chunk) + 1;
    });
    return product(pieces) * product(chunks) * size;
  }
  // Runs of values: axes at the end that are taken whole, and one more.
  let axis = shape.length - 1;
  while (axis > 0 && count[axis] === shape[axis]) axis--;
  const run = product(count.slice(Math.max(0, axis))) * size;
  const runs = product(count.slice(0, Math.max(0, axis)));
  const span = runs === 1 ? run : product(shape) * size;
  return Math.min(span, runs * Math.max(run, PAGE));
}

/** Bytes one box may touch. */
const BOX_LIMIT = 512 * 1024 * 1024;

/** Throws where a box lies outside the array or touches too much. */
export function checkBox(
  shape: readonly number[],
  start: readonly number[],
  length: readonly number[],
  bytes: number,
): void {
  const inside = shape.every((axis, at) => {
    const [from, items] = [start[at] ?? NaN, length[at] ?? NaN];
    return [from, items].every((one) => Number.isSafeInteger(one) && one >= 0) && from + items <= axis;
  });
  if (!inside || start.length !== shape.length || length.length !== shape.length)
    throw new Error(`the part asked for lies outside its shape ${shape.join(' × ')}`);
  if (bytes > BOX_LIMIT)
    throw new Unsupported(
      `it is stored in pieces that cut across: ${count(Math.round(bytes / 2 ** 20))} MiB would be unpacked for this`,
    );
}

/** All values of an array at once. */
export async function allValues(node: TreeNode, field?: string): Promise<Values> {
  const pieces: Values[] = [];
  for await (const piece of node.scan(field)) pieces.push(piece);
  const [first = []] = pieces;
  if (pieces.length <= 1) return first;
  if (Array.isArray(first)) return (pieces as string[][]).flat();
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const whole = new (first.constructor as new (length: number) => Float64Array)(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece as Float64Array, at);
    at += piece.length;
  }
  return whole;
}

export const MAX_KEYS = 20_000;

/** Text attributes may come as arrays of one. */
export function textAttr(node: TreeNode, name: string): string | null {
  const value = node.attrs[name];
  if (typeof value === 'string') return value;
  return Array.isArray(value) && typeof value[0] === 'string' ? value[0] : null;
}

export function listAttr(node: TreeNode, name: string): string[] | null {
  const value = node.attrs[name];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return null;
  return Array.from(value as unknown as Iterable<unknown>, String);
}

export function numbersAttr(node: TreeNode, name: string): number[] | null {
  const value = node.attrs[name];
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return null;
  return Array.from(value as unknown as Iterable<unknown>, Number);
}

export function shapeText(node: TreeNode): string {
  return node.shape.length === 0 ? 'single value' : node.shape.map((n) => n.toLocaleString('en')).join(' × ');
}

/** Levels below the root that are listed. */
const DEEPEST = 32;
/** Attributes of a member that are told; their names say what others it has. */
const ATTRIBUTES = 30;

/** Members of a store, depth first, at most `limit`, and whether there are more. Links are listed but not followed. */
async function listMembers(
  root: TreeNode,
  limit: number,
): Promise<{ members: SummaryMember[]; more: boolean }> {
  const members: SummaryMember[] = [];
  let more = false;
  const walk = async (node: TreeNode, path: string, depth: number): Promise<void> => {
    const names = await node.keys().catch((): string[] => []);
    for (const name of names) {
      if (members.length >= limit) {
        more = true;
        return;
      }
      const at = path + name;
      const link = await Promise.resolve()
        .then(() => node.isLink(name))
        .catch(() => false);
      const child = link ? null : await node.get(name).catch(() => null);
      members.push(child === null ? unreadable(at, link) : memberOf(at, child));
      if (child?.kind !== 'group') continue;
      if (depth < DEEPEST) await walk(child, `${at}/`, depth + 1);
      else more = true;
    }
  };
  await walk(root, '', 1);
  return { members, more };
}

/** Members with a line of how many there are. */
export async function membersOf(
  root: TreeNode,
  limit: number,
): Promise<{ members: SummaryMember[]; facts: { label: string; value: string }[] }> {
  const { members, more } = await listMembers(root, limit);
  const of = (kind: SummaryMember['kind']): string =>
    count(members.filter((member) => member.kind === kind).length);
  const facts = more
    ? [{ label: 'Members', value: `the first ${count(members.length)} are listed` }]
    : [
        { label: 'Groups', value: of('group') },
        { label: 'Arrays', value: of('array') },
      ];
  return { members, facts };
}

const unreadable = (path: string, link: boolean): SummaryMember => ({
  path: clip(path),
  kind: 'unreadable',
  shape: [],
  type: link ? 'link' : 'not readable',
  packing: null,
  attributes: [],
});

function memberOf(path: string, node: TreeNode): SummaryMember {
  const attributes = Object.keys(node.attrs)
    .slice(0, ATTRIBUTES)
    .map((name) => ({ name: clip(name, 100), value: cellText(node.attrs[name]) ?? 'not readable' }));
  return {
    path: clip(path),
    kind: node.kind,
    shape: node.kind === 'array' && node.filled ? node.shape : [],
    type: node.kind === 'group' ? '' : node.filled ? node.type : `${node.type}, empty`,
    packing: node.kind === 'group' ? null : packingOf(node),
    attributes,
  };
}

/** `chunks=[10, 5] shards=None` and the packing in words. */
function packingOf({ layout, packing }: TreeNode): string | null {
  const parts: string[] = [];
  for (const [, what = '', axes = ''] of layout.matchAll(/(chunks|shards)=\[([^\]]+)\]/g))
    parts.push(`${what} ${axes.replaceAll(', ', ' × ')}`);
  if (packing !== null) parts.push(packing);
  return parts.length === 0 ? null : parts.join(', ');
}
