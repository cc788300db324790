// The rule that a server needs so that this site may read its files, or write them too, ready to be pasted where it is set.

export interface CorsRule {
  /** Where it goes. */
  where: string;
  text: string;
}

const exposed = ['ETag', 'Content-Range', 'Content-Length', 'Accept-Ranges'];

/** JSON with a field a line. */
function inLines(rule: Record<string, unknown>): string {
  const lines = Object.entries(rule).map(
    ([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value).replaceAll('","', '", "')}`,
  );
  return `[\n  {\n${lines.join(',\n')}\n  }\n]`;
}

/** `write`: uploads need these methods, and the headers that compare what was sent. */
export function corsRule(root: string, origin: string, write = false): CorsRule {
  const methods = write ? ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] : ['GET', 'HEAD'];
  const shown = write ? [...exposed, 'x-amz-server-side-encryption'] : exposed;
  if (root.startsWith('gs://'))
    return {
      where: 'Save it as cors.json and run: gcloud storage buckets update gs://BUCKET --cors-file=cors.json',
      text: inLines({
        origin: [origin],
        method: methods,
        responseHeader: write ? [...exposed, 'Content-MD5', 'Content-Type'] : exposed,
        maxAgeSeconds: 3600,
      }),
    };
  if (root.startsWith('s3://'))
    return {
      where: 'Paste this into the bucket’s permissions, under cross-origin resource sharing (CORS).',
      text: inLines({
        AllowedOrigins: [origin],
        AllowedMethods: methods,
        AllowedHeaders: ['*'],
        ExposeHeaders: shown,
        MaxAgeSeconds: 3600,
      }),
    };
  return {
    where: 'The web server must send these headers with the files.',
    text: [
      `Access-Control-Allow-Origin: ${origin}`,
      'Access-Control-Allow-Methods: GET, HEAD',
      `Access-Control-Expose-Headers: ${exposed.join(', ')}`,
    ].join('\n'),
  };
}
