// What a port may make the engine do: only listed methods of the object itself, each write once, errors as data.
import { expect, test } from 'vitest';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { serveEngine, type ServeOptions } from '../../src/lib/workers/serve.ts';

function connected(api: object, methods: ServeOptions['methods'], around?: ServeOptions['around']) {
  const server = serveEngine(api, around ? { methods, around } : { methods });
  const { port1, port2 } = new MessageChannel();
  server.connect('tab', port1);
  const waiting = new Map<number, (answer: unknown) => void>();
  port2.onmessage = ({ data }) => waiting.get(data.id)?.(data);
  let id = 0;
  const send = (method: unknown, args: unknown = [], op: unknown = null) =>
    new Promise<{ ok: boolean; value?: unknown; error?: { code: string; message: string; details: object } }>(
      (resolve) => {
        waiting.set(++id, resolve as (answer: unknown) => void);
        port2.postMessage({ id, method, args, op });
      },
    );
  return { send, server, end: () => [port1, port2].forEach((port) => port.close()) };
}

test('names outside the list, inherited ones and wrong arguments are refused', async () => {
  const api = Object.assign(Object.create({ inherited: () => 1 }), {
    read: () => 1,
    hidden: () => 2,
    text: 'x',
  });
  const { send, end } = connected(api, { read: 'read', inherited: 'read', text: 'read' });
  const hostile = [
    'hidden',
    'inherited',
    'text',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    7,
    null,
    { a: 1 },
  ];
  for (const method of hostile) expect((await send(method)).error?.code).toBe('InvalidArgument');
  expect((await send('read', 'no list')).error?.code).toBe('InvalidArgument');
  expect(await send('read')).toMatchObject({ ok: true, value: 1 });
  end();
});

test('a write sent twice under one operation runs once; without one it runs each time', async () => {
  let runs = 0;
  const seen: (string | null)[] = [];
  const { send, end } = connected(
    { write: async (n: number) => (runs += n) },
    { write: 'write' },
    (context, call) => {
      seen.push(context.op);
      return call();
    },
  );
  expect(await Promise.all([send('write', [1], 'a'), send('write', [1], 'a')])).toMatchObject([
    { value: 1 },
    { value: 1 },
  ]);
  expect((await send('write', [1], 'a')).value).toBe(1);
  await send('write', [1]);
  await send('write', [1]);
  expect(runs).toBe(3);
  expect(seen).toEqual(['a', null, null]);
  end();
});

test('errors keep code and details; a value that cannot be cloned is an error too; a failed write blocks nothing', async () => {
  const api = {
    full: async () => {
      throw new LoamError('StorageFull', 'no room', { needed: 5 });
    },
    uncloneable: () => () => 1,
    fine: () => 'ok',
  };
  const { send, end } = connected(api, { full: 'write', uncloneable: 'read', fine: 'write' });
  expect((await send('full', [], 'x')).error).toEqual({
    code: 'StorageFull',
    message: 'no room',
    details: { needed: 5 },
  });
  expect((await send('uncloneable')).error?.code).toBe('InternalError');
  expect((await send('fine')).value).toBe('ok');
  end();
});
