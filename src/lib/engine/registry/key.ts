// Keys of artifacts, collections and transforms: texts like paths, without tricks that a path could play.
import { LoamError } from '../errors.ts';

/** A key people may use: any text without path tricks, at most 1,024 characters. The suffix cannot change with it. */
export function checkKey(key: string): string {
  const parts = key.split('/');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (key === '' || /[\u0000-\u001f\u007f]/.test(key))
    throw badKey(key, 'is empty or has control characters');
  if (key.startsWith('/') || /^[a-z]:[\\/]/i.test(key))
    throw badKey(key, 'starts at the root of a disk; keys are relative');
  if (key.includes('\\')) throw badKey(key, 'has a backslash; separate folders by /');
  if (parts.some((p) => p === '..' || p === '.' || p === ''))
    throw badKey(key, 'has an empty, "." or ".." folder');
  if (parts[0] === '.lamindb') throw badKey(key, 'starts with .lamindb, where LaminDB keeps its own files');
  const length = [...key].length;
  if (length > 1024)
    throw new LoamError('DataError', `A key may have 1,024 characters, this has ${length}. Shorten it.`, {
      length,
    });
  return key;
}

function badKey(key: string, why: string): LoamError {
  const shown = key.length > 80 ? `${key.slice(0, 80)}…` : key;
  return new LoamError('InvalidArgument', `The key "${shown}" ${why}. Choose another key.`, { key: shown });
}

/** Keys of collections and transforms: LaminDB's `check_key`. */
export function checkPath(registry: string, key: unknown): void {
  if (typeof key !== 'string') return;
  const segment = key.split('/').find((part) => part === '.' || part === '..');
  if (!key.includes('\\') && segment === undefined) return;
  const why =
    segment === undefined ? 'Backslashes are not allowed in' : `Relative path segment "${segment}" in`;
  throw new LoamError('ValueError', `${why} key "${key.slice(0, 80)}". Choose another key.`, {
    registry,
    field: 'key',
  });
}
