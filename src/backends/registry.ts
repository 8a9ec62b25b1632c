import type { BackendConfig } from '../config/backend-config.ts';
import type { Backend, BackendOptions } from './backend.ts';
import { OpenAiBackend } from './openai.ts';

/** Makes the backend of a configuration. Every type so far speaks OpenAI's dialect; another one is a line here. */
export function createBackend(config: BackendConfig, options: BackendOptions): Backend {
  return new OpenAiBackend(config, options);
}
