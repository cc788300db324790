// Packs as they lie in OPFS: what a crash can leave of one, and that only whole ones count.
import { afterEach, describe, expect, it } from 'vitest';
import { createOpfsBlobs } from '../../src/lib/storage/blob/opfs.ts';
import { openPacks } from '../../src/lib/storage/blob/opfs-packs.ts';

let folders = 0;
const made: string[] = [];

async function folder(): Promise<FileSystemDirectoryHandle> {
  const name = `packs-test-${Date.now()}-${++folders}`;
  made.push(name);
  return (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true });
}
afterEach(async () => {
  const root = await navigator.storage.getDirectory();
  for (const name of made.splice(0)) await root.removeEntry(name, { recursive: true });
});

const files = Array.from({ length: 20 }, (_, i) => ({
  key: `.lamindb/${i}.txt`,
  bytes: new TextEncoder().encode(`file ${i}`),
}));
const names = async (dir: FileSystemDirectoryHandle) => {
  const found: string[] = [];
  for await (const name of dir.keys()) found.push(name);
  return found;
};
async function bytesOf(dir: FileSystemDirectoryHandle, name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await (await dir.getFileHandle(name)).getFile()).arrayBuffer());
}
async function write(
  dir: FileSystemDirectoryHandle,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const stream = await (await dir.getFileHandle(name, { create: true })).createWritable();
  await stream.write(bytes);
  await stream.close();
}
const laidOut = async (dir: FileSystemDirectoryHandle) => {
  const keys: string[] = [];
  await openPacks(dir).settle(async (given) => void keys.push(...given.map(({ key }) => key)));
  return keys;
};

describe('packs', () => {
  it('cut off while they were written hold nothing and go; those of another version stay', async () => {
    const dir = await folder();
    expect(await openPacks(dir).add(files)).toBe(true);
    const [name = ''] = await names(dir);
    const whole = await bytesOf(dir, name);
    for (const length of [0, 7, 47, 60, whole.length - 1])
      await write(dir, `${length}`, whole.slice(0, length));
    await write(dir, 'zeros', new Uint8Array(whole.length));
    await write(dir, 'longer', new Uint8Array([...whole, 0]));
    const other = whole.slice();
    other[7] = 0x32;
    await write(dir, 'other', other);
    const packs = openPacks(dir);
    expect((await packs.list()).length).toBe(20);
    expect((await names(dir)).sort()).toEqual([name, 'other'].sort());
    expect(new TextDecoder().decode((await packs.read('.lamindb/7.txt')) ?? undefined)).toBe('file 7');
  });

  it('whose bytes never reached the disk are not laid out', async () => {
    const dir = await folder();
    await openPacks(dir).add(files);
    const [name = ''] = await names(dir);
    const bytes = await bytesOf(dir, name);
    bytes.fill(0, bytes.length - 3);
    await write(dir, name, bytes);
    expect(await laidOut(dir)).toEqual([]);
    expect(await names(dir)).toEqual([]);
  });

  it('are laid out again from the beginning where that was cut, and go when all of their files are gone', async () => {
    const dir = await folder();
    const packs = openPacks(dir);
    await packs.add(files);
    await packs.add(files.slice(0, 12).map((one) => ({ ...one, key: `${one.key}.b` })));
    await packs.forget('.lamindb/3.txt');
    await expect(packs.settle(() => Promise.reject(new Error('full')))).rejects.toThrow('full');
    expect((await names(dir)).length).toBe(2);
    expect((await laidOut(dir)).length).toBe(31);
    expect(await names(dir)).toEqual([]);
    await packs.add(files);
    await packs.forget('.lamindb');
    expect(await names(dir)).toEqual([]);
    expect(await packs.list()).toEqual([]);
  });

  it('lie beside the stored files, which have LaminDB’s layout once they are settled', async () => {
    const [directory, staging, packs] = [await folder(), await folder(), await folder()].map(
      ({ name }) => name,
    ) as [string, string, string];
    const store = await createOpfsBlobs({ directory, staging, packs });
    await store.put(files);
    const storage = await (await navigator.storage.getDirectory()).getDirectoryHandle(directory);
    expect(await names(storage)).toEqual([]);
    expect(await (await store.file('.lamindb/3.txt')).text()).toBe('file 3');
    await store.settle();
    expect((await names(await storage.getDirectoryHandle('.lamindb'))).sort()).toEqual(
      files.map(({ key }) => key.slice('.lamindb/'.length)).sort(),
    );
    expect(await (await store.file('.lamindb/3.txt')).text()).toBe('file 3');
  });
});
