// A wa-sqlite VFS whose files are lists of 64 KiB blocks in memory, so that only changed blocks of the main file
// need to be mirrored to IndexedDB. Journals live here too but are never mirrored.
export const blockSize = 64 * 1024;

const OK = 0;
const IOERR = 10;
const CANTOPEN = 14;
const NOTFOUND = 12;
const SHORT_READ = 522;
const CREATE = 0x4;
const DELETE_ON_CLOSE = 0x8;

export interface BlockFile {
  name: string;
  flags: number;
  size: number;
  blocks: Uint8Array[];
  /** Gets a block that was not read yet, where the file lies elsewhere; throws where it cannot. */
  fill?: (number: number) => Uint8Array;
  /** Numbers of blocks written since the mirror last took them. */
  dirty: Set<number>;
}

interface Out32 {
  setInt32(offset: number, value: number, littleEndian: boolean): void;
}
interface Out64 {
  setBigInt64(offset: number, value: bigint, littleEndian: boolean): void;
}

export function newBlockFile(name: string): BlockFile {
  return { name, flags: CREATE, size: 0, blocks: [], dirty: new Set() };
}

/** The methods wa-sqlite's `registerVFS` calls. */
export class BlockVfs {
  readonly mxPathName = 128;
  readonly files = new Map<string, BlockFile>();
  private readonly opened = new Map<number, BlockFile>();
  private unnamed = 0;

  constructor(readonly name: string) {}

  xOpen(name: string | null, id: number, flags: number, outFlags: Out32): number {
    const path = name || `temporary-${++this.unnamed}`;
    let file = this.files.get(path);
    if (!file) {
      if (!(flags & CREATE)) return CANTOPEN;
      file = newBlockFile(path);
      this.files.set(path, file);
    }
    file.flags = flags;
    this.opened.set(id, file);
    outFlags.setInt32(0, flags, true);
    return OK;
  }

  xClose(id: number): number {
    const file = this.opened.get(id);
    this.opened.delete(id);
    if (file && file.flags & DELETE_ON_CLOSE) this.files.delete(file.name);
    return OK;
  }

  xRead(id: number, target: Uint8Array, offset: number): number {
    const file = this.opened.get(id) as BlockFile;
    const available = Math.max(0, Math.min(target.length, file.size - offset));
    let done = 0;
    while (done < available) {
      const at = offset + done;
      const inBlock = at % blockSize;
      const take = Math.min(available - done, blockSize - inBlock);
      const block = this.block(file, Math.floor(at / blockSize));
      if (block === null) return IOERR;
      if (block) target.set(block.subarray(inBlock, inBlock + take), done);
      else target.fill(0, done, done + take);
      done += take;
    }
    if (available === target.length) return OK;
    target.fill(0, available);
    return SHORT_READ;
  }

  /** What is there, perhaps only now; undefined for a hole, null where it cannot be had. */
  private block(file: BlockFile, number: number): Uint8Array | undefined | null {
    const there = file.blocks[number];
    if (there || !file.fill || number >= file.blocks.length) return there;
    try {
      return (file.blocks[number] = file.fill(number));
    } catch {
      // An exception would not find its way through SQLite; whoever fills keeps the reason.
      return null;
    }
  }

  xWrite(id: number, source: Uint8Array, offset: number): number {
    const file = this.opened.get(id) as BlockFile;
    let done = 0;
    while (done < source.length) {
      const at = offset + done;
      const number = Math.floor(at / blockSize);
      const inBlock = at % blockSize;
      const take = Math.min(source.length - done, blockSize - inBlock);
      while (file.blocks.length <= number) file.blocks.push(new Uint8Array(blockSize));
      const block = this.block(file, number);
      if (block === null) return IOERR;
      (file.blocks[number] ??= block ?? new Uint8Array(blockSize)).set(
        source.subarray(done, done + take),
        inBlock,
      );
      file.dirty.add(number);
      done += take;
    }
    file.size = Math.max(file.size, offset + source.length);
    return OK;
  }

  xTruncate(id: number, size: number): number {
    const file = this.opened.get(id) as BlockFile;
    file.size = Math.min(file.size, size);
    file.blocks.length = Math.min(file.blocks.length, Math.ceil(size / blockSize));
    // What was cut off must read as zeros if the file grows again.
    if (size % blockSize > 0) file.blocks[file.blocks.length - 1]?.fill(0, size % blockSize);
    file.dirty.add(-1);
    return OK;
  }

  xFileSize(id: number, out: Out64): number {
    out.setBigInt64(0, BigInt(this.opened.get(id)?.size ?? 0), true);
    return OK;
  }

  xDelete(name: string): number {
    this.files.delete(name);
    return OK;
  }

  xAccess(name: string, _flags: number, out: Out32): number {
    out.setInt32(0, this.files.has(name) ? 1 : 0, true);
    return OK;
  }

  xSync(): number {
    return OK;
  }
  xLock(): number {
    return OK;
  }
  xUnlock(): number {
    return OK;
  }
  xCheckReservedLock(_id: number, out: Out32): number {
    out.setInt32(0, 0, true);
    return OK;
  }
  xFileControl(): number {
    return NOTFOUND;
  }
  xSectorSize(): number {
    return 4096;
  }
  xDeviceCharacteristics(): number {
    return 0;
  }
}

/** The file's bytes in one piece. */
export function fileBytes(file: BlockFile): Uint8Array {
  const bytes = new Uint8Array(file.size);
  file.blocks.forEach((block, i) => {
    const at = i * blockSize;
    if (at < file.size) bytes.set(block.subarray(0, Math.min(blockSize, file.size - at)), at);
  });
  return bytes;
}
