import type { Protocol } from '../types/protocol.ts';

export const embeddings: Protocol = {
  name: 'embeddings',
  path: '/embeddings',
  kind: 'embeddings',
  promptField: 'input',
  generates: false,
};
