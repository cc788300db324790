// Keys of bytes as strangers send them: what may be one, and the uid it names. A key is below the root of a storage and
// never leads out of it, whatever the file system makes of odd names.
import { LoamError } from '../../src/lib/engine/errors.ts';

const mostKey = 1024;
const mostPart = 255;

/** The parts of a key; everything that is none is refused before a disk or a database sees it. */
export function checkKey(key: string): string[] {
  const refuse = (why: string) =>
    new LoamError('ValidationError', `“${key.slice(0, 60)}” cannot be the key of a file: ${why}.`, {
      field: 'key',
    });
  if (key === '' || Buffer.byteLength(key) > mostKey) throw refuse(`it has 1 to ${mostKey} bytes`);
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f\\\ud800-\udfff]/u.test(key)) throw refuse('it has signs that no key has');
  const parts = key.split('/');
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..') throw refuse('it does not name one place');
    if (Buffer.byteLength(part) > mostPart) throw refuse(`a part is longer than ${mostPart} bytes`);
  }
  // Files of the server's own: what is on its way, and the mark of the storage.
  if (parts[0] === '.lamindb' && (parts[1] === undefined || !/^[0-9A-Za-z]{16}/.test(parts[1])))
    throw refuse('it names no artifact');
  return parts;
}

/** The uid (20 letters of a file, 16 of a folder and more) that begins the name of a key that was made of one. */
export function uidIn(key: string): { uid: string; below: string | null } | null {
  const [, name = '', path] = /^\.lamindb\/([^/]+)(?:\/(.+))?$/.exec(key) ?? [];
  const uid = /^[0-9A-Za-z]{16,20}/.exec(name)?.[0];
  return uid === undefined ? null : { uid, below: path ?? null };
}

/** A sha-256 as 64 hexadecimal digits. */
export function checkSha(text: unknown): Uint8Array {
  if (typeof text !== 'string' || !/^[0-9a-f]{64}$/.test(text))
    throw new LoamError('ValidationError', 'A sha-256 is 64 hexadecimal digits in small letters.', {
      field: 'sha256',
    });
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** A number of bytes within the limit. */
export function checkSize(value: unknown, most: number): number {
  const size = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new LoamError('ValidationError', 'A size is a whole number of bytes.', { field: 'size' });
  if (size > most)
    throw new LoamError(
      'ValidationError',
      `The file has ${size.toLocaleString('en')} bytes; this server takes at most ${most.toLocaleString('en')}.`,
      { field: 'size' },
    );
  return size;
}
