// Where an export goes, member by member: a folder the user picked, a file they picked, or a stream for a download.
import { storageFull } from '../engine/errors.ts';
import { zipChunks, type ZipMember } from '../formats/zip-write.ts';

export type ExportTarget = { folder: FileSystemDirectoryHandle } | { file: FileSystemFileHandle };

/** The archive as a stream; cancelling it ends the members' generator. */
export function zipStream(members: AsyncIterable<ZipMember>): ReadableStream<Uint8Array> {
  const chunks = zipChunks(members, new Date());
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return(undefined);
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 4 * 1024 * 1024 }),
  );
}

export async function writeTo(target: ExportTarget, members: AsyncIterable<ZipMember>): Promise<void> {
  try {
    if ('file' in target) {
      await zipStream(members).pipeTo(await target.file.createWritable());
      return;
    }
    for await (const member of members) await writeMember(target.folder, member);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'QuotaExceededError') throw storageFull(0, null);
    throw error;
  }
}

async function writeMember(root: FileSystemDirectoryHandle, member: ZipMember): Promise<void> {
  const parts = member.path.split('/');
  let folder = root;
  for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
  const handle = await folder.getFileHandle(parts.at(-1) ?? '', { create: true });
  const stream = await handle.createWritable();
  try {
    for await (const chunk of member.chunks()) await stream.write(chunk as Uint8Array<ArrayBuffer>);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
}

/** The chunks of a stream that is opened when they are asked for. */
export async function* streamChunks(
  open: () => Promise<{ getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }> } }>,
): AsyncGenerator<Uint8Array> {
  const reader = (await open()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read())
    if (part.value) yield part.value;
}
