// The socket of sync in Node: the package `ws` behind the same face as a browser's WebSocket.
import { WebSocket } from 'ws';
import type { OpenSocket } from '../src/lib/engine/ports.ts';
import { mostFrameBytes, socketPath } from '../src/lib/engine/sync/frames.ts';
import { socketAddress, webSockets, type WebSocketLike } from '../src/lib/storage/net/websocket.ts';

/** A server that does not answer a request at all is given up after this. */
const handshakeMs = 15_000;

export const nodeSockets = (server: string): OpenSocket =>
  webSockets(
    () =>
      new WebSocket(socketAddress(server, socketPath), {
        ...{ maxPayload: mostFrameBytes, perMessageDeflate: false, handshakeTimeout: handshakeMs },
        followRedirects: false,
      }) as unknown as WebSocketLike,
  );
