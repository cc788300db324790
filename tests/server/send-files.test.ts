// What a device does with a server's files, against the real routes: sending in parts that is cut off anywhere, going on, being
// told why not.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  askFiles,
  fileAddress,
  sendToServer,
  unsendFromServer,
  whichAtServer,
  type AskServer,
} from '../../src/lib/storage/remote/server-files.ts';
import { bytesSource } from '../../src/lib/storage/blob/keys.ts';
import { blobWorld, origin, someBytes, type BlobWorld } from './blob-world.ts';
import { onBoth } from './both.ts';
import { world, type World } from './people-world.ts';

onBoth('[row 71] Files to a server', (at) => {
  let people: World;
  let w: BlobWorld;
  let ask: AskServer;
  let place: { server: string; instance: string };
  beforeAll(async () => {
    people = await world(at().postgres);
    w = await blobWorld(people, { limits: { part: 3 * 1024 * 1024 } });
    ask = as(await w.key('writer'));
    place = { server: origin, instance: people.instance };
  });
  afterAll(() => w.close());

  const as =
    (key: string): AskServer =>
    async (url, init) =>
      w.app.request(url, {
        ...init,
        headers: {
          ...(init.headers as Record<string, string>),
          ...{ host: 'localhost:4173', authorization: `Bearer ${key}` },
          ...(init.body ? { 'content-length': String((init.body as string).length) } : {}),
        },
      });

  test('in parts; what is there is not sent again; the server says which it has', async () => {
    const bytes = someBytes(2_500_000);
    const { key } = await w.artifact('big.bin', bytes);
    const other = await w.artifact('other.bin', someBytes(10));
    expect(await whichAtServer(place, [key, other.key], { ask })).toEqual(new Set());
    const seen: number[] = [];
    expect(
      await sendToServer(place, key, bytesSource(bytes), { ask, onProgress: (done) => seen.push(done) }),
    ).toBe('sent');
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(bytes.length);
    expect(seen.length).toBeGreaterThan(2);
    expect(readFileSync(join(w.root, key)).equals(bytes)).toBe(true);
    expect(await sendToServer(place, key, bytesSource(bytes), { ask })).toBe('there');
    expect(await whichAtServer(place, [key, other.key], { ask })).toEqual(new Set([key]));
    expect((await askFiles(place, { ask })).storage.uid).toBe(w.folder.uid);
    const back = await ask(fileAddress(place, key), { headers: { range: 'bytes=5-9' } });
    expect(new Uint8Array(await back.arrayBuffer())).toEqual(bytes.slice(5, 10));
  });

  test('the network goes at each request in turn, before and after the server has heard it', async () => {
    const bytes = someBytes(1_400_000);
    for (let cut = 0; cut < 12; cut++) {
      const { key } = await w.artifact(`cut/${cut}.bin`, bytes);
      let count = 0;
      const flaky: AskServer = async (url, init) => {
        const now = count++;
        if (now === cut >> 1 && cut % 2 === 0) throw new TypeError('fetch failed');
        const answer = await ask(url, init);
        if (now === cut >> 1) throw new TypeError('the answer was lost');
        return answer;
      };
      const first = sendToServer(place, key, bytesSource(bytes), { ask: flaky });
      const error = await first.then(
        () => null,
        (thrown: { details: Record<string, unknown> }) => thrown,
      );
      // The last answers may be lost when all is done.
      if (error) expect(error.details).toMatchObject({ trouble: 'transient', unreached: true });
      expect(['sent', 'there']).toContain(await sendToServer(place, key, bytesSource(bytes), { ask }));
      expect(readFileSync(join(w.root, key)).equals(bytes)).toBe(true);
    }
    expect(w.parts()).toEqual([]);
  });

  test('before its record has come it waits; what is refused is told; what is cancelled leaves nothing', async () => {
    const bytes = someBytes(1_000_000);
    const unknown = sendToServer(place, '.lamindb/0000000000zzzzzz0000.bin', bytesSource(bytes), { ask });
    await expect(unknown).rejects.toMatchObject({ code: 'DoesNotExist', details: { trouble: 'transient' } });
    const { key } = await w.artifact('mine.bin', bytes);
    const wrong = sendToServer(place, key, bytesSource(someBytes(1_000_000)), { ask });
    await expect(wrong).rejects.toMatchObject({ code: 'IntegrityError', details: { trouble: 'final' } });
    const reader = as(await w.key('reader', 'read'));
    await expect(sendToServer(place, key, bytesSource(bytes), { ask: reader })).rejects.toMatchObject({
      ...{ code: 'NoAccess', details: { trouble: 'final' } },
    });
    const stopped = new AbortController();
    const half = sendToServer(place, key, bytesSource(bytes), {
      ...{ ask, signal: stopped.signal },
      onProgress: (done) => done > 0 && stopped.abort(),
    });
    await expect(half).rejects.toMatchObject({ code: 'Cancelled' });
    expect(w.parts()).toHaveLength(1);
    await unsendFromServer(place, key, bytesSource(bytes), { ask });
    expect(w.parts()).toEqual([]);
    const proxy: AskServer = () => Promise.resolve(new Response('<html>Bad gateway</html>', { status: 502 }));
    await expect(askFiles(place, { ask: proxy })).rejects.toMatchObject({
      details: { trouble: 'transient' },
    });
    const stranger: AskServer = () => Promise.resolve(new Response('{}', { status: 200 }));
    await expect(askFiles(place, { ask: stranger })).rejects.toThrow(/does not answer as a Loam server/);
  });
});
