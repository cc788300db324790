// The version that the app tells others is the package's.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { appVersion } from '../../src/lib/engine/app-version.ts';

it('is that of package.json', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(appVersion).toBe(version);
});
