// The second half of the damaged and hostile database files (hostile-files.ts).
import { it } from 'vitest';
import { half, long } from './hostile-files.ts';

it(
  `[row 1] ${long ? '10,000 more' : '300 more'} damaged files are opened or refused in words`,
  () => half(2),
  1_000_000,
);
