// Web sockets at `/sync`: where a request may come from, how much may come how fast, who does not answer any more. What is
// said on them is peer.ts.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { mostFrameBytes } from '../../src/lib/engine/sync/frames.ts';
import { addressFrom, cookieName, cookieOf } from '../http/guard.ts';
import type { CloseCode, Line } from './line.ts';

/** What stands behind a socket. */
export interface Listener {
  received(bytes: Uint8Array): void;
  closed(): void;
  /** It has said nothing of use in its first seconds. */
  late(): void;
}

export interface SocketDeps {
  origin: string;
  proxies: number;
  connect(line: Line): Listener;
  onOpen(): void;
  onClose(): void;
  limits?: SocketLimits;
}

export interface SocketLimits {
  /** Sockets of all, and of one address. */
  open: number;
  ofAddress: number;
  /** Milliseconds: until it is welcomed; between two pings; without an answer, after which the other side is dead. */
  hello: number;
  ping: number;
  dead: number;
  /** Of one socket, a second: messages and bytes. What is beyond waits. */
  messages: number;
  bytes: number;
}

export const usualSocketLimits: SocketLimits = {
  ...{ open: 4000, ofAddress: 500, hello: 15_000, ping: 25_000, dead: 60_000 },
  ...{ messages: 1000, bytes: 32 * 1024 * 1024 },
};

export interface Sockets {
  /** Takes an HTTP request that wants to become a socket, or refuses it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

export function createSockets(deps: SocketDeps): Sockets {
  const limits = deps.limits ?? usualSocketLimits;
  const { host } = new URL(deps.origin);
  const server = new WebSocketServer({
    ...{ noServer: true, maxPayload: mostFrameBytes, perMessageDeflate: false, clientTracking: true },
    skipUTF8Validation: false,
  });
  const ofAddress = new Map<string, number>();
  let closed = false;

  /** Why it may not become a socket; null where it may. */
  function fault(request: IncomingMessage, address: string): [status: number, why: string] | null {
    const { host: to, origin } = request.headers;
    if (closed) return [503, 'The server is stopping.'];
    if (to?.toLowerCase() !== host) return [403, 'The request was sent to another host.'];
    if (origin !== undefined && origin !== deps.origin)
      return [403, 'The request comes from a page of another address.'];
    if (server.clients.size >= limits.open || (ofAddress.get(address) ?? 0) >= limits.ofAddress)
      return [503, 'Too many connections are open.'];
    return null;
  }

  function accepted(ws: WebSocket, request: IncomingMessage, address: string): void {
    ofAddress.set(address, (ofAddress.get(address) ?? 0) + 1);
    deps.onOpen();
    ws.binaryType = 'nodebuffer';
    let heard = Date.now();
    let sent: Promise<void> = Promise.resolve();
    /** Who wants it to be silent. */
    const silent = new Set<'peer' | 'rate'>();
    const hold = (who: 'peer' | 'rate', on: boolean) => {
      if (on) silent.add(who);
      else silent.delete(who);
      if (ws.readyState !== ws.OPEN) return;
      if (silent.size > 0) ws.pause();
      else ws.resume();
    };
    // The cookie counts for pages of ours alone, which send their origin.
    const cookie =
      request.headers.origin === deps.origin
        ? cookieOf(request.headers.cookie, cookieName(deps.origin))
        : null;
    const line: Line = {
      ...{ address, agent: request.headers['user-agent'] ?? '', cookie },
      send(bytes) {
        if (ws.readyState !== ws.OPEN) return;
        sent = new Promise((resolve) => ws.send(bytes, { binary: true }, () => resolve()));
      },
      get waiting() {
        return ws.bufferedAmount;
      },
      drained: () => sent,
      pause: () => hold('peer', true),
      resume: () => hold('peer', false),
      close(code: CloseCode, reason) {
        ws.resume();
        ws.close(code, reason.slice(0, 100));
        // A side that does not answer is not waited for.
        setTimeout(() => ws.terminate(), 3000).unref();
      },
    };
    const listener = deps.connect(line);
    const budget = { messages: limits.messages, bytes: limits.bytes, at: Date.now() };
    ws.on('message', (data: Buffer, isBinary) => {
      heard = Date.now();
      spend(data.length);
      // Words are never sent: frames are bytes. A copy, since Yjs and the engine take no Buffer.
      listener.received(isBinary ? new Uint8Array(data) : new Uint8Array());
    });
    function spend(bytes: number): void {
      const now = Date.now();
      const passed = (now - budget.at) / 1000;
      budget.at = now;
      budget.messages = Math.min(limits.messages, budget.messages + passed * limits.messages) - 1;
      budget.bytes = Math.min(limits.bytes, budget.bytes + passed * limits.bytes) - bytes;
      const wait = Math.max(-budget.messages / limits.messages, -budget.bytes / limits.bytes) * 1000;
      if (wait <= 0) return;
      hold('rate', true);
      setTimeout(() => hold('rate', false), Math.max(5, wait)).unref();
    }
    ws.on('pong', () => (heard = Date.now()));
    const hello = setTimeout(() => listener.late(), limits.hello);
    const pings = setInterval(() => {
      if (Date.now() - heard > limits.dead) return ws.terminate();
      if (ws.readyState === ws.OPEN && silent.size === 0) ws.ping();
      // While we do not read we do not hear either.
      if (silent.size > 0) heard = Date.now();
    }, limits.ping);
    // Errors (a message that is too long, a frame that is none) are followed by `close`.
    ws.on('error', () => undefined);
    ws.on('close', () => {
      clearTimeout(hello);
      clearInterval(pings);
      const left = (ofAddress.get(address) ?? 1) - 1;
      if (left > 0) ofAddress.set(address, left);
      else ofAddress.delete(address);
      deps.onClose();
      listener.closed();
    });
  }

  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      const forwarded = request.headers['x-forwarded-for'];
      const address = addressFrom(
        request.socket.remoteAddress ?? 'unknown',
        Array.isArray(forwarded) ? forwarded.join(',') : forwarded,
        deps.proxies,
      );
      const wrong = fault(request, address);
      if (wrong) {
        const [status, why] = wrong;
        socket.end(
          `HTTP/1.1 ${status} ${status === 403 ? 'Forbidden' : 'Service Unavailable'}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${why.length}\r\n\r\n${why}`,
        );
        return;
      }
      server.handleUpgrade(request, socket, head, (ws) => accepted(ws, request, address));
    },
    close() {
      closed = true;
      setTimeout(() => {
        for (const ws of server.clients) ws.terminate();
      }, 2000).unref();
      server.close();
    },
  };
}
