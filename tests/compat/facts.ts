// LaminDB's committed answers to the generated queries: one line a query, and a checksum of the queries they belong to.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allQueries } from './queries.ts';
import type { Facts } from './same-answers.ts';

export const factsFile = fileURLToPath(new URL('../fixtures/query-facts.json', import.meta.url));

const checksum = (): string =>
  createHash('sha256').update(JSON.stringify(allQueries())).digest('hex').slice(0, 16);

export function factsText(facts: Facts): string {
  const lines = Object.entries(facts).map(
    ([id, answer]) => `${JSON.stringify(id)}: ${JSON.stringify(answer)}`,
  );
  return `{"queries": "${checksum()}", "answers": {\n${lines.join(',\n')}\n}}\n`;
}

export function committedFacts(): Facts {
  const { queries, answers } = JSON.parse(readFileSync(factsFile, 'utf8')) as {
    queries: string;
    answers: Facts;
  };
  if (queries !== checksum()) {
    throw new Error(
      'tests/compat/queries.ts has changed since LaminDB was asked. Run: LOAM_PYTHON=… LOAM_UPDATE_FACTS=1 npx vitest run --project=compat tests/compat/query-facts.test.ts',
    );
  }
  return answers;
}
