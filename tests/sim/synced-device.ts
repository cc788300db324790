// One device with the real engine, its logs and a connection, for tests of what goes over the wire.
import { model } from '../../src/lib/engine/model/model.ts';
import {
  createConnection,
  type Connection,
  type ConnectionDeps,
  type ConnectionStatus,
} from '../../src/lib/engine/sync/connection.ts';
import { createLocalSide, type LocalSide } from '../../src/lib/engine/sync/local-side.ts';
import { createSyncLog, type SyncLog } from '../../src/lib/engine/sync/log.ts';
import { numbers } from '../fixtures/numbers.ts';
import { memoryEngine, type MemoryEngine } from '../unit/memory-engine.ts';
import { device as plain, type Device } from '../unit/sync-world.ts';
import { digestLines } from './digest.ts';
import {
  createNetwork,
  createRelay,
  type Faults,
  type Network,
  type Relay,
  type RelayOptions,
} from './relay.ts';
import { groundDisk, users } from './simulation.ts';

export interface SyncedDevice extends MemoryEngine {
  log: SyncLog;
  local: LocalSide;
  connection: Connection;
  /** What the connection told, in order. */
  told: ConnectionStatus[];
  /** From now on it talks to another server. */
  reopen(relay: Relay): void;
}

export interface DeviceOptions {
  seed: number;
  network: Network;
  relay: Relay;
  faults?: Faults;
  bytes?: Uint8Array;
  user?: string;
  token?: string | null;
  onRoom?: (room: string, bytes: Uint8Array) => void;
  onWelcome?: ConnectionDeps['onWelcome'];
}

/** Epoch 0 of everybody. */
export const ground = async (): Promise<Uint8Array> => (await groundDisk()).bytes;

export async function syncedDevice(options: DeviceOptions): Promise<SyncedDevice> {
  const { seed, network, relay } = options;
  const chance = numbers(seed);
  let tick = 0;
  const clock = () => network.now() + (tick = (tick + 0.001) % 1);
  const random = (bytes: Uint8Array): Uint8Array => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(chance() * 256);
    return bytes;
  };
  let connection: Connection | null = null;
  const made = await memoryEngine(
    model,
    { clock, random, onFeed: ({ last }) => last && connection?.wake() },
    options.bytes ?? (await ground()),
  );
  const { driver, engine } = made;
  const user = options.user ?? users[1 + (seed % 5)] ?? '';
  const [row] = driver.all('SELECT id FROM lamindb_user WHERE uid = ?', [user]);
  Object.assign(engine.writer.author, { userId: Number(row?.[0]), userUid: user });
  const log = createSyncLog(driver, engine.writer.journal);
  log.turnOn();
  const local = createLocalSide({ driver, writer: engine.writer, log, clock });
  const told: ConnectionStatus[] = [];
  let connected = relay;
  const own = createConnection({
    ...{
      open: (events) => network.open(connected, options.faults)(events),
      later: network.later,
      clock: network.now,
      random,
      local,
    },
    introduction: () => ({
      ...{
        app: 'test',
        schema: 'test',
        instance: 'instance0000',
        token: options.token ?? null,
        device: 'device',
      },
    }),
    onStatus: (status) => told.push(status),
    ...(options.onRoom ? { onRoom: options.onRoom } : {}),
    ...(options.onWelcome ? { onWelcome: options.onWelcome } : {}),
  });
  connection = own;
  return {
    ...{ ...made, log, local, connection: own, told },
    reopen(other) {
      own.stop();
      connected = other;
    },
  };
}

export interface Scene {
  network: Network;
  relay: Relay;
  server: Device;
  device(seed: number, more?: Partial<DeviceOptions>): Promise<SyncedDevice>;
  /** Gives back the memory of all databases. */
  close(): void;
}

/** A server, and devices that begin with the same database. */
export async function scene(relayOptions: Partial<RelayOptions> = {}, ofServer?: Uint8Array): Promise<Scene> {
  const bytes = await ground();
  const server = await plain(900, { bytes: ofServer ?? bytes });
  const network = createNetwork(Date.UTC(2026, 5, 1));
  const relay = createRelay({ log: server.log, ...relayOptions });
  const open: MemoryEngine[] = [server];
  return {
    ...{ network, relay, server },
    async device(seed, more = {}) {
      const made = await syncedDevice({ seed, network, relay, bytes, ...more });
      open.push(made);
      return made;
    },
    close: () => open.forEach(({ driver }) => driver.close()),
  };
}

/** Lines in which their databases differ. */
export function differences(a: MemoryEngine, b: MemoryEngine): string[] {
  const [here, there] = [new Set(digestLines(a.driver)), new Set(digestLines(b.driver))];
  return [
    ...[...here].filter((line) => !there.has(line)).map((line) => `- ${line}`),
    ...[...there].filter((line) => !here.has(line)).map((line) => `+ ${line}`),
  ];
}
