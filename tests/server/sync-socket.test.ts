// The server's socket, with the peer's own connection and with frames as they are (decision 0040).
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { decodeUpdate, encodeStateVector, encodeUpdate } from '../../src/lib/engine/sync/item.ts';
import { numbers } from '../fixtures/numbers.ts';
import { groundOf } from './ground-file.ts';
import {
  ask,
  firstAdmin,
  hello,
  liveDevice,
  person,
  rawPeer,
  startRunning,
  webSocket,
  type LiveDevice,
  type RawPeer,
  type Running,
  type SignedIn,
} from './running-server.ts';

describe('the socket', () => {
  let at: Running;
  let admin: SignedIn;
  let ground: Uint8Array;
  const devices: LiveDevice[] = [];
  const device = async (as: SignedIn, token?: string) => {
    const made = await liveDevice(at, as, ground, token);
    devices.push(made);
    return made;
  };
  beforeAll(async () => {
    at = await startRunning();
    ground = groundOf(at);
    admin = await firstAdmin(at);
  });
  afterAll(async () => {
    for (const one of devices) one.close();
    await at.stop();
  });

  it('[row 67] two devices are told of each other’s edits at once', async () => {
    const [one, two] = [await device(admin), await device(await person(at, admin, 'second'))];
    await Promise.all([one.settled(), two.settled()]);
    one.engine.create('ULabel', { name: 'by the first' });
    two.engine.create('ULabel', { name: 'by the second' });
    await vi.waitFor(() => {
      expect(one.names()).toEqual(['by the first', 'by the second']);
      expect(two.names()).toEqual(one.names());
      expect(one.connection.status).toMatchObject({ state: 'live', pending: 0 });
    }, 20_000);
  });

  it('a device that comes later gets all of it', async () => {
    const late = await device(await person(at, admin, 'late', 'read'));
    await late.settled();
    expect(late.names()).toEqual(['by the first', 'by the second']);
    expect(late.connection.status.role).toBe('read');
  });

  it('[row 110] what a reader writes is refused in words, and reaches nobody', async () => {
    const reader = await person(at, admin, 'reader', 'read');
    const [its, other] = [await device(reader), devices[0] as LiveDevice];
    await its.settled();
    Object.assign(its.engine.writer.author, { userUid: reader.account });
    its.engine.create('ULabel', { name: 'not allowed' });
    await vi.waitFor(
      () => expect(its.engine.sync.refused()[0]?.reason).toMatch(/You may read this instance, not write it/),
      20_000,
    );
    expect(other.names()).not.toContain('not allowed');
  });

  it('nothing is told before the welcome', async () => {
    const nobody = await rawPeer(webSocket(at, null));
    nobody.say(hello(at));
    expect(await nobody.ended).toMatchObject({ code: 1008, bye: { code: 'SignInNeeded' } });
    expect(nobody.heard.map(({ type }) => type)).toEqual(['bye']);
    const early = await rawPeer(webSocket(at, admin));
    early.say({ type: 'want', doc: 'b/mmmmmmmmmmmm/1', bytes: encodeStateVector(new Map()) });
    expect(await early.ended).toMatchObject({ code: 1008, bye: { code: 'UpdateRefused' } });
    expect(early.heard.map(({ type }) => type)).toEqual(['bye']);
  });

  it('pages of others, and requests to other hosts, become no socket', async () => {
    for (const more of [{ origin: 'https://evil.example' }, { host: 'evil.example' }] as Record<
      string,
      string
    >[]) {
      const ws = webSocket(at, admin, more);
      const status = await new Promise((resolve) => {
        ws.on('unexpected-response', (_, response) => resolve(response.statusCode));
        ws.on('error', () => undefined);
      });
      expect(status).toBe(403);
    }
    // Without an origin the cookie counts for nothing.
    const headers = { cookie: admin.cookie };
    const plain = await rawPeer(new WebSocket(`${at.origin.replace('http', 'ws')}/sync`, { headers }));
    plain.say(hello(at));
    expect((await plain.ended).bye).toMatchObject({ code: 'SignInNeeded' });
  });

  it('[row 110] an API key opens it, and its end closes it at once', async () => {
    const { uid } = at.core.instance;
    const made = await ask(
      at,
      `/api/instances/${uid}/keys`,
      { account: admin.account, name: 'a tool', role: 'write', days: 1 },
      admin,
    );
    const token = made.json.token as string;
    const tool = await rawPeer(webSocket(at, null));
    tool.say(hello(at, { token }));
    expect(await tool.next('welcome')).toMatchObject({
      account: admin.account,
      role: 'write',
      instance: uid,
    });
    await ask(
      at,
      `/api/instances/${uid}/keys/${(made.json.key as { prefix: string }).prefix}`,
      undefined,
      admin,
      'DELETE',
    );
    expect(await tool.ended).toMatchObject({ code: 1008, bye: { code: 'NoAccess' } });
    const again = await rawPeer(webSocket(at, null));
    again.say(hello(at, { token }));
    expect((await again.ended).bye).toMatchObject({ code: 'SignInNeeded' });
  });

  it('[row 110] who loses a role is told at once, who loses membership is put out', async () => {
    const { uid } = at.core.instance;
    const one = await person(at, admin, 'demoted');
    const peer = await rawPeer(webSocket(at, one));
    peer.say(hello(at));
    expect((await peer.next('welcome')).role).toBe('write');
    await ask(at, `/api/instances/${uid}/members/${one.account}`, { role: 'read' }, admin, 'PATCH');
    expect((await peer.next('access')).role).toBe('read');
    await ask(at, `/api/instances/${uid}/members/${one.account}`, undefined, admin, 'DELETE');
    expect(await peer.ended).toMatchObject({ code: 1008, bye: { code: 'NoAccess' } });
  });

  it('an older and a newer Loam are told what to do', async () => {
    for (const [protocol, words] of [
      [0, /Reload the page to update/],
      [2, /The server is older/],
    ] as const) {
      const peer = await rawPeer(webSocket(at, admin));
      peer.say(hello(at, { protocol }));
      const { bye } = await peer.ended;
      expect(bye?.code).toBe('NotSupportedError');
      expect(bye?.message).toMatch(words);
    }
  });

  it('what is no frame ends the connection, and only that one', async () => {
    for (const bytes of [new Uint8Array(), new Uint8Array([99, 0]), new Uint8Array(5).fill(255), 'words']) {
      const peer = await rawPeer(webSocket(at, admin));
      peer.say(hello(at));
      await peer.next('welcome');
      peer.sayBytes(bytes);
      expect((await peer.ended).code).toBe(1008);
    }
    const long = await rawPeer(webSocket(at, admin));
    long.sayBytes(new Uint8Array(5 * 1024 * 1024));
    expect((await long.ended).code).toBe(1009);
    expect((devices[0] as LiveDevice).connection.status.state).toBe('live');
  });

  it('a client that another account writes as is none of this connection’s', async () => {
    const one = devices[0] as LiveDevice;
    const [own] = one.driver.all(
      `SELECT c.client, d.branch, d.epoch FROM loam_sync_client c JOIN loam_sync_doc d ON d.id = c.doc WHERE c.own = 1 AND c.next > 0 LIMIT 1`,
    );
    const [client, doc] = [Number(own?.[0]), `b/${String(own?.[1])}/${String(own?.[2])}`];
    const thief = await rawPeer(webSocket(at, await person(at, admin, 'thief')));
    thief.say(hello(at, { clients: [{ client, doc }] }));
    await thief.next('welcome');
    // The records themselves, word for word: only the sender is another.
    const { items } = decodeUpdate(one.engine.sync.updateSince(doc, encodeStateVector(new Map())).bytes);
    const bytes = encodeUpdate(items.filter((item) => item.client === client));
    thief.say({ type: 'update', id: 1, doc, bytes });
    const refused = await thief.next('refused');
    expect(refused).toMatchObject({ id: 1, why: 'foreign client' });
    expect(refused.message).toMatch(/belongs to another account/);
    // And one that it did not announce.
    thief.say({
      type: 'update',
      id: 2,
      doc,
      bytes: encodeUpdate([{ client: client + 1, clock: 0, content: items[0]?.content ?? null }]),
    });
    expect((await thief.next('refused')).message).toMatch(/not one that this connection announced/);
    thief.close();
  });

  it('300 updates that were damaged on the way change nothing, and end no other connection', async () => {
    const one = devices[0] as LiveDevice;
    const doc = one.engine.sync.logs()[0]?.doc ?? '';
    const whole = one.engine.sync.updateSince(doc, encodeStateVector(new Map())).bytes;
    const names = one.names();
    const chance = numbers(20261128);
    let peer: RawPeer | null = null;
    let answers = 0;
    for (let i = 0; i < 300; i++) {
      if (!peer) {
        peer = await rawPeer(webSocket(at, admin));
        const clients = decodeUpdate(whole).items.map(({ client }) => ({ client, doc }));
        peer.say(hello(at, { clients: [...new Map(clients.map((own) => [own.client, own])).values()] }));
        await peer.next('welcome');
      }
      let bytes = whole.slice();
      for (let n = 1 + Math.floor(chance() * 4); n > 0; n--)
        bytes[Math.floor(chance() * bytes.length)] = Math.floor(chance() * 256);
      if (chance() < 0.3) bytes = bytes.slice(0, Math.floor(chance() * bytes.length));
      const before = peer.heard.length;
      peer.say({ type: 'update', id: i, doc, bytes });
      const heard = peer;
      await vi.waitFor(() => expect(heard.heard.length).toBeGreaterThan(before), {
        timeout: 5000,
        interval: 2,
      });
      answers++;
      const last = peer.heard.at(-1);
      if (
        last?.type === 'bye' ||
        (last?.type === 'refused' && ['malformed', 'too large'].includes(last.why))
      ) {
        expect((await peer.ended).code).toBe(1008);
        peer = null;
      }
    }
    peer?.close();
    expect(answers).toBe(300);
    expect(one.connection.status.state).toBe('live');
    expect(one.names()).toEqual(names);
    expect(at.logged.filter(({ event }) => event === 'fault')).toEqual([]);
  });

  it('logs hold no secrets', () => {
    const text = JSON.stringify(at.logged);
    for (const secret of [admin.cookie.split('=')[1] ?? '-', admin.csrf, 'correct horse', 'loam_key_'])
      expect(text).not.toContain(secret);
    expect(at.logged.some(({ event }) => event === 'peer.welcome')).toBe(true);
    expect(at.logged.filter(({ event }) => event === 'fault')).toEqual([]);
  });

  it('numbers of it are told in Prometheus’ form', () => {
    const page = at.core.metrics();
    expect(page).toMatch(/^loam_peers \d+$/m);
    expect(page).toMatch(/^loam_turns_total [1-9]\d*$/m);
  });
});
