// The native query engine (DuckDB through @duckdb/node-api): one in memory for one statement, that reaches the folder made for
// it and nothing else. The one file that knows the package, which is loaded when a statement is first asked.
import type * as NodeApi from '@duckdb/node-api';
import { LoamError } from '../src/lib/engine/errors.ts';
import { scan } from '../src/lib/statements/scan.ts';
import { literal, type Asks } from '../src/lib/statements/tokens.ts';

export interface NativeDuckdb extends Asks {
  texts(sql: string): Promise<string[][]>;
  /** Rows as they come, a null where there is no value; each value as the engine writes it as a text. */
  stream(sql: string): Promise<{ names: string[]; types: string[]; rows: AsyncIterable<(string | null)[]> }>;
  run(sql: string): Promise<void>;
  /** Nothing can be set any more, and nothing is reached but the folder and files at these real paths. */
  lock(paths: readonly string[]): Promise<void>;
  /** 0 to 100; -1 where nobody knows. */
  progress(): number;
  interrupt(): void;
  close(): void;
}

export interface NativeOptions {
  /** Absolute, with a slash at the end: files of a statement lie in it, and results are written to it. */
  folder: string;
  /** Files of this computer may be named. */
  allowFiles?: boolean;
  /** As many as the computer has where nothing is said. */
  threads?: number;
}

async function loaded(): Promise<typeof NodeApi> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    throw new LoamError(
      'NotSupportedError',
      `Statements over files need the native query engine, and there is none for ${process.platform}-${process.arch} here (${(error as Error).message.split('\n')[0] ?? ''}). Run "npm install" again on this computer, with optional packages; everything else works without it.`,
    );
  }
}

export async function openNative({
  folder,
  allowFiles = false,
  threads,
}: NativeOptions): Promise<NativeDuckdb> {
  const { DuckDBInstance } = await loaded();
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    ...(threads === undefined ? {} : { threads: String(threads) }),
  });
  const connection = await instance.connect();
  const run = async (sql: string) => void (await connection.run(sql));
  // Times with a zone read the same on every computer, as in the page.
  await run("SET TimeZone = 'UTC'");
  await run(`SET temp_directory = ${literal(`${folder}spill`)}`);

  return {
    tokens: scan,
    async texts(sql) {
      const reader = await connection.runAndReadAll(sql);
      return reader.getRows().map((row) => row.map((value) => String(value)));
    },
    run,
    async stream(sql) {
      // Before it begins: another statement would end it.
      const described = await connection.runAndReadAll(`DESCRIBE (${sql}\n)`);
      const result = await connection.stream(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${sql}\n)`);
      async function* rows(): AsyncGenerator<(string | null)[], void> {
        for await (const part of result.yieldRows()) yield* part as (string | null)[][];
      }
      const types = described.getRows().map((row) => String(row[1]));
      return { names: result.columnNames(), types, rows: rows() };
    },
    async lock(paths) {
      await run(`SET allowed_directories = [${literal(folder)}]`);
      await run(`SET allowed_paths = [${paths.map(literal).join(', ')}]`);
      if (!allowFiles) await run('SET enable_external_access = false');
      await run('SET lock_configuration = true');
    },
    progress: () => connection.progress.percentage,
    interrupt: () => connection.interrupt(),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
