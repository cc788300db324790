// On which device an act was made: told by the log, kept at no cost for each act, never copied with a file.
import { describe, expect, test } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { judgeOwnTables } from '../../src/lib/engine/schema/own-tables.ts';
import { readFileSchema } from '../../src/lib/engine/schema/file-schema.ts';
import { hasInstance } from '../../src/lib/engine/schema/open.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { browserName } from '../../src/lib/storage/keys/browser-name.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

const laptop = { uid: 'laptop0000000000', name: 'Chromium on Linux' };
const tablet = { uid: 'tablet0000000000', name: 'Safari on iOS' };

const on = (device: typeof laptop | null, bytes?: Uint8Array) => memoryEngine(model, { device }, bytes);
const copy = (world: MemoryEngine): Uint8Array => world.driver.serialize();
const told = ({ engine }: MemoryEngine, ask = {}) =>
  engine.auditLog(ask).acts.map(({ title, device }) => [title, device?.name ?? null]);

describe('[row 111] the device of an act', () => {
  test('is the one it was made on, through copies and back; acts from before tell of none', async () => {
    const old = await on(null);
    old.engine.createULabel('before');
    const first = await on(laptop, copy(old));
    first.engine.createULabel('one');
    first.engine.createULabel('two');
    const second = await on(tablet, copy(first));
    expect(second.engine.device()).toEqual(tablet);
    second.engine.createULabel('three');
    const third = await on(laptop, copy(second));
    third.engine.createULabel('four');
    await third.engine.undo();
    expect(told(third).map(([, device]) => device)).toEqual([
      ...[
        'Chromium on Linux',
        'Chromium on Linux',
        'Safari on iOS',
        'Chromium on Linux',
        'Chromium on Linux',
      ],
      null,
    ]);
    const choices = third.engine.auditChoices();
    expect(choices).toMatchObject({ devices: [laptop, tablet], unrecorded: true });
    expect(told(third, { device: tablet.uid })).toHaveLength(1);
    expect(told(third, { device: laptop.uid })).toHaveLength(4);
    expect(told(third, { device: '-' })).toEqual([[told(old)[0]?.[0], null]]);
    expect(told(third, { device: tablet.uid, registry: 'ULabel' })).toHaveLength(1);
    // One row where another device begins, none for each act.
    expect(third.value('SELECT count(*) FROM loam_made_on')).toBe(3);
    expect((await on(laptop)).engine.auditChoices()).toMatchObject({ devices: [], unrecorded: false });
  });

  test('holds after an act that failed or changed nothing', async () => {
    const world = await on(laptop, copy(await on(tablet)));
    const { engine } = world;
    expect(() =>
      engine.writer.act({ kind: 'x', title: 'fails' }, function* () {
        yield* [];
        throw new Error('no');
      }),
    ).toThrow('no');
    engine.writer.act({ kind: 'x', title: 'nothing' }, function* () {
      yield* [];
    });
    engine.createULabel('one');
    expect(told(world)).toEqual([[expect.stringContaining('one'), 'Chromium on Linux']]);
  });

  test('is called otherwise where it is renamed, in what it wrote before as well', async () => {
    const world = await on(laptop);
    world.engine.createULabel('one');
    expect(world.engine.renameDevice('  Bench 3 ')).toEqual({ uid: laptop.uid, name: 'Bench 3' });
    world.engine.createULabel('two');
    expect(told(world).map(([, device]) => device)).toEqual(['Bench 3', 'Bench 3']);
    for (const name of ['', ' ', 'x'.repeat(61)])
      expect((await refusal(() => world.engine.renameDevice(name))).code).toBe('ValidationError');
    const none = await on(null);
    expect((await refusal(() => none.engine.renameDevice('x'))).code).toBe('NotSupportedError');
  });

  test('of a branch in a file is the one that made the file, where that tells', async () => {
    for (const device of [tablet, null]) {
      const origin = await on(laptop);
      origin.engine.createULabel('red');
      const bytes = copy(origin);
      const away = await on(device, bytes);
      away.engine.createBranch('away', { switch: true });
      away.engine.createULabel('blue');
      const { bytes: file } = await away.engine.exportBranch('away');
      const home = await on(laptop, bytes);
      expect((await home.engine.readBundle(file)).device).toEqual(device);
      await home.engine.importBranch(file);
      home.engine.createULabel('green');
      const log = told(home, { branch: '*' });
      expect(log.slice(0, 2)).toEqual([
        [expect.stringContaining('green'), laptop.name],
        ['Open branch away from a file', device?.name ?? laptop.name],
      ]);
    }
  });

  test('a log without these tables is whole, and gets them when it is opened', async () => {
    const old = await on(null);
    old.engine.createULabel('before');
    old.driver.exec('DROP TABLE loam_device; DROP TABLE loam_made_on');
    const driver = await openMemory({ bytes: copy(old) });
    expect(judgeOwnTables(runSync(driver, readFileSchema()))).toBe('ok');
    expect(hasInstance(driver)).toBe(true);
    const world = await on(laptop, driver.serialize());
    world.engine.createULabel('after');
    expect(told(world).map(([, device]) => device)).toEqual(['Chromium on Linux', null]);
  });
});

test('a browser is called by its name and its system', () => {
  const mozilla = 'Mozilla/5.0 ';
  for (const [agent, name] of [
    [
      '(X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
      'Chromium on Linux',
    ],
    ['(Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0', 'Edge on Windows'],
    ['(Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1 Version/18.0 Safari/605.1', 'Safari on macOS'],
    [
      '(iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 CriOS/140.0 Safari/604.1',
      'Chromium on iOS',
    ],
    ['(Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', 'Firefox on Android'],
    ['odd', 'Browser'],
  ] as const)
    expect(browserName(mozilla + agent)).toBe(name);
});
