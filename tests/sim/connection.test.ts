// The peer's side of sync over a network that the test moves: two devices and a relay.
import { describe, expect, it } from 'vitest';
import type { Faults } from './relay.ts';
import { differences, scene, type SyncedDevice } from './synced-device.ts';

const names = ({ rows }: SyncedDevice) =>
  rows("SELECT name FROM lamindb_ulabel WHERE name LIKE 't%' ORDER BY name").map(([name]) => name);

describe('two devices and a server', () => {
  it('[row 67] what one writes is with the other as soon as the server has it, and the feed tells of it', async () => {
    const { network, device, relay } = await scene();
    const [a, b] = [await device(1), await device(2)];
    a.connection.start();
    b.connection.start();
    network.pass(100);
    expect(a.connection.status).toMatchObject({ state: 'live', pending: 0, role: 'write' });
    a.engine.createULabel('t one');
    expect(a.connection.status.pending).toBe(1);
    network.pass(20);
    expect(names(b)).toEqual(['t one']);
    expect(a.connection.status).toMatchObject({ state: 'live', pending: 0 });
    expect(a.connection.status.lastSync).toBeGreaterThan(0);
    b.engine.createULabel('t two');
    a.engine.createULabel('t three');
    network.pass(20);
    expect(names(a)).toEqual(['t one', 't three', 't two']);
    expect(differences(a, b)).toEqual([]);
    expect(relay.counts.get('clients')).toBe(2);
  });

  it('[row 67] work offline on both is there after they reconnect', async () => {
    const { network, device } = await scene();
    let down = false;
    const faults: Faults = { down: () => down, fate: () => (down ? 'closes' : 'goes') };
    const [a, b] = [await device(1, { faults }), await device(2, { faults })];
    a.connection.start();
    b.connection.start();
    network.pass(100);
    down = true;
    a.engine.createULabel('t a');
    b.engine.createULabel('t b');
    network.pass(100);
    expect(a.connection.status).toMatchObject({
      state: 'offline',
      pending: 1,
      error: { code: 'ConnectionLost' },
    });
    expect(a.connection.status.retryAt).toBeGreaterThan(network.now());
    a.engine.createULabel('t a2');
    network.pass(3_000);
    down = false;
    a.connection.network(true);
    network.pass(70_000);
    expect(names(a)).toEqual(['t a', 't a2', 't b']);
    expect(differences(a, b)).toEqual([]);
    expect(a.connection.status).toMatchObject({ state: 'live', pending: 0, error: null, retryAt: null });
  });

  it('[row 67] a new session of a file has seen what the earlier ones had seen: its edit wins without a conflict', async () => {
    const { network, device } = await scene();
    const [a, b] = [await device(1), await device(2)];
    a.connection.start();
    b.connection.start();
    a.engine.createULabel('t one');
    network.pass(200);
    const uid = String(b.value("SELECT uid FROM lamindb_ulabel WHERE name = 't one'"));
    b.engine.update('ULabel', { uid }, { description: 'of b' });
    network.pass(200);
    a.engine.createULabel('t two');
    network.pass(200);
    a.connection.stop();
    const again = await device(3, { bytes: a.driver.serialize(), attached: true, user: a.user });
    again.connection.start();
    network.pass(100);
    again.engine.update('ULabel', { uid }, { description: 'of a again' });
    network.pass(200);
    expect(b.value('SELECT description FROM lamindb_ulabel WHERE uid = ?', [uid])).toBe('of a again');
    expect(b.rows('SELECT * FROM loam_conflict')).toEqual([]);
    expect(differences(again, b)).toEqual([]);
  });
});

describe('what the server says about a peer', () => {
  it('a sign-in that is needed stops it until somebody asks; a server that goes down does not', async () => {
    let admitted = false;
    const { network, device, relay } = await scene({
      admit: () => (admitted ? null : { code: 'SignInNeeded', message: 'Sign in first.' }),
    });
    const a = await device(1);
    a.connection.start();
    network.pass(600_000);
    expect(a.connection.status).toMatchObject({
      state: 'stopped',
      retryAt: null,
      error: { code: 'SignInNeeded' },
    });
    expect(relay.counts.get('hello')).toBe(1);
    admitted = true;
    a.connection.start();
    network.pass(100);
    expect(a.connection.status).toMatchObject({ state: 'live', error: null });
    relay.bye('OperationalError', 'The server is being restarted.');
    network.pass(10);
    expect(a.connection.status).toMatchObject({ state: 'offline', error: { code: 'OperationalError' } });
    network.pass(1_000);
    expect(a.connection.status.state).toBe('live');
  });

  it('a database of another instance is not mixed with it', async () => {
    const { network, device } = await scene({ instance: 'another00000' });
    const a = await device(1);
    a.engine.createULabel('t one');
    a.connection.start();
    network.pass(60_000);
    expect(a.connection.status).toMatchObject({ state: 'stopped', pending: 1, error: { code: 'NoAccess' } });
  });

  it('a server that is silent is left, and asked again ever more seldom', async () => {
    const { network, device, relay } = await scene();
    let silent = false;
    const faults: Faults = { fate: (from) => (silent && from === 'server' ? 'lost' : 'goes') };
    const a = await device(1, { faults });
    a.connection.start();
    network.pass(100);
    silent = true;
    network.pass(60_000);
    expect(a.connection.status.state).not.toBe('live');
    const asked = relay.counts.get('hello') ?? 0;
    network.pass(600_000);
    expect((relay.counts.get('hello') ?? 0) - asked).toBeLessThan(16);
    silent = false;
    a.connection.network(true);
    network.pass(80_000);
    expect(a.connection.status.state).toBe('live');
  });

  it('a server that was set back gets what it had acknowledged once more', async () => {
    const first = await scene();
    const { network, device } = first;
    const a = await device(1);
    a.connection.start();
    a.engine.createULabel('t one');
    network.pass(100);
    const backup = first.server.driver.serialize();
    a.engine.createULabel('t two');
    network.pass(100);
    expect(a.connection.status.pending).toBe(0);
    const { relay, server } = await scene({}, backup);
    a.reopen(relay);
    a.connection.start();
    network.pass(100);
    a.engine.createULabel('t three');
    network.pass(200);
    expect(a.connection.status).toMatchObject({ state: 'live', pending: 0 });
    expect(server.value('SELECT count(*) FROM loam_sync_item WHERE head IS NOT NULL')).toBe(3);
  });

  it('rooms: messages pass while there is a connection', async () => {
    const heard: string[] = [];
    const { network, device } = await scene({
      onRoom: (room, bytes) => heard.push(`${room} ${bytes.join()}`),
    });
    const a = await device(1);
    expect(a.engine.sendRoom('presence', Uint8Array.of(1))).toBe(false);
    a.connection.start();
    network.pass(50);
    expect(a.engine.sendRoom('presence', Uint8Array.of(1, 2))).toBe(true);
    network.pass(50);
    expect(heard).toEqual(['presence 1,2']);
  });

  it('while the past is looked at nothing is taken; then all of it', async () => {
    const { network, device } = await scene();
    const [a, b] = [await device(1), await device(2)];
    for (const one of [a, b]) one.connection.start();
    network.pass(100);
    a.engine.createULabel('zero');
    network.pass(100);
    await a.engine.goToPast({ time: new Date(Date.UTC(2026, 0, 2)).toISOString() });
    b.engine.createULabel('t one');
    network.pass(5_000);
    expect(names(a)).toEqual([]);
    expect(a.connection.status).toMatchObject({ state: 'offline', retryAt: null });
    a.engine.backToNow();
    network.pass(100);
    expect(names(a)).toEqual(['t one']);
  });

  it('while an act of many transactions goes on others wait with their rows, not with their records', async () => {
    const { network, device } = await scene();
    const [a, b] = [await device(1), await device(2)];
    for (const one of [a, b]) one.connection.start();
    network.pass(100);
    let slices = 0;
    await a.engine.writer.longAct({ kind: 'test', title: 'Long' }, () => {
      if (slices++ === 0)
        return function* (tx) {
          yield* a.insertOne(tx, 'lamindb_ulabel', { uid: 'longLong', name: 't long', is_type: 0 });
        };
      if (slices > 3) return null;
      b.engine.createULabel(`t other ${slices}`);
      network.pass(500);
      expect(names(a)).not.toContain(`t other ${slices}`);
      expect(a.value('SELECT count(*) FROM loam_sync_item WHERE record IS NULL')).toBe(slices - 1);
      return function* () {};
    });
    network.pass(500);
    expect(names(a)).toEqual(['t long', 't other 2', 't other 3']);
    expect(names(b)).toEqual(['t long', 't other 2', 't other 3']);
    expect(differences(a, b)).toEqual([]);
  });
});

describe('[row 70] what the server refuses', () => {
  it('is taken out again here, is told with its reason, and goes on as an edit of a branch', async () => {
    const { network, device } = await scene({
      judge: ({ record }) =>
        record.operations.some(({ v, c }) => JSON.stringify([v, c]).includes('forbidden')) &&
        record.branch === 'mmmmmmmmmmmm'
          ? 'You may not write that.'
          : null,
    });
    const [a, b] = [await device(1), await device(2)];
    for (const one of [a, b]) one.connection.start();
    network.pass(100);
    a.engine.createULabel('t one');
    network.pass(100);
    const uid = String(a.value("SELECT uid FROM lamindb_ulabel WHERE name = 't one'"));
    a.engine.update('ULabel', { uid }, { description: 'forbidden' });
    a.engine.createULabel('t two');
    network.pass(200);
    expect(a.value('SELECT description FROM lamindb_ulabel WHERE uid = ?', [uid])).toBe(null);
    expect(names(b)).toEqual(['t one', 't two']);
    expect(differences(a, b)).toEqual([]);
    expect(a.connection.status).toMatchObject({ state: 'live', pending: 0, error: null });
    const [rejected, ...others] = a.engine.attention();
    expect(others).toEqual([]);
    expect(rejected).toMatchObject({
      kind: 'rejected',
      reason: 'You may not write that.',
      changes: ['ULabel “t one”: description → forbidden'],
    });
    const branch = a.engine.reviseRejected(rejected?.kind === 'rejected' ? rejected.act : '');
    expect(a.engine.attention()).toEqual([]);
    a.engine.switchBranch(branch);
    expect(a.value('SELECT description FROM lamindb_ulabel WHERE uid = ?', [uid])).toBe('forbidden');
    network.pass(500);
    expect(a.connection.status).toMatchObject({ state: 'live', pending: 0 });
    b.engine.switchBranch(branch);
    expect(b.value('SELECT description FROM lamindb_ulabel WHERE uid = ?', [uid])).toBe('forbidden');
  });
});

describe('[row 69] what several wrote at once', () => {
  it('is shown with all values; one is chosen, and that is the value for everybody', async () => {
    const { network, device } = await scene();
    const [a, b] = [await device(1), await device(2)];
    for (const one of [a, b]) one.connection.start();
    a.engine.createULabel('t one');
    network.pass(200);
    const uid = String(b.value("SELECT uid FROM lamindb_ulabel WHERE name = 't one'"));
    for (const shown of [true, false]) {
      a.engine.update('ULabel', { uid }, { description: `of a ${String(shown)}` });
      b.engine.update('ULabel', { uid }, { description: `of b ${String(shown)}` });
      network.pass(200);
      const [entry] = a.engine.attention();
      expect(b.engine.attention()).toEqual(a.engine.attention());
      if (entry?.kind !== 'conflict') throw new Error('no conflict');
      expect(entry).toMatchObject({ registry: 'ULabel', uid, name: 't one', field: 'description' });
      expect(entry.values.map(({ text }) => text).sort()).toEqual([
        `of a ${String(shown)}`,
        `of b ${String(shown)}`,
      ]);
      const chosen = entry.values.find((value) => value.shown === shown);
      if (!chosen) throw new Error('no such value');
      a.engine.settleConflict(entry.registry, uid, entry.column, chosen);
      network.pass(200);
      for (const one of [a, b]) {
        expect(one.value('SELECT description FROM lamindb_ulabel WHERE uid = ?', [uid])).toBe(chosen.text);
        expect(one.engine.attention()).toEqual([]);
      }
      expect(() => a.engine.settleConflict(entry.registry, uid, entry.column, chosen)).toThrow(
        /settled already/,
      );
    }
  });
});
