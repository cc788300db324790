// One device with the real engine, its logs and a connection, for tests of what goes over the wire.
import { model } from '../../src/lib/engine/model/model.ts';
import type { Engine } from '../../src/lib/engine/index.ts';
import type { SyncFacts } from '../../src/lib/engine/sync/part.ts';
import { attachRemote } from '../../src/lib/engine/sync/remote.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
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
  user: string;
  connection: {
    readonly status: SyncFacts;
    start(): void;
    stop(): void;
    network(online: boolean): void;
  };
  /** What was told of it, in order. */
  told: SyncFacts[];
  /** From now on it talks to another server. */
  reopen(relay: Relay): void;
}

export interface DeviceOptions {
  seed: number;
  network: Network;
  relay: Relay;
  faults?: Faults;
  /** A database in place of epoch 0. */
  bytes?: Uint8Array;
  /** The database is a device's already. */
  attached?: boolean;
  user?: string;
  onRoom?: (room: string, bytes: Uint8Array) => void;
}

export const instance = 'instance0000';

/** Epoch 0 of everybody. */
export const ground = async (): Promise<Uint8Array> => (await groundDisk()).bytes;

/** It belongs to a server, and is paused. */
export async function syncedDevice(options: DeviceOptions): Promise<SyncedDevice> {
  const { seed, network, relay } = options;
  const chance = numbers(seed);
  let tick = 0;
  const clock = () => network.now() + (tick = (tick + 0.001) % 1);
  const random = (bytes: Uint8Array): Uint8Array => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(chance() * 256);
    return bytes;
  };
  const user = options.user ?? users[1 + (seed % 5)] ?? '';
  const bytes = options.bytes ?? (await ground());
  const file = await openMemory({ bytes });
  if (!options.attached)
    await attachRemote(file, {
      ...{ server: 'http://127.0.0.1:4173', instance: { uid: instance, name: 'lab' }, random, clock },
      account: { uid: user, handle: user.toLowerCase() },
    });
  const made = await memoryEngine(model, { clock, random }, file.serialize());
  file.close();
  const { engine } = made;
  const told: SyncFacts[] = [];
  let connected = relay;
  start(engine);
  engine.pauseSync();

  function start({ startSync }: Engine): void {
    startSync({
      ...{ app: 'test', later: network.later, token: () => user },
      open: () => (events) => network.open(connected, options.faults)(events),
      onStatus: (facts) => told.push(facts),
      ...(options.onRoom ? { onRoom: options.onRoom } : {}),
    });
  }

  return {
    ...{ ...made, user, told },
    connection: {
      get status() {
        return engine.syncStatus();
      },
      start: engine.syncNow,
      stop: engine.pauseSync,
      network: engine.syncNetwork,
    },
    reopen(other) {
      engine.pauseSync();
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
  const relay = createRelay({ log: server.log, instance, ...relayOptions });
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
