// The SharedWorker that introduces tabs to the leading worker. It hands out ports and never sees engine data.
// Fencing: a port belongs to one epoch; a new leader means new ports, and pages drop the old ones.
import {
  tabLock,
  type JoinMessage,
  type LeaderMessage,
  type PageMessage,
  type WorkerMessage,
} from './tab-messages.ts';

interface Tab {
  id: string;
  page: MessagePort;
  worker: MessagePort;
}

/** The tabs of one database. */
interface Room {
  tabs: Map<string, Tab>;
  leader: Tab | null;
  epoch: number;
}

const rooms = new Map<string, Room>();

function toPage(tab: Tab, message: PageMessage, transfer: Transferable[] = []): void {
  tab.page.postMessage(message, transfer);
}

/** Gives the tab a port that ends in the leading worker. */
function link({ leader, epoch }: Room, tab: Tab): void {
  if (!leader) return;
  const { port1, port2 } = new MessageChannel();
  leader.worker.postMessage({ type: 'serve', tab: tab.id, port: port1 } satisfies LeaderMessage, [port1]);
  toPage(tab, { type: 'port', port: port2, leader: leader.id, epoch }, [port2]);
}

function fromWorker(room: Room, tab: Tab, message: WorkerMessage): void {
  switch (message.type) {
    case 'taking':
      if (room.leader) for (const other of room.tabs.values()) toPage(other, { type: 'moving' });
      room.leader = null;
      break;
    case 'lead':
      room.leader = tab;
      room.epoch++;
      for (const other of room.tabs.values()) link(room, other);
      break;
    case 'failed':
      // Only that tab failed; another one may succeed and will then link it too.
      toPage(tab, { type: 'failed', error: message.error });
      break;
  }
}

function workerGone(room: Room, tab: Tab): void {
  tab.worker.close();
  if (room.leader !== tab) return;
  room.leader = null;
  for (const other of room.tabs.values()) toPage(other, { type: 'moving' });
}

function gone(room: Room, id: string): void {
  const tab = room.tabs.get(id);
  if (!tab) return;
  room.tabs.delete(id);
  tab.page.close();
  workerGone(room, tab);
  room.leader?.worker.postMessage({ type: 'gone', tab: id } satisfies LeaderMessage);
}

function join(page: MessagePort, { name, tab: id, worker }: JoinMessage): void {
  const room: Room = rooms.get(name) ?? { tabs: new Map(), leader: null, epoch: 0 };
  rooms.set(name, room);
  const earlier = room.tabs.get(id);
  if (earlier) workerGone(room, earlier);
  const tab: Tab = { id, page, worker };
  room.tabs.set(id, tab);
  worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => fromWorker(room, tab, data);
  link(room, tab);
  // Granted when the page is gone, however it went.
  if (!earlier) void navigator.locks.request(tabLock(id), () => gone(room, id));
}

(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = ({ ports }) => {
  const page = ports[0];
  if (page)
    page.onmessage = ({ data }: MessageEvent<JoinMessage>) => data.type === 'join' && join(page, data);
};
