// Registers the service worker and tells the page two things: whether the app is wholly on this device
// ("ready to work offline") and whether a newer version waits ("reload when ready"). Never reloads by itself.
import { readable, type Readable } from 'svelte/store';

export interface OfflineState {
  /** `unsupported` also where the browser refuses service workers, as in some private windows. */
  status: 'starting' | 'fetching' | 'ready' | 'incomplete' | 'unsupported';
  /** Bytes of the second wave, while it is being fetched. */
  progress: { done: number; total: number } | null;
  /** A newer version is on the device and takes over with `reloadIntoUpdate()`. */
  updateReady: boolean;
  problem: string | null;
}

let state: OfflineState = { status: 'starting', progress: null, updateReady: false, problem: null };
let publish: (state: OfflineState) => void = () => {};

/** Current state as a Svelte store. */
export const offline: Readable<OfflineState> = readable(state, (set) => {
  publish = set;
  set(state);
  return () => (publish = () => {});
});

let registration: ServiceWorkerRegistration | null = null;
let reloadOnTakeOver = false;

/** Called once, by the root layout. In development there is nothing to keep. */
export async function registerServiceWorker(base = ''): Promise<void> {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return change({ status: 'unsupported' });
  const container = navigator.serviceWorker;
  container.addEventListener('message', (event) => hear(event.data));
  watchTakeOver(container);
  try {
    registration = await container.register(`${base}/service-worker.js`, { updateViaCache: 'none' });
    // Where something between page and browser forbids it, the promise may hold nothing.
    if (!registration) return change({ status: 'unsupported' });
    watchUpdates(registration);
    const { active } = await container.ready;
    change({ status: state.status === 'starting' ? 'fetching' : state.status });
    active?.postMessage({ kind: 'finish' });
  } catch (error) {
    change({ status: 'unsupported', problem: error instanceof Error ? error.message : String(error) });
  }
}

/** Lets the waiting version take over and reloads this tab; other tabs are told to reload. */
export function reloadIntoUpdate(): void {
  reloadOnTakeOver = true;
  if (registration?.waiting) registration.waiting.postMessage({ kind: 'take-over' });
  else location.reload();
}

function watchUpdates(registration: ServiceWorkerRegistration) {
  const look = () => {
    // Without an active one this is the first install, not an update.
    if (registration.waiting && registration.active) change({ updateReady: true });
  };
  look();
  registration.addEventListener('updatefound', () =>
    registration.installing?.addEventListener('statechange', look),
  );
  // A tab may stay open for weeks; coming back to it is the time to look. Offline, looking fails quietly.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') registration.update().catch(() => {});
  });
}

function watchTakeOver(container: ServiceWorkerContainer) {
  let controlled = container.controller !== null;
  container.addEventListener('controllerchange', () => {
    // The first worker claims the page it was installed from: same version, nothing to do.
    if (!controlled) controlled = true;
    else if (reloadOnTakeOver) location.reload();
    else change({ updateReady: true });
  });
}

function hear(message: { kind?: string; done?: number; total?: number; reason?: string } | null) {
  switch (message?.kind) {
    case 'progress':
      return change({
        status: 'fetching',
        progress: { done: message.done ?? 0, total: message.total ?? 0 },
      });
    case 'ready':
      return change({ status: 'ready', progress: null, problem: null });
    case 'incomplete':
      return change({ status: 'incomplete', progress: null, problem: message.reason ?? null });
  }
}

function change(part: Partial<OfflineState>) {
  state = { ...state, ...part };
  // For style sheets and tests: <html data-offline="ready" data-update="ready">.
  document.documentElement.dataset.offline = state.status;
  if (state.updateReady) document.documentElement.dataset.update = 'ready';
  publish(state);
}
