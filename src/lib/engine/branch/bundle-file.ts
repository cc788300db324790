// A bundle as one file: a line that says what it is, a line with the sum and length of the text and the length of the files, the
// deflated text of manifest and content with the signature over it, the bytes of files one after another, and the sha-256 of
// every byte before it. So what was cut off or altered is seen before anything of it is used. The text names size and sha-256 of
// each file: the signature covers them as well. Files of format 1 have a sum in front and no bytes of files.
import { createSHA256 } from 'hash-wasm';
import { deflateSync, strFromU8, strToU8 } from 'fflate';
import { LoamError } from '../errors.ts';
import { memorySource } from '../small-file.ts';
import { fromJsonText, jsonText } from '../write/operation.ts';
import type { BundleSigner, BundleVerifier, ByteSource } from '../ports.ts';
import type { Bundle } from './bundle.ts';
import { checkBundle, unreadable } from './bundle-check.ts';
import { hex, inflated, piecesOf, type FileWatch } from './bundle-stream.ts';

const first = 'loam branch bundle 2\n';
const firstOld = 'loam branch bundle 1\n';
/** Of format 1: its hash and a line end. */
const oldHead = firstOld.length + 65;
const digits = 16;
/** Hash, two lengths, and what is between and after them. */
const headLength = first.length + 64 + 1 + digits + 1 + digits + 1;
/** A hash and a line end. */
const endLength = 65;
/** More text than this is no branch that somebody made. */
export const mostText = 512 * 1024 * 1024;

export interface OpenedBundle extends Bundle {
  /** Who signed it, by key; null where nobody did. */
  signedBy: string | null;
  /** False where this browser or Node cannot check signatures. */
  checked: boolean;
  /** The file, and where in it the bytes of files are. */
  source: ByteSource;
  filesAt: number;
  filesLength: number;
}

interface Envelope {
  /** Manifest and content, as text: what is signed are these characters. */
  body: string;
  /** Base64 of the raw Ed25519 key and of the signature over the body. */
  key: string | null;
  signature: string | null;
}

/** A bundle without bytes of files. */
export async function sealBundle(bundle: Bundle, signer: BundleSigner | null): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of bundleChunks(bundle, signer, [])) parts.push(chunk);
  const file = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/**
 * The file in chunks. `sources` are the bytes of the files that the manifest names, in its order.
 * @throws `FileUnreadable` where one is not what the manifest says any more.
 */
export async function* bundleChunks(
  bundle: Bundle,
  signer: BundleSigner | null,
  sources: readonly ByteSource[],
  watch: FileWatch = {},
): AsyncGenerator<Uint8Array> {
  const body = jsonText(bundle);
  const envelope: Envelope = {
    body,
    key: signer?.publicKey ?? null,
    signature: signer ? await signer.sign(strToU8(body)) : null,
  };
  const packed = deflateSync(strToU8(JSON.stringify(envelope)), { level: 6 });
  const files = filesOf(bundle);
  const length = files.reduce((sum, { size }) => sum + size, 0);
  const all = await createSHA256();
  all.init();
  const head = strToU8(`${first}${await sha256(packed)} ${padded(packed.length)} ${padded(length)}\n`);
  for (const part of [head, packed]) {
    all.update(part);
    yield part;
  }
  let done = 0;
  for (const [i, { size, sha256: sum, name }] of files.entries()) {
    const source = sources[i];
    const changed = () =>
      new LoamError('FileUnreadable', `${name} was changed while it was saved. Save the branch again.`);
    if (source?.size !== size) throw changed();
    const own = await createSHA256();
    own.init();
    for await (const piece of piecesOf(source, 0, size, watch.signal)) {
      own.update(piece);
      all.update(piece);
      done += piece.length;
      yield piece;
      watch.onProgress?.(done, length);
    }
    if (hex(own.digest('binary')) !== sum) throw changed();
  }
  yield strToU8(`${hex(all.digest('binary'))}\n`);
}

/** Every file whose bytes are in a bundle, in their order in it. */
export const filesOf = ({ manifest }: Pick<Bundle, 'manifest'>) =>
  manifest.blobs.flatMap((blob) =>
    (blob.files ?? []).map((file) => ({
      ...file,
      name: file.path === '' ? blob.name : `${blob.name}/${file.path}`,
    })),
  );

/**
 * Refuses in words what is no whole, unaltered bundle. Of one with bytes of files the text is looked at here; `checkFiles`
 * looks at every byte.
 */
export async function openBundle(
  given: Uint8Array | ByteSource,
  verifier: BundleVerifier | null,
): Promise<OpenedBundle> {
  const source = given instanceof Uint8Array ? memorySource(given) : given;
  const head = strFromU8(await source.read(0, Math.min(headLength, source.size)), true);
  const { packed, filesAt, filesLength } = head.startsWith(firstOld)
    ? await textOfOld(source)
    : await textOf(source, head);
  const { body, key, signature } = readEnvelope(
    strFromU8(
      inflated(
        packed,
        mostText,
        unreadable('it holds more than half a gigabyte of text'),
        unreadable('its content cannot be unpacked'),
      ),
    ),
  );
  if ((key === null) !== (signature === null)) throw unreadable('its signature is not whole');
  const signed = key !== null && signature !== null;
  if (signed && verifier && !(await verifier.verify(key, signature, strToU8(body))))
    throw unreadable('its signature does not fit: somebody else changed it after it was signed');
  let value: unknown;
  try {
    value = fromJsonText<unknown>(body);
  } catch {
    throw unreadable('its content is no JSON');
  }
  const bundle = checkBundle(value);
  if (filesOf(bundle).reduce((sum, { size }) => sum + size, 0) !== filesLength)
    throw unreadable('the files in it are not those that it names');
  return { ...bundle, signedBy: key, checked: !signed || verifier !== null, source, filesAt, filesLength };
}

interface Packed {
  packed: Uint8Array;
  filesAt: number;
  filesLength: number;
}

async function textOf(source: ByteSource, head: string): Promise<Packed> {
  if (!head.startsWith(first)) {
    if (/^loam branch bundle \d+\n/.test(head))
      throw unreadable('a newer Loam made it. Reload the page to update Loam, then open it again');
    throw unreadable('it does not begin as a bundle of a branch does');
  }
  if (source.size <= headLength) throw unreadable('it ends before its content');
  const [, sum, text, files] = /^.*\n([0-9a-f]{64}) (\d{16}) (\d{16})\n$/.exec(head) ?? [];
  const [length, filesLength] = [Number(text), Number(files)];
  if (sum === undefined || source.size !== headLength + length + filesLength + endLength) throw altered();
  if (length > mostText) throw unreadable('it holds more than half a gigabyte of text');
  const filesAt = headLength + length;
  const packed = await source.read(headLength, filesAt);
  if ((await sha256(packed)) !== sum) throw altered();
  // Without files that is all of it but the last line.
  if (filesLength === 0) {
    const all = await createSHA256();
    all.init().update(strToU8(head)).update(packed);
    await checkEnd(source, hex(all.digest('binary')));
  }
  return { packed, filesAt, filesLength };
}

async function textOfOld(source: ByteSource): Promise<Packed> {
  if (source.size <= oldHead) throw unreadable('it ends before its content');
  if (source.size > mostText) throw unreadable('it holds more than half a gigabyte of text');
  const head = strFromU8(await source.read(firstOld.length, oldHead), true);
  const packed = await source.read(oldHead, source.size);
  if (head !== `${await sha256(packed)}\n`) throw altered();
  return { packed, filesAt: source.size, filesLength: 0 };
}

async function checkEnd(source: ByteSource, sum: string): Promise<void> {
  const end = strFromU8(await source.read(source.size - endLength, source.size), true);
  if (end !== `${sum}\n`) throw altered();
}

/** Reads every byte: the sum of the whole, and of each file. Throws `FileUnreadable` before anything of it is used. */
export async function checkSums(
  { manifest, source, filesAt }: OpenedBundle,
  watch: FileWatch = {},
): Promise<void> {
  const all = await createSHA256();
  all.init();
  for await (const piece of piecesOf(source, 0, filesAt, watch.signal)) all.update(piece);
  let at = filesAt;
  const total = source.size - endLength - filesAt;
  const wrong: string[] = [];
  for (const { name, size, sha256: sum } of filesOf({ manifest })) {
    const own = await createSHA256();
    own.init();
    for await (const piece of piecesOf(source, at, at + size, watch.signal)) {
      own.update(piece);
      all.update(piece);
      at += piece.length;
      watch.onProgress?.(at - filesAt, total);
    }
    if (hex(own.digest('binary')) !== sum) wrong.push(name);
  }
  await checkEnd(source, hex(all.digest('binary')));
  if (wrong.length > 0)
    throw unreadable(`the bytes of ${wrong[0]?.slice(0, 100)} are not those that it names`);
}

function readEnvelope(text: string): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable('its content is no JSON');
  }
  const { body, key, signature } = (value ?? {}) as Record<string, unknown>;
  const orNull = (one: unknown): one is string | null => one === null || typeof one === 'string';
  if (typeof body !== 'string' || !orNull(key) || !orNull(signature))
    throw unreadable('its parts are not those of a bundle');
  return { body, key, signature };
}

const altered = () =>
  unreadable('it was cut off or altered on its way: its content is not what its checksum says');

const padded = (n: number): string => String(n).padStart(digits, '0');

async function sha256(bytes: Uint8Array): Promise<string> {
  return hex((await createSHA256()).init().update(bytes).digest('binary'));
}
