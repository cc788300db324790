// One key means one thing wherever it is pressed.
import { expect, test } from 'vitest';
import { commandNames, commandOf, PLACES, type Place } from '../../src/lib/client/commands.ts';

test('no two commands of a place, or of a place and everywhere, have the same key', () => {
  const taken = new Map<string, string>();
  const clashes: string[] = [];
  const places = (where: Place): readonly Place[] => (where === 'Everywhere' ? PLACES : [where]);
  for (const name of commandNames) {
    const { keys, where } = commandOf(name);
    for (const key of keys)
      for (const place of places(where)) {
        const before = taken.get(`${place} ${key}`);
        if (before !== undefined && before !== name) clashes.push(`${place} ${key}: ${before}, ${name}`);
        taken.set(`${place} ${key}`, name);
      }
  }
  expect(clashes).toEqual([]);
});
