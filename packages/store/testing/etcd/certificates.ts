/** Certificates for tests, made by openssl. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes an authority of its own, and a certificate of it for an IP address that serves both ends, valid for two days. */
export async function makeCertificates(
  directory: string,
  { name, address }: { readonly name: string; readonly address: string },
): Promise<TlsFiles> {
  const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', args, { cwd: directory });
  const file = (end: string): string => join(directory, `${name}-${end}`);
  const [ca, caKey, cert, key, request] = [
    file('ca.pem'),
    file('ca.key'),
    file('cert.pem'),
    file('cert.key'),
    file('request'),
  ];
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl('req', '-x509', ...fresh, '-keyout', caKey, '-out', ca, '-subj', `/CN=${name} authority`, '-days', '2');
  await openssl('req', ...fresh, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
  await writeFile(file('extensions'), `subjectAltName=IP:${address}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  const signed = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', file('extensions')];
  await openssl('x509', '-req', '-in', request, '-out', cert, ...signed);
  return { ca, cert, key };
}
