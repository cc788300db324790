// A bundle as one file: a line that says what it is, the sha-256 of all that follows, then the deflated text of manifest and
// content with the signature over it. Every byte is covered, so that what was cut off or altered is seen before anything
// of it is read.
import { Inflate, deflateSync, strFromU8, strToU8 } from 'fflate';
import { isLoamError } from '../errors.ts';
import { checksumSha256 } from '../hash.ts';
import { memorySource } from '../small-file.ts';
import { fromJsonText, jsonText } from '../write/operation.ts';
import type { BundleSigner, BundleVerifier } from '../ports.ts';
import type { Bundle } from './bundle.ts';
import { checkBundle, unreadable } from './bundle-check.ts';

const first = 'loam branch bundle 1\n';
/** Its hash and a line end. */
const headLength = first.length + 65;
/** More text than this is no branch that somebody made. */
const mostBytes = 512 * 1024 * 1024;

export interface OpenedBundle extends Bundle {
  /** Who signed it, by key; null where nobody did. */
  signedBy: string | null;
  /** False where this browser or Node cannot check signatures. */
  checked: boolean;
}

interface Envelope {
  /** Manifest and content, as text: what is signed are these characters. */
  body: string;
  /** Base64 of the raw Ed25519 key and of the signature over the body. */
  key: string | null;
  signature: string | null;
}

export async function sealBundle(bundle: Bundle, signer: BundleSigner | null): Promise<Uint8Array> {
  const body = jsonText(bundle);
  const envelope: Envelope = {
    body,
    key: signer?.publicKey ?? null,
    signature: signer ? await signer.sign(strToU8(body)) : null,
  };
  const packed = deflateSync(strToU8(JSON.stringify(envelope)), { level: 6 });
  const head = strToU8(`${first}${await sha256(packed)}\n`);
  const file = new Uint8Array(head.length + packed.length);
  file.set(head);
  file.set(packed, head.length);
  return file;
}

/** Refuses in words what is no whole, unaltered bundle. */
export async function openBundle(bytes: Uint8Array, verifier: BundleVerifier | null): Promise<OpenedBundle> {
  const head = strFromU8(bytes.subarray(0, Math.min(headLength, bytes.length)), true);
  if (!head.startsWith(first)) {
    if (/^loam branch bundle \d+\n/.test(head))
      throw unreadable('a newer Loam made it. Reload the page to update Loam, then open it again');
    throw unreadable('it does not begin as a bundle of a branch does');
  }
  if (bytes.length <= headLength) throw unreadable('it ends before its content');
  const packed = bytes.subarray(headLength);
  if (head.slice(first.length) !== `${await sha256(packed)}\n`)
    throw unreadable('it was cut off or altered on its way: its content is not what its checksum says');
  const { body, key, signature } = readEnvelope(inflate(packed));
  if ((key === null) !== (signature === null)) throw unreadable('its signature is not whole');
  const signed = key !== null && signature !== null;
  if (signed && verifier && !(await verifier.verify(key, signature, strToU8(body))))
    throw unreadable('its signature does not fit: somebody else changed it after it was signed');
  let bundle: unknown;
  try {
    bundle = fromJsonText<unknown>(body);
  } catch {
    throw unreadable('its content is no JSON');
  }
  return { ...checkBundle(bundle), signedBy: key, checked: !signed || verifier !== null };
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

function inflate(packed: Uint8Array): string {
  const parts: Uint8Array[] = [];
  let size = 0;
  const inflater = new Inflate((part) => {
    size += part.length;
    if (size > mostBytes) throw unreadable('it holds more than half a gigabyte of text');
    parts.push(part.slice());
  });
  try {
    const step = 64 * 1024;
    for (let at = 0; at < packed.length; at += step)
      inflater.push(packed.subarray(at, at + step), at + step >= packed.length);
  } catch (error) {
    if (isLoamError(error)) throw error;
    throw unreadable('its content cannot be unpacked');
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return strFromU8(whole);
}

const sha256 = (bytes: Uint8Array): Promise<string> => checksumSha256(memorySource(bytes));
