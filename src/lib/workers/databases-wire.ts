// What crosses the worker border about the databases of this device: bringing a file in, which of them is worked in,
// which stand beside it. Plain data and File objects only.
import type { Examination, ExamineStep } from '../engine/schema/quarantine.ts';
import type { ExportTarget } from './export-sink.ts';
import type { ExportKind, ExportReport } from './exporter.ts';
import type { ShelfEntry } from '../storage/sql/shelf.ts';

/** A file with the log beside it, an address, or registries as parquet. Files travel as handles, not as bytes. */
export type DatabaseSource =
  | { file: File; wal: File | null }
  | { url: string }
  /** One file a table, or a zip archive of them. */
  | { parquet: File[]; name: string };

export interface DatabaseProgress {
  /** Chosen by the page. */
  token: string;
  step: 'making' | 'receiving' | 'checking' | ExamineStep | 'adopting' | 'copying' | 'moving';
  /** Bytes; `total` is null where it is not known. */
  done: number;
  total: number | null;
}

/** A file that was received and found sound; it waits for `openDatabase` or `cancelDatabase`. */
export interface ExaminedDatabase extends Examination {
  token: string;
  bytes: number;
  /** Name of the file or address. */
  from: string;
}

export interface DeviceDatabase extends ShelfEntry {
  /** It is the one worked in. */
  own: boolean;
  /** Bytes of its file; null where it stays elsewhere. */
  bytes: number | null;
}

export type { ExportKind, ExportReport, ExportTarget };

export interface DatabasesApi {
  databases(): Promise<DeviceDatabase[]>;
  /** Receives the file into a place of its own and checks it there. Rejects with `FileUnreadable` in words. */
  examineDatabase(token: string, source: DatabaseSource): Promise<ExaminedDatabase>;
  /** Ends receiving or checking, or gives up what was examined; what was received is removed. */
  cancelDatabase(token: string): Promise<void>;
  /**
   * Takes an examined file in: `work` makes it the database worked in and keeps the present one as a backup, `look`
   * puts it beside, to be looked at. Answers its id.
   */
  openDatabase(token: string, how: 'work' | 'look', title: string): Promise<string>;
  /**
   * Looks at a database where it lies, at an address whose server answers ranges: it is not copied here. Answers its id;
   * rejects in words where it cannot be read so.
   */
  lookAtUrl(url: string): Promise<string>;
  /** Makes another database of this device the one worked in; the present one is kept as a backup. */
  useDatabase(id: string): Promise<void>;
  renameDatabase(id: string, title: string): Promise<void>;
  /** Removes a database from this device, never the one worked in. */
  closeDatabase(id: string): Promise<void>;
  /**
   * Writes the database for Python (with its files and a script), or its registries as parquet: into a picked folder, or
   * as a zip archive into a picked file. `cancelDatabase` ends it.
   */
  exportTo(token: string, kind: ExportKind, target: ExportTarget): Promise<ExportReport>;
  /** The same as a zip archive to be downloaded; ask `exported` for the report once it has been read. */
  exportStream(token: string, kind: ExportKind): Promise<ReadableStream<Uint8Array>>;
  exported(token: string): Promise<ExportReport>;
}
