// A branch that one device merges, and the others that hear of it.
import { expect, test } from 'vitest';
import { a, b, c, cell, describeIt, equal, label, team, threeDevices } from './three-devices.ts';

threeDevices();

test('[row 64] a row that a merge brings along was changed last when the branch changed it, on all devices', () => {
  a.engine.createBranch('try');
  const uid = label(a, 'a label of the branch');
  describeIt(a, uid, 'described there');
  const changed = cell(a, uid, 'updated_at');
  a.engine.mergeBranch('try');
  team.meet();
  equal();
  for (const peer of [a, b, c]) expect(cell(peer, uid, 'updated_at')).toBe(changed);
  describeIt(b, uid, 'described on main');
  team.meet();
  equal();
  expect(cell(c, uid, 'updated_at')).not.toBe(changed);
});
