// A fence around the network of the worker it is raised in: nothing but named addresses can be asked for, whatever the
// code inside tries. It stands before the query engine is loaded and cannot be taken down again.

export interface Fence {
  /** Lets one address through; with `answer` the request goes there instead. */
  allow(url: string, answer?: string): void;
  /** Everything that was refused, newest last, at most 100. */
  readonly refused: readonly string[];
  /** How many were refused in all. */
  readonly count: number;
}

/** Ways out that nothing here needs. */
const closed = [
  'WebSocket',
  'WebSocketStream',
  'EventSource',
  'WebTransport',
  'RTCPeerConnection',
  'importScripts',
  'Worker',
  'SharedWorker',
  'BroadcastChannel',
];

export function raiseFence(scope: typeof globalThis = globalThis): Fence {
  const allowed = new Map<string, string>();
  const refused: string[] = [];
  let count = 0;
  const absolute = (url: string) => new URL(url, scope.location.href).href;

  function passed(url: string): string {
    const target = allowed.get(absolute(url));
    if (target !== undefined) return target;
    count++;
    refused.push(url.slice(0, 500));
    if (refused.length > 100) refused.shift();
    throw new TypeError(`Refused to ask ${url.slice(0, 200)}: queries never use the network by themselves.`);
  }

  const realFetch = scope.fetch.bind(scope);
  const fetch: typeof scope.fetch = async (input, init) => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
    if (method !== 'GET') return realFetch(passed(`${method} ${url}`));
    return realFetch(passed(url));
  };
  seal('fetch', fetch);

  const RealRequest = scope.XMLHttpRequest as typeof XMLHttpRequest | undefined;
  if (RealRequest) {
    class FencedRequest extends RealRequest {
      override open(method: string, url: string | URL, async = true): void {
        const target = passed(method.toUpperCase() === 'GET' ? String(url) : `${method} ${String(url)}`);
        super.open(method, target, async);
      }
    }
    seal('XMLHttpRequest', FencedRequest);
  }
  for (const name of closed) {
    if (!(name in scope)) continue;
    seal(name, function (url: unknown) {
      passed(`${name} ${String(url)}`);
    });
  }

  function seal(name: string, value: unknown): void {
    Object.defineProperty(scope, name, { value, writable: false, configurable: false });
  }

  return {
    allow: (url, answer = url) => void allowed.set(absolute(url), absolute(answer)),
    refused,
    get count() {
      return count;
    },
  };
}
