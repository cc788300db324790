// Ed25519 by WebCrypto, the same in browsers and Node, where they have it (Chromium 137, Firefox 129, Safari 17, Node 18).
import type { BundleSigner, BundleVerifier } from '../../engine/ports.ts';

const algorithm = 'Ed25519';

const toBase64 = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)));

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

/** A pair of keys; null where there is no Ed25519. */
export async function newKeys(extractable: boolean): Promise<CryptoKeyPair | null> {
  try {
    return (await crypto.subtle.generateKey(algorithm, extractable, ['sign', 'verify'])) as CryptoKeyPair;
  } catch {
    return null;
  }
}

export async function signerWith({ privateKey, publicKey }: CryptoKeyPair): Promise<BundleSigner> {
  return {
    publicKey: toBase64(await crypto.subtle.exportKey('raw', publicKey)),
    sign: async (bytes) =>
      toBase64(await crypto.subtle.sign(algorithm, privateKey, bytes as Uint8Array<ArrayBuffer>)),
  };
}

/** Null where there is no Ed25519. */
export async function verifierHere(): Promise<BundleVerifier | null> {
  if (!(await newKeys(false))) return null;
  return {
    async verify(publicKey, signature, bytes) {
      const [key, signed] = [fromBase64(publicKey), fromBase64(signature)];
      if (key?.length !== 32 || signed?.length !== 64) return false;
      try {
        const imported = await crypto.subtle.importKey('raw', key, algorithm, false, ['verify']);
        return await crypto.subtle.verify(algorithm, imported, signed, bytes as Uint8Array<ArrayBuffer>);
      } catch {
        return false;
      }
    },
  };
}

/** An extractable pair as text. */
export async function pairText({ privateKey, publicKey }: CryptoKeyPair): Promise<string> {
  const [secret, open] = await Promise.all([
    crypto.subtle.exportKey('jwk', privateKey),
    crypto.subtle.exportKey('jwk', publicKey),
  ]);
  return JSON.stringify({ secret, open });
}

/** What `pairText` wrote; null where it is something else. */
export async function pairFrom(text: string): Promise<CryptoKeyPair | null> {
  try {
    const { secret, open } = JSON.parse(text) as { secret: JsonWebKey; open: JsonWebKey };
    const [privateKey, publicKey] = await Promise.all([
      crypto.subtle.importKey('jwk', secret, algorithm, false, ['sign']),
      crypto.subtle.importKey('jwk', open, algorithm, true, ['verify']),
    ]);
    return { privateKey, publicKey };
  } catch {
    return null;
  }
}
