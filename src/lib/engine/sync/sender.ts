// Own records on their way to the server, for one connection: several updates at once, in the order of their clocks. What counts
// is what was acknowledged; what is on its way is only known here, so that with a lost connection it is sent again. Refusals of
// form concern a client as a whole, since its later records follow on the earlier ones: it is left out until the next connection,
// and the others go on.
import type { OwnClient, PeerFrame, ServerFrame } from './frames.ts';
import { isLoamError, LoamError, type WireError } from '../errors.ts';
import type { StateVector } from './item.ts';
import type { LocalSide } from './local-side.ts';
import { refusedUpdate } from './bytes.ts';

type Answer = Extract<ServerFrame, { type: 'ack' | 'refused' }>;

export interface Sender {
  /** Clients that were announced with `hello`. */
  begin(announced: readonly OwnClient[]): void;
  /** Sends what there is, as far as there is room. */
  flush(): void;
  /** Throws `UpdateRefused` for answers to what was never asked. */
  answered(frame: Answer): void;
  readonly inFlight: number;
  /** When the oldest one on its way was sent, in ms; null where nothing is. */
  readonly since: number | null;
  /** Why some records cannot be sent; null where nothing is wrong. */
  readonly problem: WireError | null;
}

export interface SenderDeps {
  local: LocalSide;
  send(frame: PeerFrame): void;
  /** Bytes that have not left yet. */
  waiting(): number;
  clock(): number;
}

interface OnItsWay {
  doc: string;
  clients: number[];
  bytes: number;
  at: number;
}

/** More would only fill buffers; each has up to 256 KiB, or one longer record. */
const [mostUpdates, mostBytes] = [16, 2 * 1024 * 1024];
/** A server that asks for the same again and again would never come to an end. */
const mostRewinds = 5;

export function createSender({ local, send, waiting, clock }: SenderDeps): Sender {
  const announced = new Set<number>();
  const onTheWay = new Map<number, OnItsWay>();
  const sent: StateVector = new Map();
  const without = new Set<number>();
  const rewinds = new Map<number, number>();
  let bytes = 0;
  let last = 0;
  let problem: WireError | null = null;
  /** Something is to be sent again: first all answers are waited for. */
  let again: (() => void)[] = [];

  function announce(clients: readonly number[], doc: string): void {
    const fresh = clients.filter((client) => !announced.has(client));
    if (fresh.length === 0) return;
    for (const client of fresh) announced.add(client);
    send({ type: 'clients', clients: fresh.map((client) => ({ client, doc })) });
  }

  function flush(): void {
    if (again.length > 0) return;
    for (const doc of local.unsentLogs())
      while (onTheWay.size < mostUpdates && bytes < mostBytes && waiting() < mostBytes) {
        const served = local.outbox(doc, { sent, without });
        if (!served || served.records === 0) break;
        const clients = [...served.vector.keys()];
        announce(clients, doc);
        for (const [client, upto] of served.vector) sent.set(client, upto);
        onTheWay.set(++last, { doc, clients, bytes: served.bytes.length, at: clock() });
        bytes += served.bytes.length;
        send({ type: 'update', id: last, doc, bytes: served.bytes });
      }
  }

  function leaveOut(clients: readonly number[], { why, message }: { why: string; message: string }): void {
    for (const client of clients) without.add(client);
    problem = { code: 'UpdateRefused', message, details: { why } };
  }

  function refused(frame: Extract<Answer, { type: 'refused' }>, { doc, clients }: OnItsWay): void {
    const { why, client, next } = frame;
    const concerned = client !== null && clients.includes(client) ? [client] : clients;
    const times = (rewinds.get(concerned[0] ?? 0) ?? 0) + 1;
    for (const one of concerned) rewinds.set(one, times);
    if (times > mostRewinds) return leaveOut(concerned, frame);
    switch (why) {
      case 'gap':
        // What was sent meanwhile goes on behind the gap and is refused as well.
        if (client !== null && next !== null) again.push(() => local.rewind(doc, client, next));
        else leaveOut(concerned, frame);
        break;
      case 'foreign client':
        // Announced on another connection, or not at all.
        for (const one of concerned) announced.delete(one);
        if (times > 1) leaveOut(concerned, frame);
        else again.push(() => {});
        break;
      case 'diverged':
        local.renew();
        leaveOut(concerned, frame);
        break;
      default:
        leaveOut(concerned, frame);
    }
  }

  return {
    begin(clients) {
      for (const { client } of clients) announced.add(client);
    },
    flush,
    answered(frame) {
      const of = onTheWay.get(frame.id);
      if (!of || of.doc !== frame.doc)
        throw refusedUpdate(
          'malformed',
          `The server answered an update ${frame.id} of ${frame.doc} that was not sent.`,
          {
            id: frame.id,
          },
        );
      onTheWay.delete(frame.id);
      bytes -= of.bytes;
      if (frame.type === 'ack') {
        for (const [client] of local.acknowledge(of.doc, frame.bytes)) rewinds.delete(client);
      } else refused(frame, of);
      if (onTheWay.size === 0) {
        for (const what of again) what();
        again = [];
        // From here on what was acknowledged says what is left.
        sent.clear();
      }
      flush();
    },
    get inFlight() {
      return onTheWay.size;
    },
    get since() {
      const first = onTheWay.values().next().value;
      return first ? first.at : null;
    },
    get problem() {
      return problem;
    },
  };
}

/** The words of an error, for a status. */
export const wordsOf = (error: unknown): WireError =>
  isLoamError(error)
    ? { code: error.code, message: error.message, details: error.details }
    : new LoamError('InternalError', error instanceof Error ? error.message : String(error));
