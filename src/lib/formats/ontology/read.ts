// A file of terms, whichever it is: found by its first bytes, read to a table with what is wrong with it. Refused in a
// sentence where it is no ontology at all.
import { LoamError, isLoamError } from '../../engine/errors.ts';
import type { ByteSource } from '../../engine/ports.ts';
import { readJson } from './graphs.ts';
import { readObo } from './obo.ts';
import type { TermRead } from './own-terms.ts';
import { readParquetTerms } from './parquet-terms.ts';
import { className, type PackFacts, type TermTable } from './term-table.ts';
import { overBytes } from '../text-lines.ts';

/** JSON is parsed as a whole; the largest ontologies of today have 300 MB of it. */
const mostJson = 768 * 1024 * 1024;

export interface ReadTerms {
  /** What is known beside the file: the registry it is for, version, organism. */
  facts?: Partial<PackFacts>;
  prefixes?: readonly string[] | null;
}

export async function readTerms(source: ByteSource, name: string, ask: ReadTerms = {}): Promise<TermTable> {
  const facts = Object.fromEntries(
    Object.entries(ask.facts ?? {}).filter(([, value]) => value !== null && value !== undefined),
  ) as Partial<PackFacts>;
  const partOf = ['Tissue', 'DevelopmentalStage'].includes(className(facts.entity ?? null));
  const read: TermRead = { facts, partOf, prefixes: ask.prefixes ?? null };
  try {
    const head = await source.read(0, Math.min(4096, source.size));
    if (String.fromCharCode(...head.subarray(0, 4)) === 'PAR1')
      return await readParquetTerms(source, name, read);
    const gzip = head[0] === 0x1f && head[1] === 0x8b;
    const begin = gzip ? await firstText(source) : new TextDecoder().decode(head);
    if (/^\uFEFF?\s*[[{]/.test(begin) && !/^\uFEFF?\s*\[[A-Za-z-]+\]\s*(\n|\r|$)/.test(begin))
      return readJson(JSON.parse(await wholeText(source, gzip)) as unknown, read);
    if (/^\s*</.test(begin))
      throw new Error('it is OWL as XML; take the .obo or .json that the same ontology is published as');
    if (!/^(\uFEFF)?(\s*!.*\n|\s)*(format-version|data-version|ontology|date|\[)/m.test(begin))
      throw new Error('it is neither OBO text, OBO graphs, OWL as JSON nor parquet');
    return await readObo(source, read, gzip);
  } catch (error) {
    if (isLoamError(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new LoamError(
      'FileUnreadable',
      `${name} cannot be read as an ontology: ${why.replace(/\.$/, '')}.`,
      {
        name,
      },
    );
  }
}

async function firstText(source: ByteSource): Promise<string> {
  return overBytes(source, true, async (bytes) => {
    for await (const part of bytes) return new TextDecoder().decode(part.subarray(0, 4096));
    return '';
  });
}

async function wholeText(source: ByteSource, gzip: boolean): Promise<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let size = 0;
  await overBytes(source, gzip, async (bytes) => {
    for await (const part of bytes) {
      size += part.length;
      if (size > mostJson) throw new Error(`it is larger than ${mostJson / 2 ** 20} MiB; take its .obo`);
      parts.push(decoder.decode(part, { stream: true }));
    }
  });
  return parts.join('') + decoder.decode();
}
