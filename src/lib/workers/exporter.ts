// Copies on their way out, in the helper worker: the database with its files for Python, or its registries as parquet.
// It works on a copy of the database in a place of its own; the one in use goes on meanwhile.
import {
  emptyReport,
  pythonMembers,
  type ExportMember,
  type ExportReport,
  type FoundSources,
} from '../engine/interop/python-export.ts';
import { model } from '../engine/model/model.ts';
import type { SqlDriver } from '../engine/ports.ts';
import type { Whereabouts } from '../engine/registry/whereabouts.ts';
import { fileModel } from '../engine/schema/file-model.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import { createOpfsBlobs } from '../storage/blob/opfs.ts';
import { openPlace, type Place } from '../storage/sql/place.ts';
import type { DatabaseProgress } from './databases-wire.ts';
import { streamChunks, writeTo, zipStream, type ExportTarget } from './export-sink.ts';
import { createFinder } from './find-bytes.ts';
import { parquetFiles } from './parquet-export.ts';

export type { ExportReport };
export type ExportKind = 'python' | 'parquet';

export interface ExporterApi {
  /** Writes the export of the copy in `place` and says what went along. */
  exportTo(place: string, kind: ExportKind, instance: string, target: ExportTarget): Promise<ExportReport>;
  /** The same as a stream; `exported` answers once it has been read to its end. */
  exportStream(place: string, kind: ExportKind, instance: string): Promise<ReadableStream<Uint8Array>>;
  exported(): Promise<ExportReport>;
}

type Tell = (step: Omit<DatabaseProgress, 'token'>) => void;

const tellEveryMs = 100;

export function createExporter(tell: Tell): ExporterApi {
  let finished: Promise<ExportReport> | null = null;

  function begin(place: string, kind: ExportKind, instance: string) {
    const report = emptyReport();
    const members = kind === 'python' ? forPython(place, instance, report) : parquetMembers(place);
    return { report, members: watched(members, report, tell) };
  }

  return {
    async exportTo(place, kind, instance, target) {
      const { report, members } = begin(place, kind, instance);
      await writeTo(target, members);
      return report;
    },
    async exportStream(place, kind, instance) {
      const { report, members } = begin(place, kind, instance);
      let done: (report: ExportReport) => void = () => {};
      finished = new Promise((resolve) => (done = resolve));
      return zipStream(
        (async function* () {
          yield* members;
          done(report);
        })(),
      );
    },
    exported: () => finished ?? Promise.resolve(emptyReport()),
  };
}

/** Counts what goes by and tells of it. */
async function* watched(
  members: AsyncIterable<ExportMember>,
  report: ExportReport,
  tell: Tell,
): AsyncGenerator<ExportMember> {
  let told = 0;
  for await (const member of members) {
    report.members += 1;
    yield {
      ...member,
      async *chunks() {
        for await (const chunk of member.chunks()) {
          report.bytes += chunk.length;
          const now = performance.now();
          if (now - told > tellEveryMs) {
            told = now;
            tell({ step: 'copying', done: report.bytes, total: null });
          }
          yield chunk;
        }
      },
    };
  }
}

async function* forPython(
  name: string,
  instance: string,
  report: ExportReport,
): AsyncGenerator<ExportMember> {
  const place = await openPlace(name);
  const driver = await place.connect();
  const finder = createFinder(await createOpfsBlobs());
  try {
    const find = async (artifact: Whereabouts): Promise<FoundSources> => {
      const found = await finder.find(artifact);
      if ('file' in found) return { source: blobSource(found.file) };
      return { files: found.files.map(({ path, file }) => ({ path, source: blobSource(file) })) };
    };
    const compacted = async () => {
      const { size, stream } = await place.compacted(driver);
      return { size, chunks: () => streamChunks(stream) };
    };
    const whole = fileModel(driver, model);
    yield* pythonMembers({ driver, model: whole, instance, root: null, find, compacted }, report);
  } finally {
    close(place, driver);
  }
}

async function* parquetMembers(name: string): AsyncGenerator<ExportMember> {
  const place = await openPlace(name);
  const driver = await place.connect();
  try {
    yield* parquetFiles(driver, fileModel(driver, model));
  } finally {
    close(place, driver);
  }
}

function close(place: Place, driver: SqlDriver): void {
  driver.close();
  place.close();
}
