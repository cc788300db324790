// What S3 says when it refuses, in words that say what to do. Its answers are XML with a code; what is unknown is told as it is.
import { LoamError } from '../../engine/errors.ts';

const words: Record<string, string> = {
  AccessDenied: 'the keys do not allow it, or there are none. Enter keys that may read and list it.',
  AllAccessDisabled: 'nobody may use it.',
  AccountProblem: 'its account is closed.',
  BadDigest: 'what came there is not what was sent. Try again.',
  EntityTooLarge: 'it takes no file of this size.',
  EntityTooSmall: 'a part is smaller than it takes. Cancel this and upload it anew.',
  ExpiredToken: 'the session token has ended. Enter new keys.',
  InvalidAccessKeyId: 'it does not know the access key. Look for a typing error, or enter new keys.',
  InvalidDigest: 'what came there is not what was sent. Try again.',
  InvalidPart: 'a part that was sent is not there any more. Try again.',
  InvalidToken: 'it does not take the session token. Enter new keys with their token.',
  MethodNotAllowed: 'its server does not let files be written.',
  NoSuchBucket: 'there is no such bucket. Look at its name and at the address of the server.',
  NoSuchKey: 'there is no such object. It may have been moved or deleted.',
  NoSuchUpload: 'what was sent of it has been thrown away there. Try again.',
  NotImplemented: 'its server does not know how to do that.',
  QuotaExceeded: 'its storage is full. Make room there, or ask its owner.',
  RequestTimeTooSkewed: 'the clock of this device is wrong by more than 15 minutes. Set it and try again.',
  SignatureDoesNotMatch: 'the secret key does not fit the access key. Enter both again.',
  SlowDown: 'it is too busy now. Try again later.',
  StorageFull: 'its storage is full. Make room there, or ask its owner.',
  XMinioStorageFull: 'its storage is full. Make room there, or ask its owner.',
};

/** What an answer may pass from, if it is asked again. */
const passing = new Set(['SlowDown', 'RequestTimeout', 'BadDigest', 'OperationAborted']);
/** Of refusals that have a status of a busy server but do not pass. */
const lasting = new Set(['NotImplemented', 'StorageFull', 'XMinioStorageFull', 'QuotaExceeded']);
/** Refusals that other keys may lift. */
const ofKeys = new Set([
  ...['AccessDenied', 'ExpiredToken', 'InvalidAccessKeyId', 'InvalidToken', 'SignatureDoesNotMatch'],
]);

/**
 * `place`: the bucket or the object, as people call it. `text`: the answer's body, perhaps cut. In the details of the error:
 * `s3` (the code), `trouble`, and `keys` where other keys may help.
 */
export function s3Problem(
  place: string,
  status: number,
  text: string,
  doing: 'read' | 'written' = 'read',
): LoamError {
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
        : ((doing === 'written' ? writing[code] : undefined) ??
          words[code] ??
          `its server answered ${status} ${code}.`);
  const mayPass =
    code !== null && (passing.has(code) || lasting.has(code))
      ? passing.has(code)
      : status >= 500 || status === 429;
  return new LoamError('FileUnreadable', `${place} cannot be ${doing}: ${why}`, {
    status,
    s3: code,
    trouble: mayPass ? 'transient' : 'final',
    ...((code === null ? status === 401 || status === 403 : ofKeys.has(code)) ? { keys: true } : {}),
  });
}

/** The same refusals where something was to be written. */
const writing: Record<string, string> = {
  AccessDenied: 'the keys do not allow it, or there are none. Enter keys that may write to it.',
  RequestExpired: 'the clock of this device is wrong. Set it and try again.',
};

const byStatus: Record<number, string> = {
  301: 'it lies in another region. Set the region of the storage.',
  403: 'its server does not allow it. Enter keys that may read and list it.',
  404: 'there is no such bucket. Look at its name and at the address of the server.',
  413: 'it takes no file of this size.',
  507: 'its storage is full. Make room there, or ask its owner.',
};
