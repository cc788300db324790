// Arrow IPC streams as the messages that they are made of, for those who pass them on without reading the values.
import { DataType, MessageReader, RecordBatchReader } from 'apache-arrow';
import { LoamError } from '../engine/errors.ts';
import { join } from '../formats/source.ts';

const endOfStream = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/** A stream out of a schema and record batches. */
export const streamOf = (messages: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  join([...messages, endOfStream]) as Uint8Array<ArrayBuffer>;

/** Rows of a record batch, from its header alone. Other messages, such as dictionaries, have none. */
export function rowsIn(message: Uint8Array): number {
  let rows = 0;
  const reader = new MessageReader(message);
  for (let one = reader.readMessage(); one !== null; one = reader.readMessage()) {
    if (one.isRecordBatch()) rows += Number(one.header().length);
    reader.readMessageBody(one.bodyLength);
  }
  return rows;
}

/** The statement with its enumerated columns as texts; null where it has none. */
export function withoutDictionaries(schema: Uint8Array, sql: string): string | null {
  const { fields } = RecordBatchReader.from(streamOf([schema])).open().schema;
  const deep = fields.find((field) => !DataType.isDictionary(field.type) && hasDictionary(field.type));
  if (deep)
    throw new LoamError(
      'SqlError',
      `The column "${deep.name}" holds values of an ENUM inside a list or struct, which cannot be shown. Cast them to VARCHAR.`,
    );
  const columns = fields.filter((field) => DataType.isDictionary(field.type));
  if (columns.length === 0) return null;
  const texts = columns.map(({ name }) => {
    const quoted = `"${name.replaceAll('"', '""')}"`;
    return `${quoted}::VARCHAR AS ${quoted}`;
  });
  return `SELECT * REPLACE (${texts.join(', ')}) FROM (${sql.replace(/;\s*$/, '')}\n)`;
}

const hasDictionary = (type: DataType): boolean =>
  DataType.isDictionary(type) || (type.children ?? []).some((child) => hasDictionary(child.type as DataType));
