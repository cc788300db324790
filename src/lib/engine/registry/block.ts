// Blocks: notes (readmes) and comments on any object, and pages of the instance by key, of which README.md is its own
// (lamindb 2.12.1 `block.py`). Readmes have versions, comments do not. The same content again is the block that is there;
// content for an empty head fills it, where LaminDB gives the empty one back and drops the content.
import { LoamError } from '../errors.ts';
import { hashText } from '../hash.ts';
import type { Model, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { toPythonJson } from '../python-json.ts';
import { one, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { insertOne, remove, update } from '../write/apply.ts';
import { tableOf } from '../write/journal.ts';
import type { Transaction } from '../write/transaction.ts';
import { take, without, type Behaviour, type CreatePlan, type Draft } from './behaviour.ts';
import { refuseLocked } from './locked.ts';
import { labelOf, visibleBranches } from './tables.ts';
import { nextUid } from './versions.ts';

export interface BlockInput {
  kind: 'readme' | 'comment';
  content: string;
  /** A comment that is there, to change its content. */
  uid?: string;
  /** Line of a transform's source code. */
  line?: number | null;
  /** State of the live text that the content was taken from, in base64 (decision 0042); `room` where it is too long. */
  live?: string;
}

export interface SavedBlock {
  uid: string;
  created: boolean;
  message: string | null;
}

/** Keys that LaminDB allows for pages of the instance. */
const registryKeys = [
  ...['artifact', 'block', 'collection', 'feature', 'jsonvalue', 'project'],
  ...['record', 'run', 'schema', 'storage', 'transform', 'ulabel'],
].map((name) => `__lamindb_${name}__`);
export const instanceReadme = 'README.md';

/** The table of notes and comments on rows of a registry, with the column of the row. */
export function blockTable(model: Model, table: Table): { blocks: Table; own: string } {
  const own = `${(table.registry ?? '').toLowerCase()}_id`;
  const blocks = model.tables.get(`${table.module}_${(table.registry ?? '').toLowerCase()}block`);
  if (blocks?.family === 'block' && blocks.column.has(own)) return { blocks, own };
  throw new LoamError('InvalidArgument', `${labelOf(table)} rows have no notes and comments.`, {
    registry: labelOf(table),
  });
}

/** A note or comment on one row. */
export function* saveBlock(tx: Transaction, table: Table, id: number, input: BlockInput): Steps<SavedBlock> {
  const { blocks, own } = blockTable(tx.journal.model, table);
  checkInput(blocks, input);
  const line: Record<string, number | null> =
    input.line !== undefined && blocks.column.has('line_number') ? { line_number: input.line } : {};
  if (input.kind === 'comment') {
    if (input.uid !== undefined) return yield* editComment(tx, blocks, input.uid, input.content);
    const uid = `${randomUid(16, tx.journal.random)}0000`;
    yield* insertOne(tx, blocks.name, { ...fresh(input), uid, [own]: id, ...line });
    return { uid, created: true, message: null };
  }
  const branches = blocks.column.has('created_on_id')
    ? `AND +branch_id IN (${visibleBranches(tx.author).join(', ')})`
    : '';
  const head = yield* one(
    `SELECT id, uid, content FROM "${blocks.name}" WHERE "${own}" = ? AND kind = 'readme' AND is_latest = 1 ${branches}
     ORDER BY created_at DESC, id DESC LIMIT 1`,
    [id],
  );
  return yield* saveVersion(tx, blocks, head, input, { [own]: id, ...line });
}

/** A page of the instance; `key` null is a page of its own each time. */
export function* savePage(tx: Transaction, key: string | null, input: BlockInput): Steps<SavedBlock> {
  const blocks = checkPage(tx, key, input);
  const head = yield* pageHead(tx, key, input);
  if (head) yield* refuseLocked(blocks, [Number(head[0])]);
  return yield* saveVersion(tx, blocks, head, input, { key });
}

function checkPage(tx: Transaction, key: string | null, input: BlockInput): Table {
  const blocks = tableOf(tx.journal.model, 'lamindb_block');
  checkInput(blocks, input);
  if (input.kind !== 'readme')
    throw new LoamError('ValueError', "Only kind = 'readme' is supported for block.", { field: 'kind' });
  if (key === null || key === instanceReadme || registryKeys.includes(key)) return blocks;
  throw new LoamError(
    'ValueError',
    `key must be ${instanceReadme} or one of ${registryKeys.join(', ')}, not "${key.slice(0, 80)}".`,
    { registry: 'Block', field: 'key' },
  );
}

/** The page that a content is a version of: the key's latest, without a key the one with this content. */
function* pageHead(
  tx: Transaction,
  key: string | null,
  { content }: BlockInput,
): Steps<SqlValue[] | undefined> {
  return yield* one(
    `SELECT id, uid, content FROM lamindb_block WHERE ${key === null ? 'key IS NULL AND hash = ?1' : 'key = ?1'}
     AND is_latest = 1 AND +branch_id IN (${visibleBranches(tx.author).join(', ')}) ORDER BY created_at DESC, id DESC LIMIT 1`,
    [key ?? hashText(content)],
  );
}

function* saveVersion(
  tx: Transaction,
  blocks: Table,
  head: readonly unknown[] | undefined,
  input: BlockInput,
  more: Record<string, string | number | null>,
): Steps<SavedBlock> {
  const uid = head ? String(head[1]) : '';
  if (head && head[2] === input.content)
    return { uid, created: false, message: `Returning the ${labelOf(blocks)} with the same content.` };
  if (head && head[2] === '') {
    yield* update(tx, blocks.name, [Number(head[0])], {
      content: input.content,
      hash: hashText(input.content),
      ...liveOf(blocks, input),
    });
    return { uid, created: false, message: 'No content was saved yet; the block that is there took it.' };
  }
  const next = head ? yield* nextUid(blocks.name, uid) : `${randomUid(16, tx.journal.random)}0000`;
  yield* insertOne(tx, blocks.name, { ...fresh(input), uid: next, ...more, ...liveOf(blocks, input) });
  return { uid: next, created: true, message: null };
}

const liveOf = (blocks: Table, { live }: BlockInput): Record<string, string> =>
  live !== undefined && blocks.column.has('_aux') ? { _aux: toPythonJson({ loam: { text: live } }) } : {};

const fresh = ({ kind, content }: BlockInput) => ({
  kind,
  content,
  hash: content === '' ? null : hashText(content),
});

function* editComment(tx: Transaction, blocks: Table, uid: string, content: string): Steps<SavedBlock> {
  const row = yield* one(`SELECT id FROM "${blocks.name}" WHERE uid = ? AND kind = 'comment'`, [uid]);
  if (!row)
    throw new LoamError('DoesNotExist', `There is no comment "${uid}" here. It may have been deleted.`);
  yield* update(tx, blocks.name, [Number(row[0])], {
    content,
    hash: content === '' ? null : hashText(content),
  });
  return { uid, created: false, message: null };
}

/** Deletes one comment, or one version of a note: the version before is then the latest. */
export function* removeBlock(tx: Transaction, blocks: Table, uid: string): Steps<void> {
  const row = yield* one(`SELECT id FROM "${blocks.name}" WHERE uid = ?`, [uid]);
  if (!row) throw new LoamError('DoesNotExist', `There is no block "${uid}" here. It may have been deleted.`);
  yield* refuseLocked(blocks, [Number(row[0])]);
  yield* remove(tx, blocks.name, [Number(row[0])]);
}

function checkInput(blocks: Table, { kind, content }: BlockInput): void {
  if (kind !== 'readme' && kind !== 'comment') {
    throw new LoamError('ValueError', `kind must be 'readme' or 'comment', got ${JSON.stringify(kind)}.`, {
      registry: labelOf(blocks),
      field: 'kind',
    });
  }
  if (typeof content !== 'string')
    throw new LoamError('TypeError', 'The content of a block must be text.', { field: 'content' });
}

/** Pages of the instance as rows of their registry. */
export const block: Behaviour = {
  *create(tx: Transaction, draft: Draft): Steps<CreatePlan> {
    const { given, values } = draft;
    const key = take(given, 'key') ?? null;
    const content = take(given, 'content') ?? '';
    const input = { kind: take(given, 'kind') ?? 'readme', content } as BlockInput;
    if (key !== null && typeof key !== 'string')
      throw new LoamError('TypeError', 'The key of a block must be text.', { field: 'key' });
    checkPage(tx, key, input);
    const head = yield* pageHead(tx, key, input);
    Object.assign(values, { ...fresh(input), key });
    return {
      names: false,
      *find() {
        if (!head || (head[2] !== input.content && head[2] !== '')) return null;
        draft.values = { content: input.content, hash: values['hash'] ?? null };
        const same = head[2] === input.content;
        const message = same
          ? 'Returning the Block with the same content.'
          : 'No content was saved yet; the block that is there took it.';
        return { id: Number(head[0]), message, asItIs: same, takes: ['hash'] };
      },
      *complete() {
        if (head) draft.values['uid'] ??= yield* nextUid('lamindb_block', String(head[1]));
      },
    };
  },
  update: (_, { given, values }) =>
    without(() => {
      const content = given['content'];
      if (typeof content === 'string') values['hash'] = content === '' ? null : hashText(content);
      return {};
    }),
};
