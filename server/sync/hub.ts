// All peers of one node: what came into the log is told to those who have it so far, changes of access to those they are about.
import { LoamError } from '../../src/lib/engine/errors.ts';
import { encodeServerFrame } from '../../src/lib/engine/sync/frames.ts';
import { encodeUpdate, type DeletedRun, type LogItem } from '../../src/lib/engine/sync/item.ts';
import type { News } from './brought.ts';
import type { Peer } from './peer.ts';

export interface Hub {
  add(peer: Peer): void;
  remove(peer: Peer): void;
  /** Called while the replica is held. `digest`: of a log as it is now. */
  tell(news: readonly News[], digest: (doc: string) => string): void;
  /** The access of an account has changed; '' stands for anybody's. */
  accessChanged(account: string): void;
  readonly peers: number;
  /** Ends all, in words. */
  end(error: LoamError): void;
}

/** Of all, and of one account. */
export interface HubLimits {
  peers: number;
  ofAccount: number;
}
export const usualHubLimits: HubLimits = { peers: 2000, ofAccount: 100 };

/** At most so many bytes of content in one update. */
const updateBytes = 512 * 1024;

export function createHub(limits: HubLimits = usualHubLimits): Hub {
  const peers = new Set<Peer>();
  return {
    get peers() {
      return peers.size;
    },
    add(peer) {
      const own = [...peers].filter(({ account }) => account === peer.account).length;
      if (peers.size >= limits.peers || own >= limits.ofAccount)
        throw new LoamError('TooManyTries', 'Too many connections are open. Close some, or try again later.');
      peers.add(peer);
    },
    remove: (peer) => void peers.delete(peer),
    tell(news, digest) {
      for (const { doc, begun, items, refused, source } of news) {
        if (begun) {
          const frame = encodeServerFrame({ type: 'log', doc, digest: digest(doc) });
          for (const peer of peers) peer.tell(frame, null);
        }
        const others = [...peers].filter((peer) => peer !== source);
        if (others.length === 0) continue;
        for (const bytes of updates(items, refused)) {
          const frame = encodeServerFrame({ type: 'update', doc, bytes });
          for (const peer of others) peer.tell(frame, doc);
        }
        if (refused.length > 0) for (const peer of others) peer.explain(doc, refused);
      }
    },
    accessChanged(account) {
      for (const peer of peers) if (account === '' || peer.account === account) void peer.look();
    },
    end(error) {
      for (const peer of [...peers]) peer.end(error, 1001);
    },
  };
}

/** Bounded updates of these items; refusals go with the last. */
function updates(
  items: readonly LogItem[],
  refused: readonly { client: number; clock: number }[],
): Uint8Array[] {
  const out: Uint8Array[] = [];
  const deleted: DeletedRun[] = refused.map(({ client, clock }) => ({ client, clock, count: 1 }));
  let part: LogItem[] = [];
  let size = 0;
  for (const item of items) {
    const bytes = 32 + (item.content?.length ?? 0);
    if (part.length > 0 && size + bytes > updateBytes) {
      out.push(encodeUpdate(part));
      [part, size] = [[], 0];
    }
    part.push(item);
    size += bytes;
  }
  if (part.length > 0 || deleted.length > 0) out.push(encodeUpdate(part, deleted));
  return out;
}
