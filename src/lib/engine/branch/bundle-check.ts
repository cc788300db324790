// Whether what a bundle holds has the shape of one. Names of tables and columns are looked at when it is received, where the
// model is known.
import { LoamError } from '../errors.ts';
import type { RowKey } from '../write/operation.ts';
import type { Bundle, BundleCells, BundleFile, BundleManifest } from './bundle.ts';
import type { BundleChoice } from './bundle-choices.ts';
import type { BundleRows } from './bundle-rows.ts';
import type { ReviewCounts } from './bundle-review.ts';

export const unreadable = (why: string) =>
  new LoamError('FileUnreadable', `This file cannot be opened as a branch: ${why}. Nothing was changed.`);

type Fields = Record<string, unknown>;

const fields = (value: unknown): Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    throw unreadable('a part of it is no object');
  return value as Fields;
};
const list = (value: unknown): unknown[] => {
  if (!Array.isArray(value)) throw unreadable('a part of it is no list');
  return value;
};
const text = (value: unknown, most = 300): string => {
  if (typeof value !== 'string' || value.length > most)
    throw unreadable('a part of it is no text, or too long a one');
  return value;
};
const whole = (value: unknown): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw unreadable('a part of it is no whole number');
  return value;
};
const orNull = <T>(value: unknown, read: (value: unknown) => T): T | null =>
  value === null ? null : read(value);

/** Values and keys: text, numbers, bytes, null, or lists of them, not deeper than keys nest. */
function key(value: unknown, depth = 0): RowKey {
  if (Array.isArray(value)) {
    if (depth > 6) throw unreadable('a key in it is nested too deeply');
    return value.map((part) => key(part, depth + 1));
  }
  const plain =
    value === null || typeof value === 'string' || typeof value === 'bigint' || value instanceof Uint8Array;
  if (!plain && !(typeof value === 'number' && Number.isFinite(value)))
    throw unreadable('a value in it is of no kind that a database holds');
  return value as RowKey;
}

function rows(value: unknown): BundleRows {
  const { table, keys, columns, values } = fields(value);
  const out = {
    table: text(table),
    keys: list(keys).map((one) => key(one)),
    columns: list(columns).map((one) => text(one)),
    values: list(values).map((column) => list(column).map((one) => key(one))),
  };
  if (new Set(out.columns).size !== out.columns.length) throw unreadable('a column in it comes twice');
  if (out.values.length !== out.columns.length || out.values.some((one) => one.length !== out.keys.length))
    throw unreadable('rows in it are not whole');
  return out;
}

function cells(value: unknown): BundleCells {
  const { table, key: of, cells: given } = fields(value);
  return {
    table: text(table),
    key: key(of),
    cells: list(given).map((cell) => {
      const [column, base, mine, more] = list(cell);
      if (more !== undefined || mine === undefined) throw unreadable('a changed cell in it is not whole');
      return [text(column), key(base), key(mine)];
    }),
  };
}

function choice(value: unknown): BundleChoice {
  const { table, key: of, column, seen, side, value: edited } = fields(value);
  if (side !== 'branch' && side !== 'parent' && side !== 'edit')
    throw unreadable('a choice in it takes no side that there is');
  return {
    table: text(table),
    key: key(of),
    column: text(column),
    seen: key(seen),
    side,
    value: key(edited),
  };
}

function review(value: unknown): ReviewCounts {
  const given = fields(value);
  return {
    readme: given['readme'] === true,
    comments: whole(given['comments']),
    verdicts: whole(given['verdicts']),
    reviewers: whole(given['reviewers']),
    choices: whole(given['choices']),
  };
}

function file(value: unknown): BundleFile {
  const { path, size, sha256 } = fields(value);
  const length = whole(size);
  if (length < 0) throw unreadable('a file in it has less than no bytes');
  const parts = text(path, 2000).split('/');
  if (
    path !== '' &&
    parts.some((part) => part === '' || part === '.' || part === '..' || /[\\\0]/.test(part))
  )
    throw unreadable('a file in it has a path that leads elsewhere');
  if (!/^[0-9a-f]{64}$/.test(text(sha256))) throw unreadable('a file in it has no checksum');
  return { path: text(path, 2000), size: length, sha256: text(sha256) };
}

const noReview: ReviewCounts = { readme: false, comments: 0, verdicts: 0, reviewers: 0, choices: 0 };

function manifest(value: unknown): BundleManifest {
  const given = fields(value);
  const format = given['format'];
  if (format !== 1 && format !== 2)
    throw unreadable('a newer Loam made it. Reload the page to update Loam, then open it again');
  const named = (part: unknown) => {
    const { uid, name } = fields(part);
    return { uid: text(uid), name: text(name) };
  };
  const branch = fields(given['branch']);
  const fork = fields(given['fork']);
  const author = fields(given['author']);
  const counts = fields(given['counts']);
  return {
    format,
    branch: {
      ...named(branch),
      description: orNull(branch['description'], (one) => text(one, 1_000_000)),
      status: whole(branch['status']),
      by: format === 1 ? null : orNull(branch['by'], (one) => text(one)),
      createdAt: format === 1 ? null : orNull(branch['createdAt'], (one) => text(one, 60)),
      state: format === 1 ? null : text(branch['state']),
    },
    parent: named(given['parent']),
    fork: { act: orNull(fork['act'], (one) => text(one)), at: whole(fork['at']) },
    instance: named(given['instance']),
    schema: text(given['schema']),
    author: { uid: text(author['uid']), handle: text(author['handle']) },
    // Files from before devices were told have none.
    device: orNull(given['device'] ?? null, named),
    madeAt: text(given['madeAt']),
    counts: {
      made: whole(counts['made']),
      changed: whole(counts['changed']),
      added: whole(counts['added']),
      taken: whole(counts['taken']),
    },
    review: format === 1 ? noReview : review(given['review']),
    blobs: list(given['blobs']).map((one) => {
      const { uid, hash, size, storageKey, hashType, name, files } = fields(one);
      return {
        hashType: format === 1 ? null : orNull(hashType, (of) => text(of)),
        name: format === 1 ? text(storageKey, 2000) : text(name, 2000),
        files: format === 1 ? null : orNull(files, (of) => list(of).map(file)),
        uid: text(uid),
        hash: orNull(hash, (of) => text(of)),
        size: orNull(size, whole),
        storageKey: text(storageKey, 2000),
      };
    }),
  };
}

export function checkBundle(value: unknown): Bundle {
  const given = fields(value);
  const content = fields(given['content']);
  const head = manifest(given['manifest']);
  const since2 = (name: string): unknown[] => (head.format === 1 ? [] : list(content[name]));
  return {
    manifest: head,
    content: {
      shared: list(content['shared']).map(rows),
      made: list(content['made']).map(rows),
      changed: list(content['changed']).map(cells),
      added: list(content['added']).map(rows),
      taken: list(content['taken']).map((one) => {
        const { table, keys } = fields(one);
        return { table: text(table), keys: list(keys).map((of) => key(of)) };
      }),
      named: list(content['named']).map((one) => {
        const { table, key: of, name } = fields(one);
        return { table: text(table), key: key(of), name: text(name) };
      }),
      review: since2('review').map(rows),
      choices: since2('choices').map(choice),
    },
  };
}
