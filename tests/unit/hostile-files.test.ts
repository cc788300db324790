// The first half of the damaged and hostile database files (hostile-files.ts), and some with all tables of LaminDB.
import { expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { lamindbFile } from '../fixtures/lamindb-file.ts';
import { campaign, half, long } from './hostile-files.ts';

it(
  `[row 1] ${long ? '10,000' : '300'} damaged files are opened or refused in words`,
  () => half(1),
  1_000_000,
);

it('the same with all tables of LaminDB', async () => {
  const { opened, tried } = await campaign({
    sound: await lamindbFile(),
    pageSize: 4096,
    model,
    first: 1,
    last: long ? 500 : 60,
    step: 1,
  });
  expect(tried).toBe(long ? 500 : 60);
  expect(opened).toBeGreaterThan(0);
}, 200_000);
