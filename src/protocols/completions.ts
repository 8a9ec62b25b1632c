import type { Protocol } from '../types/protocol.ts';

export const completions: Protocol = {
  name: 'completions',
  path: '/completions',
  kind: 'completions',
  promptField: 'prompt',
  generates: true,
};
