// What a verb is, and how its flags are read: `node:util` parses them, and what it refuses becomes a usage error.
import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

export interface Io {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** One line or block of the answer, on stdout. */
  out(text: string): void;
  /** What a person is told beside the answer, on stderr. */
  err(text: string): void;
  /** A question to be answered by y or n; without an answer it is no. */
  confirm(question: string): Promise<boolean>;
  /** Something that nobody is to see, asked for without showing it; else what the standard input holds. */
  secret(question: string): Promise<string>;
  /** Somebody wants it to end (Ctrl+C): what goes on until then ends in order. */
  interrupted(then: () => void): void;
}

export interface Verb {
  summary: string;
  /** After `loam `. */
  usage: string;
  /** Answers with the exit code; nothing is 0. */
  run(args: string[], io: Io): Promise<number | void>;
}

/** Wrong flags or arguments: the usage line is shown with it. */
export class Usage extends Error {}

export function flags<const T extends Options>(args: string[], options: T) {
  try {
    const config = { args, options, allowPositionals: true, strict: true } as const;
    return parseArgs<typeof config>(config);
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
