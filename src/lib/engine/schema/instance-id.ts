// Who an instance is by LaminDB's rule (lamindb-setup 1.27 `_init_instance.py`, `_settings_storage.py`): its id is the
// uuid5 of "owner/name" in the URL namespace, its uid twelve base62 digits of that. The same slug gives the same
// identity in Python, so a file made here and registered there is one instance.
import { createSHA1 } from 'hash-wasm';
import { encodeBytes } from '../base62.ts';
import { md5 } from '../md5.ts';

/** RFC 4122's namespace for URLs. */
const urlNamespace = Uint8Array.from('6ba7b8119dad11d180b400c04fd430c8'.match(/../g) ?? [], (hex) =>
  parseInt(hex, 16),
);

/** 32 hex digits, without dashes. */
export async function instanceId(slug: string): Promise<string> {
  const sha1 = await createSHA1();
  const bytes = sha1.init().update(urlNamespace).update(slug).digest('binary').slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
}

/** Twelve base62 digits, as in `lamindb_storage.instance_uid`. */
export async function instanceUid(slug: string): Promise<string> {
  const digest = md5(await instanceId(slug));
  return encodeBytes(digest).slice(0, 12);
}
