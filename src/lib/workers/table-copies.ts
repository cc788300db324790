// Copies of tables inside files: what they are called.
import { slotName, type TableAsk } from '../formats/table-ask.ts';
import { isRemoteFile } from '../storage/remote/cache-reader.ts';
import type { AnyFile } from './find-bytes.ts';

/** Goes up with each change of what copies hold, so that older ones are not read any more. */
const edition = 1;

/** The name of the copy: the same for the same bytes, as far as size, time and ETag tell them apart. */
export function copyName(
  uid: string,
  files: readonly { path: string; file: AnyFile }[],
  ask: TableAsk,
): string {
  const version = files.length === 1 && files[0]?.path === '' ? versionOf(files[0].file) : allVersions(files);
  const table = ask.slot === 'rows' ? '' : `-${textHash([slotName(ask)])}`;
  return `${`${uid}-${version}${table}-t${edition}`.replace(/[^\w.-]/g, '_')}.parquet`;
}

export const versionOf = (file: AnyFile): string =>
  isRemoteFile(file) ? file.id : `${file.size}-${file.lastModified}`;

const allVersions = (files: readonly { path: string; file: AnyFile }[]): string =>
  textHash(files.map(({ path, file }) => `${path}:${versionOf(file)}`).sort());

/** FNV-1a twice, from two beginnings: 64 bits tell the versions of a folder apart. */
export function textHash(texts: readonly string[]): string {
  let [a, b] = [0x811c9dc5, 0x050c5d1f];
  for (const text of texts)
    for (let i = 0; i <= text.length; i++) {
      const code = i < text.length ? text.charCodeAt(i) : 0;
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x01000193) ^ (b >>> 15);
    }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
