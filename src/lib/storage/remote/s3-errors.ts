// What S3 says when it refuses, in words that say what to do. Its answers are XML with a code; what is unknown is told as it is.
import { LoamError } from '../../engine/errors.ts';

const words: Record<string, string> = {
  AccessDenied: 'the keys do not allow it, or there are none. Enter keys that may read and list it.',
  AllAccessDisabled: 'nobody may use it.',
  AccountProblem: 'its account is closed.',
  ExpiredToken: 'the session token has ended. Enter new keys.',
  InvalidAccessKeyId: 'it does not know the access key. Look for a typing error, or enter new keys.',
  InvalidToken: 'it does not take the session token. Enter new keys with their token.',
  NoSuchBucket: 'there is no such bucket. Look at its name and at the address of the server.',
  NoSuchKey: 'there is no such object. It may have been moved or deleted.',
  RequestTimeTooSkewed: 'the clock of this device is wrong by more than 15 minutes. Set it and try again.',
  SignatureDoesNotMatch: 'the secret key does not fit the access key. Enter both again.',
  SlowDown: 'it is too busy now. Try again later.',
};

/** `place`: the bucket or the object, as people call it. `text`: the answer's body, perhaps cut. */
export function s3Problem(place: string, status: number, text: string): LoamError {
  const code = /<Code>([A-Za-z0-9]{1,80})<\/Code>/.exec(text)?.[1] ?? null;
  const region = /<Region>([a-z0-9-]{1,40})<\/Region>/.exec(text)?.[1] ?? null;
  const why =
    region !== null &&
    (code === 'AuthorizationHeaderMalformed' ||
      code === 'PermanentRedirect' ||
      code === 'AuthorizationQueryParametersError')
      ? `it lies in the region ${region}. Set that as the region of the storage.`
      : code === null
        ? (byStatus[status] ?? `its server answered ${status}.`)
        : (words[code] ?? `its server answered ${status} ${code}.`);
  return new LoamError('FileUnreadable', `${place} cannot be read: ${why}`, {
    status,
    s3: code,
    trouble: status >= 500 || status === 429 ? 'transient' : 'final',
  });
}

const byStatus: Record<number, string> = {
  301: 'it lies in another region. Set the region of the storage.',
  403: 'its server does not allow it. Enter keys that may read and list it.',
  404: 'there is no such bucket. Look at its name and at the address of the server.',
};
