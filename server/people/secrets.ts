// Tokens that are shown once and stored as hashes: a kind, then 256 random bits. A hash without salt is enough, since
// nobody can guess what it is made of.
import { createHash } from 'node:crypto';
import { randomUid } from '../../src/lib/engine/uid.ts';
import type { Ground } from './ground.ts';

/** What a token opens. One that is offered as another is none. */
export type TokenKind = 'session' | 'invite' | 'flow';

const secretBytes = 32;
/** 43 characters of base64url hold 258 bits: of the last character only those that end in 00 are a token's. */
const secretPattern = '[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]';
const shapes: Readonly<Record<TokenKind, RegExp>> = {
  session: new RegExp(`^loam_session_${secretPattern}$`),
  invite: new RegExp(`^loam_invite_${secretPattern}$`),
  flow: new RegExp(`^loam_flow_${secretPattern}$`),
};
const keyShape = new RegExp(`^loam_key_([0-9A-Za-z]{12})_(${secretPattern})$`);

const secretOf = (ground: Ground): string =>
  Buffer.from(ground.random(new Uint8Array(secretBytes))).toString('base64url');

/** A new token. */
export const newToken = (ground: Ground, kind: TokenKind): string => `loam_${kind}_${secretOf(ground)}`;

/** What is stored of a token. The text before it keeps hashes of one kind from being another's. */
export const hashOf = (token: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update('loam token\0').update(token).digest());

/** The hash to look for; null if the text cannot be a token of this kind, so that the database is not asked. */
export const tokenHash = (token: unknown, kind: TokenKind): Uint8Array | null =>
  typeof token === 'string' && shapes[kind].test(token) ? hashOf(token) : null;

/** A new API key: its prefix is stored and shown in lists, the whole is shown once. */
export function newKey(ground: Ground): { prefix: string; token: string } {
  const prefix = randomUid(12, ground.random);
  return { prefix, token: `loam_key_${prefix}_${secretOf(ground)}` };
}

/** Prefix of what looks like a key; null for anything else. */
export const keyPrefix = (token: string): string | null => keyShape.exec(token)?.[1] ?? null;

/** What a page sends beside the cookie to show that it is ours: stays while the token changes, and opens nothing alone. */
export const newCsrf = (ground: Ground): string => secretOf(ground);
