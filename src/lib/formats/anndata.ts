// AnnData, MuData and SpatialData over any tree: obs and var columns, sizes, matrix facts, first rows of obs.
// Knows the layouts of anndata 0.5 (tables as one compound array), 0.7 (`__categories`) and later; never reads X.
import {
  cellText,
  clip,
  count,
  FEW_MEMBERS,
  MAX_COLUMNS,
  MAX_PARTS,
  partOf,
  PREVIEW_COLUMNS,
  PREVIEW_ROWS,
  reason,
  summaryOf,
  type FileSummary,
  type SummaryColumn,
  type SummaryPart,
} from './summary.ts';
import { cellGroups } from './embeddings.ts';
import { picturesOf } from './ome-pictures.ts';
import { elementsPart } from './spatial.ts';
import { listAttr, membersOf, numbersAttr, shapeText, textAttr, type TreeNode } from './tree.ts';

export type ScverseKind = 'AnnData' | 'MuData' | 'SpatialData';

export async function scverseKind(root: TreeNode): Promise<ScverseKind | null> {
  const encoding = (textAttr(root, 'encoding-type') ?? '').toLowerCase();
  if (encoding === 'anndata') return 'AnnData';
  if (encoding === 'mudata') return 'MuData';
  if ('spatialdata_attrs' in root.attrs) return 'SpatialData';
  if (root.kind !== 'group') return null;
  const keys = new Set(await root.keys());
  if (keys.has('mod') && keys.has('obs')) return 'MuData';
  return keys.has('obs') && keys.has('var') ? 'AnnData' : null;
}

export async function summariseScverse(
  root: TreeNode,
  kind: ScverseKind,
  suffix: string,
): Promise<FileSummary> {
  const found = await summariseKind(root, kind, suffix);
  const cells = await cellGroups(root, kind).catch(() => []);
  const pictures = kind === 'SpatialData' ? (await picturesOf(root)).views : [];
  if (cells.length === 0 && pictures.length === 0) return found;
  return {
    ...found,
    views: {
      ...(cells.length === 0 ? {} : { cells }),
      ...(pictures.length === 0 ? {} : { pictures }),
    },
  };
}

async function summariseKind(root: TreeNode, kind: ScverseKind, suffix: string): Promise<FileSummary> {
  if (kind === 'AnnData') {
    const found = await summariseAnnData(root, suffix);
    return { ...found, members: (await membersOf(root, FEW_MEMBERS)).members };
  }
  const problems: string[] = [];
  const facts: FileSummary['facts'] = [];
  let found = summaryOf(kind.toLowerCase(), { otype: kind, suffixFromContent: suffix });
  const parts = await root.get(kind === 'MuData' ? 'mod' : 'tables');
  const names = parts === null ? [] : (await parts.keys()).slice(0, MAX_PARTS);
  const shown: SummaryPart[] = [];
  for (const name of names) {
    const part = await parts?.get(name).catch(() => null);
    if (!part) {
      problems.push(`“${clip(name, 60)}” could not be read.`);
      continue;
    }
    const inner = await summariseAnnData(part, suffix);
    const what = kind === 'MuData' ? 'modality' : 'table';
    facts.push({ label: kind === 'MuData' ? `Modality ${name}` : `Table ${name}`, value: sizeText(inner) });
    if (inner.problem) problems.push(`${name}: ${inner.problem}`);
    shown.push(
      partOf(name, what, {
        size: sizeText(inner),
        rows: inner.rows,
        obs: inner.obs,
        vars: inner.vars,
        preview: inner.preview,
      }),
    );
    if (kind === 'SpatialData' && found.obs === null) {
      found = {
        ...found,
        shape: inner.shape,
        rows: inner.rows,
        obs: inner.obs,
        vars: inner.vars,
        columnCount: inner.columnCount,
        preview: inner.preview,
      };
    }
  }
  if (kind === 'MuData') {
    const obs = await readFrame(await root.get('obs'), null, 'obs');
    const vars = await readFrame(await root.get('var'), null, 'var');
    const preview = await previewFrame(obs);
    problems.push(...obs.problems, ...vars.problems);
    found = {
      ...found,
      rows: obs.rows,
      shape:
        obs.rows === null || vars.rows === null ? null : { observations: obs.rows, variables: vars.rows },
      obs: obs.columns,
      vars: vars.columns,
      columnCount: obs.columnCount,
      preview,
    };
  } else {
    for (const element of ['images', 'labels', 'points', 'shapes']) {
      const group = await root.get(element);
      const members = group === null ? [] : await group.keys();
      if (members.length > 0) facts.push({ label: element, value: clip(members.join(', ')) });
    }
    const elements = await elementsPart(root);
    if (elements !== null) shown.unshift(elements);
  }
  const { members } = await membersOf(root, FEW_MEMBERS);
  return { ...found, facts, parts: shown, members, problem: sentence(problems) };
}

export async function summariseAnnData(root: TreeNode, suffix: string): Promise<FileSummary> {
  const uns = await root.get('uns').catch(() => null);
  const obs = await readFrame(await root.get('obs').catch(() => null), uns, 'obs');
  const vars = await readFrame(await root.get('var').catch(() => null), uns, 'var');
  const facts: FileSummary['facts'] = [];
  const x = await root.get('X').catch(() => null);
  if (x !== null) facts.push({ label: 'X', value: await matrixText(x) });
  for (const name of ['layers', 'obsm', 'varm', 'obsp', 'varp', 'uns']) {
    const group = name === 'uns' ? uns : await root.get(name).catch(() => null);
    if (group === null) continue;
    const keys =
      group.kind === 'group' ? await group.keys() : (group.fields ?? []).map((field) => field.name);
    if (keys.length > 0) facts.push({ label: name, value: clip(keys.join(', ')) });
  }
  if ((await root.get('raw').catch(() => null)) ?? (await root.get('raw.X').catch(() => null))) {
    facts.push({ label: 'raw', value: 'present' });
  }
  const xShape = x === null ? null : matrixShape(x);
  const observations = obs.rows ?? xShape?.[0] ?? null;
  const variables = vars.rows ?? xShape?.[1] ?? null;
  const preview = await previewFrame(obs);
  return summaryOf('anndata', {
    otype: 'AnnData',
    suffixFromContent: suffix,
    rows: observations,
    nObservations: observations,
    shape: observations === null || variables === null ? null : { observations, variables },
    obs: obs.columns,
    vars: vars.columns,
    columnCount: obs.columnCount,
    facts,
    preview,
    problem: sentence([...obs.problems, ...vars.problems]),
  });
}

function sizeText(summary: FileSummary): string {
  if (summary.shape === null) return 'size unknown';
  return `${count(summary.shape.observations)} observations × ${count(summary.shape.variables)} variables`;
}

function matrixShape(x: TreeNode): number[] | null {
  if (x.kind === 'array') return x.shape;
  return numbersAttr(x, 'shape') ?? numbersAttr(x, 'h5sparse_shape');
}

async function matrixText(x: TreeNode): Promise<string> {
  if (x.kind === 'array') return `dense, ${shapeText(x)}, ${x.type}`;
  const data = await x.get('data').catch(() => null);
  const format = (textAttr(x, 'encoding-type') ?? textAttr(x, 'h5sparse_format') ?? 'sparse').replace(
    '_matrix',
    '',
  );
  const values = data === null ? '' : `, ${data.type}, ${count(data.shape[0] ?? 0)} stored values`;
  return `sparse (${format}), ${(matrixShape(x) ?? []).map((n) => count(n)).join(' × ')}${values}`;
}

interface Frame {
  rows: number | null;
  columns: SummaryColumn[] | null;
  columnCount: number | null;
  problems: string[];
  /** Readers for the preview: the index first. */
  readers: { name: string; read: (limit: number) => Promise<unknown[]> }[];
  /** Names of columns whose values must not be read. */
  blocked: Set<string>;
}

async function readFrame(node: TreeNode | null, uns: TreeNode | null, slot: 'obs' | 'var'): Promise<Frame> {
  if (node === null)
    return { rows: null, columns: null, columnCount: null, problems: [], readers: [], blocked: new Set() };
  return node.kind === 'array' ? compoundFrame(node, uns) : groupFrame(node, slot);
}

/** anndata 0.5: one array of records; categories stand in uns under `<column>_categories`. */
async function compoundFrame(node: TreeNode, uns: TreeNode | null): Promise<Frame> {
  const fields = node.fields ?? [];
  const columns: SummaryColumn[] = [];
  const labels = new Map<string, TreeNode>();
  for (const field of fields.slice(1, MAX_COLUMNS + 1)) {
    const categories = (await uns?.get(`${field.name}_categories`).catch(() => null)) ?? null;
    if (categories?.kind === 'array') labels.set(field.name, categories);
    columns.push(
      categories?.kind === 'array'
        ? { name: clip(field.name), type: 'category', nulls: null, categories: categories.shape[0] ?? 1 }
        : { name: clip(field.name), type: field.type, nulls: null },
    );
  }
  let records: Promise<unknown[]> | null = null;
  const readers = fields.slice(0, PREVIEW_COLUMNS).map((field, i) => ({
    name: field.name,
    read: async (limit: number) => {
      records ??= node.read(limit);
      const values = (await records).map((record) => (record as unknown[])[i]);
      const categories = labels.get(field.name);
      if (categories === undefined) return values;
      const names = await categories.read(10_000);
      return values.map((code) => names[Number(code)] ?? null);
    },
  }));
  return {
    rows: node.shape[0] ?? 0,
    columns,
    columnCount: Math.max(0, fields.length - 1),
    problems: [],
    readers,
    blocked: new Set(),
  };
}

async function groupFrame(node: TreeNode, slot: 'obs' | 'var'): Promise<Frame> {
  const keys = new Set(await node.keys());
  const index = textAttr(node, '_index') ?? ['_index', 'index'].find((name) => keys.has(name)) ?? null;
  const order =
    listAttr(node, 'column-order') ?? [...keys].filter((key) => key !== index && key !== '__categories');
  const indexNode = index === null ? null : await node.get(index).catch(() => null);
  const oldCategories = keys.has('__categories') ? await node.get('__categories').catch(() => null) : null;
  const problems: string[] = [];
  const columns: SummaryColumn[] = [];
  const readers: Frame['readers'] = [];
  let rows = indexNode === null ? null : await length(indexNode);
  const blocked = new Map<string, string[]>();
  const check = async (name: string, child: TreeNode): Promise<void> => {
    const parts =
      child.kind === 'array'
        ? [child]
        : await Promise.all(['codes', 'categories', 'values'].map((part) => child.get(part)));
    const why = parts.find((part) => part?.blocked)?.blocked;
    if (why) blocked.set(why, [...(blocked.get(why) ?? []), name]);
  };
  if (indexNode !== null && index !== null) {
    await check(index, indexNode);
    readers.push({ name: index, read: (limit) => readColumn(indexNode, null, limit) });
  }
  for (const name of order.slice(0, MAX_COLUMNS)) {
    try {
      const child = await node.get(name);
      if (child === null) {
        columns.push({ name: clip(name), type: 'unknown' });
        problems.push(`Column “${clip(name, 60)}” could not be read.`);
        continue;
      }
      await check(name, child);
      const categories = (await oldCategories?.get(name).catch(() => null)) ?? null;
      columns.push(await describeColumn(name, child, categories));
      rows ??= await length(child);
      if (readers.length < PREVIEW_COLUMNS)
        readers.push({ name, read: (limit) => readColumn(child, categories, limit) });
    } catch (error) {
      columns.push({ name: clip(name), type: 'unknown' });
      problems.push(`Column “${clip(name, 60)}” could not be read (${reason(error)}).`);
    }
  }
  for (const [why, names] of blocked) {
    const which =
      names.length > 3
        ? `${count(names.length)} columns`
        : names.map((name) => `“${clip(name, 60)}”`).join(', ');
    problems.push(`The values of ${which} in ${slot} are not shown: ${why}`);
  }
  return {
    rows,
    columns,
    columnCount: order.length,
    problems,
    readers,
    blocked: new Set([...blocked.values()].flat()),
  };
}

async function length(node: TreeNode): Promise<number | null> {
  if (node.kind === 'array') return node.shape[0] ?? null;
  const values = (await node.get('codes')) ?? (await node.get('values'));
  return values?.shape[0] ?? null;
}

async function describeColumn(
  name: string,
  node: TreeNode,
  oldCategories: TreeNode | null,
): Promise<SummaryColumn> {
  const base = { name: clip(name), nulls: null };
  if (node.kind === 'array') {
    if (oldCategories !== null) return { ...base, type: 'category', categories: oldCategories.shape[0] ?? 0 };
    return { ...base, type: node.type };
  }
  const categories = await node.get('categories');
  if (categories !== null) return { ...base, type: 'category', categories: categories.shape[0] ?? 0 };
  const values = await node.get('values');
  return { ...base, type: values?.type ?? 'unknown' };
}

/** The first values of a column in any of its layouts; codes are turned into names. */
async function readColumn(node: TreeNode, oldCategories: TreeNode | null, limit: number): Promise<unknown[]> {
  if (node.kind === 'array') {
    const values = await node.read(limit);
    if (oldCategories === null) return values;
    const names = await oldCategories.read(10_000);
    return values.map((code) => names[Number(code)] ?? null);
  }
  const codes = await node.get('codes');
  const categories = await node.get('categories');
  if (codes !== null && categories !== null) {
    const names = await categories.read(10_000);
    return (await codes.read(limit)).map((code) =>
      Number(code) < 0 ? null : (names[Number(code)] ?? '(not among the first 10,000 categories)'),
    );
  }
  const values = (await (await node.get('values'))?.read(limit)) ?? [];
  const mask = (await (await node.get('mask'))?.read(limit)) ?? [];
  return values.map((value, i) => (mask[i] ? null : value));
}

async function previewFrame(frame: Frame): Promise<FileSummary['preview']> {
  if (frame.readers.length === 0 || frame.rows === null) return null;
  const shown = Math.min(frame.rows, PREVIEW_ROWS);
  const readers = frame.readers.slice(0, PREVIEW_COLUMNS);
  const columns: (string | null)[][] = [];
  for (const reader of readers) {
    let values: unknown[] = [];
    try {
      values = shown === 0 || frame.blocked.has(reader.name) ? [] : await reader.read(shown);
    } catch (error) {
      values = [];
      if (!frame.problems.some((problem) => problem.includes(`“${clip(reader.name, 60)}”`))) {
        frame.problems.push(`The values of “${clip(reader.name, 60)}” could not be read (${reason(error)}).`);
      }
    }
    columns.push(Array.from({ length: shown }, (_, r) => cellText(values[r])));
  }
  return {
    columns: readers.map((reader) => clip(reader.name)),
    rows: Array.from({ length: shown }, (_, r) => columns.map((column) => column[r] ?? null)),
  };
}

function sentence(problems: readonly string[]): string | null {
  const different = [...new Set(problems)];
  if (different.length === 0) return null;
  const more = different.length > 3 ? ` … and ${count(different.length - 3)} more.` : '';
  return clip(different.slice(0, 3).join(' ') + more, 600);
}
