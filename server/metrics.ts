// What /metrics tells, in Prometheus' text form. Numbers alone: no names, no addresses.
import type { SyncServer } from './sync/sync-server.ts';

type Kind = 'counter' | 'gauge';

/** The page of one server. */
export function metricsOf({ counts, turns, hub, replica }: SyncServer, since: number): string {
  const memory = process.memoryUsage();
  const lines: [name: string, kind: Kind, help: string, value: number][] = [
    ['loam_sockets_open', 'gauge', 'Web sockets that are open.', counts.open],
    ['loam_peers', 'gauge', 'Peers that are signed in.', hub.peers],
    ['loam_frames_received_total', 'counter', 'Messages of peers.', counts.framesIn],
    ['loam_frames_sent_total', 'counter', 'Messages to peers.', counts.framesOut],
    ['loam_bytes_received_total', 'counter', 'Bytes of messages of peers.', counts.bytesIn],
    ['loam_bytes_sent_total', 'counter', 'Bytes of messages to peers.', counts.bytesOut],
    [
      'loam_connections_thrown_out_total',
      'counter',
      'Connections ended for what they sent.',
      counts.thrownOut,
    ],
    ['loam_updates_total', 'counter', 'Updates of logs that peers sent.', counts.updates],
    ['loam_updates_refused_total', 'counter', 'Updates that were refused as a whole.', counts.updatesRefused],
    ['loam_records_refused_total', 'counter', 'Records that a rule refused.', counts.recordsRefused],
    ['loam_turns_total', 'counter', 'Transactions that were committed.', turns.counts.turns],
    ['loam_turns_failed_total', 'counter', 'Transactions that were taken back.', turns.counts.failed],
    ['loam_log_rows_total', 'counter', 'Records written into the log by this node.', turns.counts.rows],
    [
      'loam_refused_by_postgres_total',
      'counter',
      'Acts that Postgres refused.',
      turns.counts.refusedByPostgres,
    ],
    ['loam_log_place', 'gauge', 'The newest place of the log that the replica has.', replica.seq],
    ['loam_replica_waiting', 'gauge', 'Reads and turns that wait for the replica.', replica.waiting],
    [
      'loam_uptime_seconds',
      'gauge',
      'Seconds since the server started.',
      Math.round((Date.now() - since) / 1000),
    ],
    ['process_resident_memory_bytes', 'gauge', 'Memory of the process.', memory.rss],
    ['nodejs_heap_used_bytes', 'gauge', 'Heap in use.', memory.heapUsed],
  ];
  return lines
    .map(([name, kind, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${name} ${value}\n`)
    .join('');
}
