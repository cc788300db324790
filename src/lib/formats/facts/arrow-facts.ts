// Facts of Arrow files and Feather V2: rows from the headers of the batches, types from the schema. No values are read.
import type { Field } from 'apache-arrow';
import type { ByteSource } from '../../engine/ports.ts';
import { loadArrow } from '../arrow.ts';
import { arrowText, fromArrowField, type ArrowField } from './arrow-type.ts';
import { record, type Facts } from './facts-types.ts';

/** What one description may take: the footer, or the header of a batch. */
const MOST = 64 * 1024 * 1024;

export async function arrowFacts(source: ByteSource): Promise<Facts> {
  const end = await source.read(Math.max(0, source.size - 10), source.size);
  if (source.size < 24 || String.fromCharCode(...end.subarray(4)) !== 'ARROW1') {
    return {
      kind: 'unreadable',
      error:
        'This Arrow file is incomplete: its end is missing, as after an interrupted download. Fetch it again.',
    };
  }
  const arrow = await loadArrow();
  const [{ Footer }, { Message }] = await Promise.all([
    import('apache-arrow/ipc/metadata/file'),
    import('apache-arrow/ipc/metadata/message'),
  ]);
  const length = new DataView(end.buffer, end.byteOffset).getInt32(0, true);
  if (length <= 0 || length > MOST || length + 16 > source.size)
    throw new Error(`it announces a description of ${length} bytes`);
  const footer = Footer.decode(await source.read(source.size - 10 - length, source.size - 10));
  let rows = 0;
  for (const block of footer.recordBatches()) {
    if (block.metaDataLength > MOST || block.offset + block.metaDataLength > source.size)
      throw new Error('a batch lies outside of it');
    const header = await source.read(block.offset, block.offset + block.metaDataLength);
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    // Since 0.15 a length is marked by -1 before it.
    const start = view.getInt32(0, true) === -1 ? 8 : 4;
    const message = Message.decode(header.subarray(start));
    if (!message.isRecordBatch()) throw new Error('a batch is damaged');
    rows += message.header().length;
  }
  const fields: ArrowField[] = footer.schema.fields.map((field: Field) => fromArrowField(arrow, field));
  return {
    kind: 'Arrow',
    num_rows: rows,
    schema: record(fields.map(({ name, type }) => [name, arrowText(type)] as const)),
  };
}
