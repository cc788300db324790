// Universal ids as LaminDB makes them: random base62, a 4-character version counter behind a stem,
// and ids of ontology terms derived from their text so that two offline peers agree.
import { BASE62, encodeBytes } from './base62.ts';
import { LoamError } from './errors.ts';
import { md5 } from './md5.ts';
import type { Random } from './ports.ts';

export const VERSION_LENGTH = 4;
export const FIRST_VERSION = '0000';

/** Uid lengths by registry; versioned ones are stem + 4. */
export const UID_LENGTH = {
  ULabel: 8,
  User: 8,
  Feature: 12,
  Space: 12,
  Branch: 12,
  Project: 12,
  Reference: 12,
  Storage: 12,
  Schema: 16,
  Record: 16,
  Run: 16,
  Transform: 16,
  Artifact: 20,
  Collection: 20,
  Block: 20,
} as const;

/** Each character is equally likely: bytes of 248 and more are thrown away, since 256 is no multiple of 62. */
export function randomUid(length: number, random: Random): string {
  let uid = '';
  while (uid.length < length) {
    for (const byte of random(new Uint8Array(length - uid.length + 8))) {
      if (byte < 248 && uid.length < length) uid += BASE62.charAt(byte % 62);
    }
  }
  return uid;
}

/** Many at once: asking for random bytes one uid at a time takes longer than all else. */
export function randomUids(count: number, length: number, random: Random): string[] {
  const uids: string[] = [];
  // Browsers give at most 65,536 random bytes at a time.
  const most = Math.max(1, Math.floor(32_768 / length));
  while (uids.length < count) {
    const n = Math.min(most, count - uids.length);
    const text = randomUid(n * length, random);
    for (let i = 0; i < n; i++) uids.push(text.slice(i * length, (i + 1) * length));
  }
  return uids;
}

/** A fresh uid of a versioned registry: random stem, counter 0000. */
export function firstVersionUid(
  registry: 'Transform' | 'Artifact' | 'Collection' | 'Block',
  random: Random,
): string {
  return randomUid(UID_LENGTH[registry] - VERSION_LENGTH, random) + FIRST_VERSION;
}

export function splitUid(uid: string): { stem: string; version: string } {
  return { stem: uid.slice(0, -VERSION_LENGTH), version: uid.slice(-VERSION_LENGTH) };
}

/** The next counter: 0000 → 0001 … 000z → 0010. Throws after zzzz (14,776,335 versions). */
export function nextVersion(version: string): string {
  const digits = Array.from(version, (character) => BASE62.indexOf(character));
  if (digits.length !== VERSION_LENGTH || digits.includes(-1)) {
    throw new LoamError(
      'InvalidArgument',
      `“${version}” is no version counter: four characters of 0-9A-Za-z are expected.`,
      { version },
    );
  }
  for (let i = digits.length - 1; i >= 0; i--) {
    const digit = (digits[i] ?? 0) + 1;
    digits[i] = digit % 62;
    if (digit < 62) return digits.map((value) => BASE62.charAt(value)).join('');
  }
  throw new LoamError('InvalidArgument', 'There is no version counter after zzzz.', { version });
}

/** The uid after the newest of a family. The caller passes every version, of all branches and of the trash. */
export function nextVersionUid(family: readonly string[]): string {
  const newest = [...family].sort(compareBase62).at(-1);
  if (newest === undefined)
    throw new LoamError('InvalidArgument', 'A family of versions needs at least one uid.');
  const { stem, version } = splitUid(newest);
  return stem + nextVersion(version);
}

/** 1 for 0000, 2 for 0001, … */
export function versionNumber(uid: string): number {
  return (
    Array.from(splitUid(uid).version).reduce((sum, character) => sum * 62 + BASE62.indexOf(character), 0) + 1
  );
}

/** Order by code unit, which equals the alphabet's order; a database's collation may not. */
function compareBase62(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Deterministic uid of a public ontology term. `text` is its ontology_id (Gene: ensembl_gene_id, else stable_id),
 * else name + organism name. Source rows use 8 characters.
 */
export function ontologyUid(text: string, length = 14): string {
  return encodeBytes(md5(text)).slice(0, length);
}
