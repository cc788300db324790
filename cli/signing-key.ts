// The pair of keys by which a development directory signs what it saves: `.loam/signing-key.json`, readable by its owner only.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { BundleKeys } from '../src/lib/engine/branch/bundle-part.ts';
import { newKeys, pairFrom, pairText, signerWith, verifierHere } from '../src/lib/storage/keys/ed25519.ts';

export function signingKeys(folder: string): BundleKeys {
  return { signer: () => signerOf(join(folder, '.loam')), verifier: verifierHere };
}

async function signerOf(folder: string) {
  const path = join(folder, 'signing-key.json');
  if (!existsSync(path)) {
    const made = await newKeys(true);
    if (!made) return null;
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, `${await pairText(made)}\n`, { mode: 0o600, flag: 'wx' });
  }
  const pair = await pairFrom(readFileSync(path, 'utf8'));
  if (pair) return signerWith(pair);
  throw new LoamError(
    'FileUnreadable',
    `${path} holds no key. Remove it; a new one is made then, and others will see another signer.`,
  );
}
