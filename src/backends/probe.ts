import type { BackendConfig, Credential } from '../config/backend-config.ts';
import { type Backend, UpstreamFailure } from './backend.ts';
import { configuredKey } from './configured-key.ts';
import { TransportError } from './transport.ts';

const probeTimeoutMs = 2000;
const noAnswer = 'unreachable (no answer in 2 s)';

/** How a backend looks from here: asked for its list of models with its key, which costs nothing. */
export async function probe(backend: Backend): Promise<string> {
  if (configuredKey(backend.config) === undefined) return 'not configured';
  let timer: NodeJS.Timeout | undefined;
  // A grant of a token, where one is needed, has a longer time limit of its own.
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, probeTimeoutMs, noAnswer);
  });
  return Promise.race([ask(backend), late]).finally(() => clearTimeout(timer));
}

async function ask(backend: Backend): Promise<string> {
  try {
    const models = await backend.listModels(probeTimeoutMs);
    return `reachable, ${models.length} ${models.length === 1 ? 'model' : 'models'}`;
  } catch (failure) {
    if (!(failure instanceof UpstreamFailure)) throw failure;
    return describe(failure);
  }
}

function describe(failure: UpstreamFailure): string {
  const { error, retry } = failure;
  if (retry === 'loading') return 'loading model';
  if (error.code === 'upstream_auth_failed')
    return `key refused (${/answered (401|403)/.exec(error.message)?.[1] ?? 'no token'})`;
  if (error.cause instanceof TransportError) {
    const { failure: kind, message } = error.cause;
    if (kind === 'timeout' || kind === 'connect-timeout') return noAnswer;
    return `unreachable (${kind === 'refused' || kind === 'name-not-found' ? message : `${kind}: ${message}`})`;
  }
  if (error.code === 'upstream_unreachable') return 'unreachable (no token)';
  // It answers, only not with a list of models, which not every server has.
  return 'reachable';
}

/** Where a backend's keys come from, each with at most its last four characters. */
export function describeKey({ keys, credential }: BackendConfig): string {
  if (keys.length > 1) return `keys from ${keys.map((key) => describeSource(key.credential)).join(', ')}`;
  if (credential.kind === 'none') return 'key none';
  return `${credential.kind === 'oauth' ? 'token' : 'key'} from ${describeSource(credential)}`;
}

function describeSource(credential: Credential): string {
  if (credential.kind === 'none') return 'none';
  if (credential.kind === 'oauth') return credential.source;
  if (credential.secret === undefined) return `${credential.source}: not set`;
  const hint = credential.secret.hint();
  return `${credential.source}${hint ? ` (${hint})` : ''}`;
}
