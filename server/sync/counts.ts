// What the server counts of sockets, for its page of numbers.

export interface SyncCounts {
  /** Connections that are open, and those of them that were welcomed. */
  open: number;
  peers: number;
  framesIn: number;
  framesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Connections that were ended for what they sent. */
  thrownOut: number;
  updates: number;
  updatesRefused: number;
  recordsRefused: number;
}

export const newCounts = (): SyncCounts => ({
  ...{ open: 0, peers: 0, framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0 },
  ...{ thrownOut: 0, updates: 0, updatesRefused: 0, recordsRefused: 0 },
});
