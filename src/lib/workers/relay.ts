// Stands in for the broker where SharedWorker is missing (Chrome on Android): each tab's worker passes its page's
// messages over a BroadcastChannel to the leading worker. Streams cannot cross it; serve.ts sends them as Blobs.
import type { LeaderMessage, PageMessage, WorkerMessage } from './tab-messages.ts';

type Relayed =
  | { type: 'taking' }
  | { type: 'lead'; tab: string }
  /** A tab asks who leads, e.g. because it has just opened. */
  | { type: 'who' }
  | { type: 'join'; tab: string; leader: string }
  | { type: 'data'; to: string; from: string; data: unknown };

export interface Link {
  send(message: WorkerMessage): void;
}

/** Speaks to `page` as the broker would, and to this worker through `receive`. */
export function createRelay(
  name: string,
  tab: string,
  page: MessagePort,
  receive: (message: LeaderMessage) => void,
): Link {
  const channel = new BroadcastChannel(`loam-relay-${name}`);
  let leader: string | null = null;
  let epoch = 0;
  /** Leading: the relayed tabs' ports. Following: the page's port under the leader's name. */
  const bridges = new Map<string, MessagePort>();

  const post = (message: Relayed) => channel.postMessage(message);
  const toPage = (message: PageMessage, transfer: Transferable[] = []) => page.postMessage(message, transfer);

  /** A port whose other end travels over the channel to and from `peer`. */
  function bridge(peer: string): MessagePort {
    bridges.get(peer)?.close();
    const { port1, port2 } = new MessageChannel();
    bridges.set(peer, port1);
    port1.onmessage = ({ data }: MessageEvent<unknown>) => post({ type: 'data', to: peer, from: tab, data });
    return port2;
  }

  function follow(newLeader: string): void {
    if (leader === newLeader) return;
    leader = newLeader;
    const port = bridge(newLeader);
    post({ type: 'join', tab, leader: newLeader });
    toPage({ type: 'port', port, leader: newLeader, epoch: ++epoch }, [port]);
  }

  channel.onmessage = ({ data: message }: MessageEvent<Relayed>) => {
    switch (message.type) {
      case 'taking':
        if (leader !== null) toPage({ type: 'moving' });
        leader = null;
        break;
      case 'lead':
        follow(message.tab);
        break;
      case 'who':
        if (leader === tab) post({ type: 'lead', tab });
        break;
      case 'join':
        if (message.leader === tab) receive({ type: 'serve', tab: message.tab, port: bridge(message.tab) });
        break;
      case 'data':
        if (message.to === tab) bridges.get(message.from)?.postMessage(message.data);
        break;
    }
  };
  post({ type: 'who' });

  return {
    send(message) {
      if (message.type === 'failed') return toPage(message);
      if (message.type === 'taking') {
        if (leader !== null) toPage({ type: 'moving' });
        leader = null;
        return post(message);
      }
      leader = tab;
      const { port1, port2 } = new MessageChannel();
      receive({ type: 'serve', tab, port: port1 });
      toPage({ type: 'port', port: port2, leader: tab, epoch: ++epoch }, [port2]);
      post({ type: 'lead', tab });
    },
  };
}
