// An object at an address, as requests need it: where it is asked for, and what people call it. Signed addresses are
// made anew for each request, so that none grows old and none is kept.
export interface Remote {
  /** Names the object for ever, whoever asks and however it is signed: `https://host/path`, `s3://bucket/key`. */
  identity: string;
  /** As people call it. */
  title: string;
  /** At this page's own server: its cookie says who asks. */
  own?: boolean;
  /** What is asked now. */
  address(method: 'GET' | 'HEAD'): Promise<string>;
}

/** What an object was when it was opened. `tag` is the ETag, else the time of change; empty where neither is told. */
export interface RemoteFacts {
  size: number;
  tag: string;
}

/** A fixed address, asked as it is. */
export function atAddress(url: string, own = false): Remote {
  const { origin, pathname, search } = new URL(url);
  const name = decodeURIComponent(pathname.split('/').pop() ?? '') || url;
  // A signature in the address changes, the object does not.
  const plain = /[?&](?:X-Amz-|X-Goog-|Signature=|sig=)/i.test(search) ? '' : search;
  return { identity: `${origin}${pathname}${plain}`, title: name, own, address: async () => url };
}
