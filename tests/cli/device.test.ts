// Which device the command line is: kept in the person's configuration, not beside the database.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { deviceHere, devicePath } from '../../cli/device.ts';

const folder = mkdtempSync(join(tmpdir(), 'loam-device-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);

test('[row 111] is made once, keeps its uid, and has the name that is written in its file', () => {
  const env = { XDG_CONFIG_HOME: folder };
  const made = deviceHere(random, env);
  expect(made?.name).toMatch(/^Node on \w/);
  expect(made?.uid).toMatch(/^[0-9A-Za-z]{16}$/);
  expect(deviceHere(random, env)).toEqual(made);
  const file = JSON.parse(readFileSync(devicePath(env), 'utf8')) as object;
  writeFileSync(devicePath(env), JSON.stringify({ ...file, name: 'Cluster' }));
  expect(deviceHere(random, env)).toEqual({ uid: made?.uid, name: 'Cluster' });
  for (const text of ['{', '[]', '{"uid": 5, "name": "x"}', 'null']) {
    writeFileSync(devicePath(env), text);
    expect(deviceHere(random, env)).toBeNull();
  }
  expect(deviceHere(random, { XDG_CONFIG_HOME: '/dev/null' })).toBeNull();
});
