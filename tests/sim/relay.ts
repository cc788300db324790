// A server for tests of connections: it keeps logs and passes them on, with the frames of the real one, and knows no rows. What
// it acknowledged it keeps for ever; `restart` closes every connection. It reads what peers send as the real one does.
import type { Socket, SocketEvents } from '../../src/lib/engine/ports.ts';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import {
  encodeServerFrame,
  protocolVersion,
  readPeerFrame,
  type PeerFrame,
  type ServerFrame,
} from '../../src/lib/engine/sync/frames.ts';
import {
  decodeStateVector,
  decodeUpdate,
  encodeStateVector,
  encodeUpdate,
} from '../../src/lib/engine/sync/item.ts';
import type { SyncLog } from '../../src/lib/engine/sync/log.ts';
import type { PlacedRecord } from '../../src/lib/engine/sync/record.ts';

export interface Relay {
  /** One connection: what the peer sends is given to `take`; what the server says goes to `say`, its end to `end`. */
  connect(say: (bytes: Uint8Array) => void, end: () => void): { take(bytes: Uint8Array): void; gone(): void };
  /** All connections end; what was kept stays. */
  restart(): void;
  /** Of each client, how many records were acknowledged to anybody. */
  readonly acknowledged: ReadonlyMap<number, number>;
  /** Frames that were understood, by kind. */
  readonly counts: Map<string, number>;
  /** Ends the connections with these words. */
  bye(code: string, message: string): void;
}

export interface RelayOptions {
  log: SyncLog;
  instance?: string;
  account?: string;
  role?: string;
  /** Who has the key; null where nobody has. Without it a key is its owner's uid. */
  whose?: (token: string | null) => { uid: string; handle: string; role: string } | null;
  /** What is wrong with a record; null where nothing is. */
  judge?: (placed: PlacedRecord) => string | null;
  /** What is wrong with who says hello. */
  admit?: (hello: Extract<PeerFrame, { type: 'hello' }>) => { code: string; message: string } | null;
  updateBytes?: number;
  onRoom?: (room: string, bytes: Uint8Array) => void;
}

interface Line {
  say(frame: ServerFrame): void;
  end(): void;
  clients: Map<number, string>;
  /** Logs that it has asked for. */
  follows: Set<string>;
}

export function createRelay(options: RelayOptions): Relay {
  const { log } = options;
  const lines = new Set<Line>();
  const acknowledged = new Map<number, number>();
  const counts = new Map<string, number>();
  const known = (doc: string) => log.logs().some((one) => one.doc === doc);

  function everybody(frame: ServerFrame, but: Line | null, doc?: string): void {
    for (const line of lines)
      if (line !== but && (doc === undefined || line.follows.has(doc))) line.say(frame);
  }

  function take(line: Line, frame: PeerFrame): void {
    counts.set(frame.type, (counts.get(frame.type) ?? 0) + 1);
    switch (frame.type) {
      case 'hello':
        return hello(line, frame);
      case 'clients':
        for (const { client, doc } of frame.clients) line.clients.set(client, doc);
        return;
      case 'want':
        return want(line, frame);
      case 'update':
        return update(line, frame);
      case 'room':
        return options.onRoom?.(frame.room, frame.bytes);
      case 'ping':
        return line.say({ type: 'pong' });
    }
  }

  function hello(line: Line, frame: Extract<PeerFrame, { type: 'hello' }>): void {
    const refused =
      frame.protocol === protocolVersion
        ? (options.admit?.(frame) ?? null)
        : { code: 'NotSupportedError', message: 'This server is older. Ask its administrator to update it.' };
    if (refused) {
      line.say({ type: 'bye', ...refused });
      return line.end();
    }
    const who = options.whose
      ? options.whose(frame.token)
      : { uid: frame.token ?? 'account0', handle: 'someone', role: 'write' };
    if (!who) {
      line.say({
        type: 'bye',
        code: 'SignInNeeded',
        message: 'Your key is not good any more. Sign in again.',
      });
      return line.end();
    }
    for (const { client, doc } of frame.clients) line.clients.set(client, doc);
    line.say({
      ...{ type: 'welcome', protocol: protocolVersion, app: 'relay', name: 'lab', time: Date.now() },
      ...{
        instance: options.instance ?? frame.instance,
        account: options.account ?? who.uid,
      },
      ...{ handle: who.handle, role: options.role ?? who.role },
      logs: log.logs().map(({ doc }) => ({ doc, digest: log.digest(doc) })),
    });
  }

  function want(line: Line, { doc, bytes }: Extract<PeerFrame, { type: 'want' }>): void {
    if (known(doc)) {
      let vector = bytes;
      for (;;) {
        const served = log.updateSince(doc, vector, options.updateBytes);
        if (served.records > 0 || served.bytes.length > 2)
          line.say({ type: 'update', doc, bytes: served.bytes });
        if (served.complete) break;
        const upto = decodeStateVector(vector);
        for (const [client, clock] of served.vector) upto.set(client, clock);
        vector = encodeStateVector(upto);
      }
    }
    line.follows.add(doc);
    line.say({ type: 'caught', doc });
  }

  function update(line: Line, { id, doc, bytes }: Extract<PeerFrame, { type: 'update' }>): void {
    const isNew = !known(doc);
    const owns = (client: number) => line.clients.get(client) === doc;
    try {
      const { items } = decodeUpdate(bytes);
      const done = log.receive(doc, bytes, {
        ...{ voids: false, begins: true, owns },
        ...(options.judge ? { judge: options.judge } : {}),
      });
      if (isNew) everybody({ type: 'log', doc, digest: log.digest(doc) }, null);
      const vector = new Map<number, number>();
      for (const { client, clock } of items) vector.set(client, clock + 1);
      for (const [client, clock] of vector)
        acknowledged.set(client, Math.max(clock, acknowledged.get(client) ?? 0));
      line.say({ type: 'ack', id, doc, bytes: encodeStateVector(vector) });
      if (done.answer.length > 0) {
        line.say({ type: 'update', doc, bytes: encodeUpdate([], done.answer) });
        const places = done.refused.map(({ client, clock, reason }) => ({ client, clock, reason }));
        line.say({ type: 'explained', doc, places });
      }
      // As they are kept: what was refused has no content.
      const before = new Map(vector);
      for (const { client, clock } of items) before.set(client, Math.min(clock, before.get(client) ?? 0));
      const whole = decodeStateVector(log.vector(doc));
      for (const [client, clock] of before) whole.set(client, clock);
      everybody(
        { type: 'update', doc, bytes: log.updateSince(doc, encodeStateVector(whole), Infinity).bytes },
        line,
        doc,
      );
    } catch (error) {
      if (!isLoamError(error, 'UpdateRefused')) throw error;
      const { why, client = null, next = null } = error.details;
      line.say({
        ...{ type: 'refused', id, doc, why: String(why), message: error.message },
        ...{ client: client as number | null, next: next as number | null },
      });
    }
  }

  return {
    connect(say, end) {
      const line: Line = {
        say: (frame) => lines.has(line) && say(encodeServerFrame(frame)),
        end() {
          if (lines.delete(line)) end();
        },
        clients: new Map(),
        follows: new Set(),
      };
      lines.add(line);
      let greeted = false;
      return {
        take(bytes) {
          if (!lines.has(line)) return;
          try {
            const frame = readPeerFrame(bytes);
            if ((frame.type === 'hello') === greeted) return line.end();
            greeted = true;
            take(line, frame);
          } catch (error) {
            if (!isLoamError(error, 'UpdateRefused')) throw error;
            line.end();
          }
        },
        gone: () => void lines.delete(line),
      };
    },
    restart() {
      for (const line of [...lines]) line.end();
    },
    bye(code, message) {
      for (const line of [...lines]) {
        line.say({ type: 'bye', code, message });
        line.end();
      }
    },
    acknowledged,
    counts,
  };
}

/** A network between a peer and the relay, in a time of the test's own. */
export interface Network {
  now(): number;
  later(ms: number, run: () => void): () => void;
  /** Lets time pass, until nothing is left to do before then. */
  pass(ms: number): void;
  open(relay: Relay, faults?: Faults): (events: SocketEvents) => Socket;
}

export interface Faults {
  /** What becomes of a message; asked for each, from either side. */
  fate?(from: 'peer' | 'server', bytes: Uint8Array): 'goes' | 'lost' | 'twice' | 'late' | 'closes';
  /** It cannot be reached. */
  down?(): boolean;
}

export function createNetwork(start: number): Network {
  let now = start;
  let order = 0;
  const due: { at: number; order: number; run: () => void }[] = [];

  function later(ms: number, run: () => void): () => void {
    const one = { at: now + ms, order: order++, run };
    due.push(one);
    return () => {
      const i = due.indexOf(one);
      if (i >= 0) due.splice(i, 1);
    };
  }

  function pass(ms: number): void {
    const end = now + ms;
    for (;;) {
      let next: (typeof due)[number] | null = null;
      for (const one of due)
        if (one.at <= end && (!next || one.at < next.at || (one.at === next.at && one.order < next.order)))
          next = one;
      if (!next) break;
      due.splice(due.indexOf(next), 1);
      now = Math.max(now, next.at);
      next.run();
    }
    now = end;
  }

  function open(relay: Relay, faults: Faults = {}): (events: SocketEvents) => Socket {
    return (events) => {
      let over = false;
      const end = (why: string): void => {
        if (over) return;
        over = true;
        server?.gone();
        later(1, () => events.closed(why));
      };
      let server: ReturnType<Relay['connect']> | null = null;
      const carry = (
        from: 'peer' | 'server',
        bytes: Uint8Array,
        arrive: (bytes: Uint8Array) => void,
      ): void => {
        const fate = faults.fate?.(from, bytes) ?? 'goes';
        if (fate === 'closes') return end('The connection was lost.');
        if (fate === 'lost') return;
        const arriving = () => !over && arrive(bytes);
        later(fate === 'late' ? 40 : 1, arriving);
        if (fate === 'twice') later(5, arriving);
      };
      later(1, () => {
        if (over) return;
        if (faults.down?.()) return end('The server cannot be reached.');
        server = relay.connect(
          (bytes) => carry('server', bytes, (came) => events.received(came)),
          // What was said before the end still arrives.
          () => later(3, () => end('The server ended the connection.')),
        );
        events.opened();
      });
      return {
        send: (bytes) => !over && carry('peer', bytes.slice(), (came) => server?.take(came)),
        waiting: 0,
        close: () => end('Closed here.'),
      };
    };
  }

  return { now: () => now, later, pass, open };
}
