import { TransportError, type TransportFailure } from './transport.ts';

const failures: Readonly<Record<string, readonly [TransportFailure, string]>> = {
  ECONNREFUSED: ['refused', 'connection refused'],
  EHOSTUNREACH: ['refused', 'host unreachable'],
  ENETUNREACH: ['refused', 'network unreachable'],
  EADDRNOTAVAIL: ['refused', 'address not available'],
  ENOTFOUND: ['name-not-found', 'name not found'],
  EAI_AGAIN: ['name-not-found', 'name not found (the resolver did not answer)'],
  ETIMEDOUT: ['connect-timeout', 'no connection in time'],
  UND_ERR_CONNECT_TIMEOUT: ['connect-timeout', 'no connection in time'],
  ECONNRESET: ['cut', 'the connection was cut'],
  EPIPE: ['cut', 'the connection was cut'],
  UND_ERR_SOCKET: ['cut', 'the connection was cut'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['cut', 'the answer was shorter or longer than announced'],
  UND_ERR_HEADERS_OVERFLOW: ['protocol', 'the answer has too large headers'],
};

/** What an error of a socket, of TLS or of undici means. */
export function toTransportError(
  error: Error & { code?: string; errors?: Error[] },
  timeoutMs: number,
): TransportError {
  if (error instanceof TransportError) return error;
  // A name with several addresses fails with one error per address; the first says enough.
  const first = error.errors?.[0] as (Error & { code?: string }) | undefined;
  const code = error.code ?? first?.code ?? '';
  const known = failures[code];
  if (known) return new TransportError(known[0], known[1], error);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return new TransportError('timeout', `no answer in ${timeoutMs / 1000} s`, error);
  }
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|UNABLE_TO|SELF_SIGNED|EPROTO|HOSTNAME)/.test(code)) {
    return new TransportError('tls', `TLS: ${code}`, error);
  }
  if (code.startsWith('HPE_')) return new TransportError('protocol', `the answer is no HTTP (${code})`, error);
  return new TransportError('cut', error.message || code || 'the connection failed', error);
}
