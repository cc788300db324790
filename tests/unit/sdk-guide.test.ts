// The guide's program in Node, as somebody would run it who reads it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { initInstance } from '../../cli/instance.ts';
import { connect } from '../../cli/ln.ts';
import { writeSettings } from '../../cli/settings.ts';
import { runGuide } from '../sdk/guide.ts';

it('does what it says, value by value', async () => {
  const here = mkdtempSync(join(tmpdir(), 'loam-guide-'));
  await initInstance(join(here, 'store'), 'lab');
  writeSettings(here, { storage: join(here, 'store') });
  const { ln, close } = await connect(here, { tell: () => {} });
  try {
    const results = await runGuide(readFileSync('docs/guide/sdk.md', 'utf8'), ln);
    expect(results.length).toBeGreaterThan(25);
    expect(results.map(({ line, found }) => [line, found])).toEqual(
      results.map(({ line, expected }) => [line, expected]),
    );
  } finally {
    close();
    rmSync(here, { recursive: true, force: true });
  }
});
