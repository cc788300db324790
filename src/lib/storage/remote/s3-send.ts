// One request that may carry bytes to a bucket, with its progress. A browser tells how much of a request was sent only
// through XMLHttpRequest, so that is what workers use; Node has fetch.
import { LoamError } from '../../engine/errors.ts';

export interface SentRequest {
  method: 'HEAD' | 'GET' | 'PUT' | 'POST' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer> | null;
}

export interface SentAnswer {
  status: number;
  /** Null where the server does not show it to other sites. */
  header(name: string): string | null;
  text: string;
}

export interface SendOptions {
  signal?: AbortSignal | undefined;
  /** Bytes of the body that have left. */
  onSent?: ((bytes: number) => void) | undefined;
  /** After so long without a byte in either direction the request counts as stalled. */
  stallMs?: number | undefined;
}

/** Rejects with `Cancelled`, `Stalled` or `Unreached`; an answer of any status is an answer. */
export type Send = (request: SentRequest, options?: SendOptions) => Promise<SentAnswer>;

/** No answer came: no network, no such server, or the browser did not let this site ask. */
export class Unreached extends Error {}
export class Stalled extends Error {}

/** Servers put large objects together before they answer. */
export const stallMost = 60_000;

const cancelled = () => new LoamError('Cancelled', 'The upload was cancelled.');

export const sendByRequest: Send = ({ method, url, headers, body }, options = {}) =>
  new Promise((resolve, reject) => {
    const { signal, onSent, stallMs = stallMost } = options;
    if (signal?.aborted) return reject(cancelled());
    const request = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout>;
    const settle = (work: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      work();
    };
    const onAbort = () => {
      settle(() => reject(cancelled()));
      request.abort();
    };
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        settle(() => reject(new Stalled()));
        request.abort();
      }, stallMs);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (body)
      request.upload.onprogress = ({ loaded }) => {
        alive();
        onSent?.(loaded);
      };
    request.onprogress = alive;
    request.onerror = () => settle(() => reject(new Unreached()));
    request.onload = () =>
      settle(() =>
        resolve({
          status: request.status,
          header: (name) => request.getResponseHeader(name),
          text: request.responseText,
        }),
      );
    alive();
    request.send(body);
  });

export const sendByFetch: Send = async ({ method, url, headers, body }, options = {}) => {
  const { signal, onSent, stallMs = stallMost } = options;
  const late = AbortSignal.timeout(stallMs);
  try {
    const answer = await fetch(url, {
      method,
      headers,
      body,
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    const text = await answer.text();
    onSent?.(body?.length ?? 0);
    return { status: answer.status, header: (name) => answer.headers.get(name), text };
  } catch {
    if (signal?.aborted) throw cancelled();
    throw late.aborted ? new Stalled() : new Unreached();
  }
};
