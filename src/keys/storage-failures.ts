import { GatewayError } from '../gateway-error.ts';
import { StorageError } from '../storage/storage-error.ts';

/** What a client is told of a storage's error; anything else comes out as it went in. */
export function toGatewayError(error: unknown): unknown {
  if (!(error instanceof StorageError)) return error;
  const options = { cause: error };
  if (error.code === 'conflict') {
    const version = error.version ?? null;
    const message = `it was changed meanwhile${error.version === undefined ? '' : ` and is at version ${error.version} now`}; read it again and repeat the change`;
    return new GatewayError('conflict', message, { ...options, detail: { version }, param: 'version' });
  }
  if (error.code === 'taken') {
    return new GatewayError('conflict', 'the name is used by another key; choose another', {
      ...options,
      param: 'name',
    });
  }
  if (error.code === 'missing') return new GatewayError('not_found', 'it does not exist any more', options);
  if (error.code === 'refused') return new GatewayError('invalid_request', 'the storage does not take this', options);
  const message = 'the storage cannot be reached now, so that no keys can be changed; try again';
  return new GatewayError('backend_unavailable', message, { ...options, retryAfterMs: 1000 });
}
