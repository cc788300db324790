// The socket of sync over a WebSocket: of a browser's worker, or of Node (the package `ws` has the same face). Messages are binary;
// anything else ends the connection.
import type { OpenSocket } from '../../engine/ports.ts';

/** What of a WebSocket is used, in a browser and in Node. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
}

const open = 1;

/** The address of a socket at a server: `https://host` becomes `wss://host/path`. */
export const socketAddress = (server: string, path: string): string =>
  `${server.replace(/^http/, 'ws').replace(/\/+$/, '')}${path}`;

/** Opens one at this address each time it is asked to; `make` may fail, which is told like any other end. */
export function webSockets(make: () => WebSocketLike): OpenSocket {
  return (events) => {
    let over = false;
    let opened = false;
    let socket: WebSocketLike;
    const end = (why: string): void => {
      if (over) return;
      over = true;
      events.closed(why);
    };
    try {
      socket = make();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      queueMicrotask(() => end(`The server cannot be reached: ${why}`));
      return { send: () => {}, waiting: 0, close: () => end('Closed here.') };
    }
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      if (over) return;
      opened = true;
      events.opened();
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (over) return;
      if (data instanceof ArrayBuffer) return events.received(new Uint8Array(data));
      socket.close();
      end('The server sent something that is no message of Loam.');
    };
    // Says nothing of its own: `close` follows.
    socket.onerror = () => {};
    socket.onclose = ({ reason }: { reason?: string }) =>
      end(
        reason && reason.length > 0
          ? reason
          : opened
            ? 'The connection to the server was lost.'
            : 'The server cannot be reached.',
      );
    return {
      send(bytes) {
        if (!over && socket.readyState === open) socket.send(bytes as Uint8Array<ArrayBuffer>);
      },
      get waiting() {
        return socket.bufferedAmount;
      },
      close() {
        over = true;
        socket.close(1000);
      },
    };
  };
}
