// The identity of an instance against values that lamindb-setup 1.27 gave.
import { expect, it } from 'vitest';
import { instanceId, instanceUid } from '../../src/lib/engine/schema/instance-id.ts';

it('derives id and uid from the slug as lamindb-setup does', async () => {
  expect(await instanceId('anonymous/s')).toBe('f677b248154f5385a393d2a5443f986c');
  expect(await instanceUid('anonymous/s')).toBe('5rY7tiZLvau3');
  expect(await instanceId('anonymous/other')).not.toBe(await instanceId('anonymous/s'));
});
